// Keys for the whole page. They rest while something is typed or a menu or dialog is open.
import { useEffect, useRef } from 'preact/hooks';

export type Keys = Record<string, () => void>;

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.('input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable], [role=menu], dialog[open]');
}

// A button does by itself what Space and Enter mean there.
function isPressing(event: KeyboardEvent): boolean {
  return (event.key === ' ' || event.key === 'Enter') && !!(event.target as HTMLElement).closest?.('button, a, summary, input');
}

export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys; // what is on the screen is what keys mean
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || isPressing(event)) return;
      const run = latest.current[event.key] ?? latest.current[event.key.toLowerCase()];
      if (!run) return;
      event.preventDefault();
      run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
