// Finds in the text of the cues, and puts something else there: one place, or all.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { IconButton } from '../parts/icon_button';
import { say } from '../state/notes';
import { texts } from '../texts';
import './replace_bar.css';
import type { Writer } from './writer';

export function ReplaceBar({ writer, asks, onClose }: { writer: Writer; asks: number; onClose: () => void }) {
  const [by, setBy] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const words = texts.editor;
  const count = writer.found.value.length;
  const query = writer.query.value ?? '';
  useLayoutEffect(() => input.current?.select(), [asks]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter' && event.currentTarget === input.current) writer.stepFound(event.shiftKey ? -1 : 1);
    else if (event.key === 'Enter') writer.replaceOne(by);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onQuery = (text: string) => {
    writer.query.value = text;
    writer.foundNow.value = Math.max(0, writer.found.value.findIndex((place) => place.cue >= writer.at.value));
    writer.showFound();
  };
  const replaceAll = () => {
    const done = writer.replaceAll(by);
    if (done) say(words.replaced(done));
  };
  return (
    <div class="replace-bar" role="search">
      <div class="replace-line">
        <input ref={input} class="input" type="search" value={query} aria-label={words.find} placeholder={words.find} spellcheck={false} autocomplete="off" onInput={(event) => onQuery(event.currentTarget.value)} onKeyDown={onKeyDown} />
        <span class="number small quiet find-count" role="status">
          {query.trim() && texts.transcript.matches(count ? writer.foundNow.value + 1 : 0, count)}
        </span>
        <IconButton icon="case" label={words.caseExact} isPressed={writer.isCaseExact.value} onClick={() => (writer.isCaseExact.value = !writer.isCaseExact.value)} />
        <IconButton icon="up" label={texts.transcript.previous} isDisabled={count === 0} onClick={() => writer.stepFound(-1)} />
        <IconButton icon="down" label={texts.transcript.next} isDisabled={count === 0} onClick={() => writer.stepFound(1)} />
        <IconButton icon="close" label={texts.close} onClick={onClose} />
      </div>
      <div class="replace-line">
        <input class="input" value={by} aria-label={words.replaceBy} placeholder={words.replaceBy} autocomplete="off" onInput={(event) => setBy(event.currentTarget.value)} onKeyDown={onKeyDown} />
        <button type="button" class="button small" disabled={count === 0} onClick={() => writer.replaceOne(by)}>
          {words.replace}
        </button>
        <button type="button" class="button small" disabled={count === 0} onClick={replaceAll}>
          {words.replaceAll}
        </button>
      </div>
    </div>
  );
}
