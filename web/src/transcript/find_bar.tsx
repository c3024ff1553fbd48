import { useLayoutEffect, useRef } from 'preact/hooks';
import { IconButton } from '../parts/icon_button';
import { texts } from '../texts';
import './find_bar.css';

interface Properties {
  query: string;
  takesFocus: boolean;
  now: number;
  count: number;
  onQuery: (query: string) => void;
  onStep: (steps: number) => void;
  onClose: () => void;
}

export function FindBar({ query, takesFocus, now, count, onQuery, onStep, onClose }: Properties) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (!takesFocus) return;
    const before = document.activeElement as HTMLElement | null;
    input.current?.select();
    return () => before?.focus?.();
  }, [takesFocus]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') onStep(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape') onClose();
    else return;
    event.preventDefault();
  };
  return (
    <div class="find-bar" role="search">
      <input ref={input} class="input" type="search" value={query} aria-label={texts.transcript.find} placeholder={texts.transcript.find} spellcheck={false} autocomplete="off" onInput={(event) => onQuery(event.currentTarget.value)} onKeyDown={onKeyDown} />
      <span class="number small quiet find-count" role="status">
        {query.trim() && texts.transcript.matches(count ? now + 1 : 0, count)}
      </span>
      <IconButton icon="up" label={texts.transcript.previous} isDisabled={count === 0} onClick={() => onStep(-1)} />
      <IconButton icon="down" label={texts.transcript.next} isDisabled={count === 0} onClick={() => onStep(1)} />
      <IconButton icon="close" label={texts.close} onClick={onClose} />
    </div>
  );
}
