// Walks through the words that the engine was not sure of, and plays each.
import { useState } from 'preact/hooks';
import { percent } from '../parts/format';
import { IconButton } from '../parts/icon_button';
import { useKeys } from '../parts/keys';
import { texts } from '../texts';
import './doubt_bar.css';
import type { Player } from './player';
import { wordAt, type Reading } from './reading';
import { bringIntoView, wordElement } from './scrolling';

function mark(index: number): void {
  document.querySelector('.doubt-now')?.classList.remove('doubt-now');
  const text = document.querySelector<HTMLElement>('.text');
  if (text) wordElement(text, index)?.classList.add('doubt-now');
}

interface Properties {
  reading: Reading;
  player: Player;
  onRight: ((word: number) => void) | null; // null: nothing can be changed yet
}

export function DoubtBar({ reading, player, onRight }: Properties) {
  const [place, setPlace] = useState({ reading, now: -1 });
  const { doubts, words } = reading;
  const now = place.reading === reading ? place.now : -1; // of another text it means nothing

  // The first step goes to the doubt next to where the sound is.
  const step = (steps: 1 | -1) => {
    if (doubts.length === 0) return;
    const here = wordAt(words, player.time.value);
    const after = doubts.findIndex((doubt) => doubt > here);
    const first = after < 0 ? 0 : after;
    const to = now >= 0 ? now + steps : steps > 0 ? first : first - 1;
    const next = (to + doubts.length) % doubts.length;
    setPlace({ reading, now: next });
    const index = doubts[next]!;
    const word = words[index]!;
    const text = document.querySelector<HTMLElement>('.text');
    if (text) bringIntoView(text, reading, index, 'centre');
    player.playRange(word.start, word.end);
    setTimeout(() => mark(index), 60); // its paragraph may only be becoming words
  };
  const isRight = () => {
    const index = doubts[now];
    if (index !== undefined) onRight?.(index);
  };
  useKeys({ '[': () => step(-1), ']': () => step(1), y: isRight });

  if (doubts.length === 0) return null;
  const word = now >= 0 ? words[doubts[now]!] : undefined;
  return (
    <div class="doubt-bar">
      <p class="small" role="status">
        {word ? (
          <>
            <strong>{word.text.trim()}</strong> <span class="quiet number">{texts.transcript.certainty(percent(word.probability))}</span>
            <br />
            <span class="quiet number">{texts.transcript.doubtOf(now + 1, doubts.length)}</span>
          </>
        ) : (
          texts.transcript.doubts(doubts.length)
        )}
      </p>
      {word && onRight && <IconButton icon="check" label={`${texts.editor.isRight} ( Y )`} onClick={isRight} />}
      <IconButton icon="left" label={`${texts.transcript.previousDoubt} ( [ )`} onClick={() => step(-1)} />
      <IconButton icon="right" label={`${texts.transcript.nextDoubt} ( ] )`} onClick={() => step(1)} />
    </div>
  );
}
