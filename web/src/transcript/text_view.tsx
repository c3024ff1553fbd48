// The text: follows the sound with an underline that moves, and leads the sound by clicks.
import { effect } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Icon } from '../parts/icon';
import type { Coverage } from '../server/types';
import { texts } from '../texts';
import { gapsBefore } from './coverage';
import type { Match } from './find';
import { Gaps } from './gaps';
import type { Player } from './player';
import { wordAt, type Reading } from './reading';
import { bringIntoView, wordElement } from './scrolling';
import { paragraphsOfBlock, TextBlock } from './text_block';
import './text_view.css';

const retryMs = 200;

interface Properties {
  reading: Reading;
  coverage: Coverage[];
  player: Player;
  matches: Match[];
  matchNow: number;
  isLive: boolean;
  openAt: number | null; // seconds
}

function foundWords(matches: Match[], matchNow: number): Map<number, 'found' | 'found-now'> {
  const found = new Map<number, 'found' | 'found-now'>();
  matches.forEach(({ first, last }, at) => {
    for (let word = first; word <= last; ++word) found.set(word, at === matchNow ? 'found-now' : 'found');
  });
  return found;
}

// Moves the underline to the word that is being said.
function useSpokenWord(player: Player, reading: Reading, isFollowing: { current: boolean }) {
  const text = useRef<HTMLDivElement>(null);
  const underline = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = -2;
    let retry = 0;
    const place = () => {
      clearTimeout(retry);
      const at = wordAt(reading.words, player.time.value);
      const line = underline.current;
      if (!line) return; // the text is being left
      const word = at >= 0 ? wordElement(text.current!, at) : null;
      if (at === shown && word) return;
      shown = word ? at : -2;
      line.hidden = !word;
      if (!word && at >= 0) retry = window.setTimeout(place, retryMs); // its paragraph may be plain text yet
      if (word) {
        const [box, own] = [text.current!.getBoundingClientRect(), word.getBoundingClientRect()];
        line.style.transform = `translate(${own.left - box.left}px, ${own.bottom - box.top - 2}px)`;
        line.style.width = `${own.width}px`;
      }
      if (at >= 0 && isFollowing.current && player.isPlaying.peek()) bringIntoView(text.current!, reading, at, 'follow');
    };
    const stop = effect(place);
    const onResize = () => {
      shown = -2;
      place();
    };
    window.addEventListener('resize', onResize);
    return () => {
      stop();
      clearTimeout(retry);
      window.removeEventListener('resize', onResize);
    };
  }, [reading]);
  return { text, underline };
}

export function TextView({ reading, coverage, player, matches, matchNow, isLive, openAt }: Properties) {
  const [follows, setFollows] = useState(true);
  const isFollowing = useRef(true);
  const { text, underline } = useSpokenWord(player, reading, isFollowing);
  const found = useMemo(() => foundWords(matches, matchNow), [matches, matchNow]);

  const follow = (does: boolean) => {
    isFollowing.current = does;
    setFollows(does);
  };

  useEffect(() => {
    const now = matches[matchNow];
    if (now) {
      follow(false);
      bringIntoView(text.current!, reading, now.first, 'centre');
    }
  }, [matches, matchNow]);

  const isThere = reading.words.length > 0;
  useEffect(() => {
    if (openAt !== null && isThere) bringIntoView(text.current!, reading, Math.max(0, wordAt(reading.words, openAt)), 'centre');
  }, [openAt, isThere]);

  // The reader takes over by scrolling.
  useEffect(() => {
    const onScroll = () => player.isPlaying.peek() && follow(false);
    for (const name of ['wheel', 'touchmove'] as const) window.addEventListener(name, onScroll, { passive: true });
    return () => {
      for (const name of ['wheel', 'touchmove'] as const) window.removeEventListener(name, onScroll);
    };
  }, []);

  const onClick = (event: MouseEvent) => {
    if (getSelection()?.toString()) return; // text is being selected
    const word = (event.target as HTMLElement).closest<HTMLElement>('[data-word]');
    if (!word) return;
    player.seek(reading.words[Number(word.dataset.word)]!.start);
    follow(true);
  };

  const gaps = useMemo(() => gapsBefore(coverage, reading.paragraphs), [coverage, reading]);
  const blocks = useMemo(() => {
    const seek = (time: number) => {
      player.seek(time);
      follow(true);
    };
    const made = [];
    for (let at = 0; at < reading.paragraphs.length; at += paragraphsOfBlock) {
      made.push(<TextBlock key={at} paragraphs={reading.paragraphs.slice(at, at + paragraphsOfBlock)} found={found} gaps={gaps} onSeek={seek} />);
    }
    return made;
  }, [reading, found, gaps]);

  return (
    <div class={`text ${isLive ? 'live' : ''}`} ref={text} onClick={onClick}>
      <div class="spoken" ref={underline} hidden />
      {blocks}
      <Gaps spans={gaps.get(null)} />
      {!follows && player.isPlaying.value && (
        <button type="button" class="button primary follow" onClick={() => { follow(true); bringIntoView(text.current!, reading, wordAt(reading.words, player.time.peek()), 'centre'); }}>
          <Icon name="target" />
          {texts.transcript.follow}
        </button>
      )}
    </div>
  );
}
