// The search of all transcripts: results as one types.
import { useEffect, useRef } from 'preact/hooks';
import { go, replace, route } from '../state/route';
import { texts } from '../texts';
import { Icon } from './icon';
import { useKeys } from './keys';

const pauseMs = 200;

export function SearchField() {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef(0);
  const { place, query } = route.value;

  // In a transcript the key belongs to finding there.
  useKeys(place === 'transcript' ? {} : { '/': () => input.current?.focus() });

  useEffect(() => {
    if (input.current && document.activeElement !== input.current) input.current.value = place === 'search' ? (query.get('q') ?? '') : '';
  }, [place, query]);

  const search = () => {
    const wanted = input.current?.value.trim() ?? '';
    const address = wanted ? `#/search?q=${encodeURIComponent(wanted)}` : '#/search';
    if (route.value.place === 'search') replace(address);
    else if (wanted) go(address);
  };
  const onInput = () => {
    clearTimeout(timer.current);
    // Whoever has gone on meanwhile is left alone.
    timer.current = window.setTimeout(() => document.activeElement === input.current && search(), pauseMs);
  };

  return (
    <form class="search-field" role="search" onSubmit={(event) => { event.preventDefault(); clearTimeout(timer.current); search(); }}>
      <Icon name="search" />
      <input ref={input} class="input" type="search" aria-label={texts.search.label} placeholder={texts.search.placeholder} autocomplete="off" spellcheck={false} onInput={onInput} onKeyDown={(event) => event.key === 'Escape' && input.current?.blur()} />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}
