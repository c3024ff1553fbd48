// Where the reader is: the part of the address after "#".
import { signal } from '@preact/signals';

export interface Route {
  place: 'home' | 'transcript' | 'search' | 'performance' | 'settings';
  id: string;
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [first = '', id = ''] = path.split('/');
  const place = (['transcript', 'search', 'performance', 'settings'] as const).find((one) => one === first);
  return { place: place ?? 'home', id, query: new URLSearchParams(query) };
}

export const route = signal(parseRoute(location.hash));

window.addEventListener('hashchange', () => {
  const before = route.value;
  route.value = parseRoute(location.hash);
  if (route.value.place !== before.place || route.value.id !== before.id) window.scrollTo(0, 0);
});

export function go(hash: string): void {
  location.hash = hash;
}

// The same without a new step in the browser's history.
export function replace(hash: string): void {
  history.replaceState(null, '', hash);
  route.value = parseRoute(hash);
}

export function transcriptAddress(job: string, at?: number, query?: string): string {
  const search = new URLSearchParams();
  if (at !== undefined) search.set('at', at.toFixed(2));
  if (query) search.set('q', query);
  const text = search.toString();
  return `#/transcript/${job}${text ? `?${text}` : ''}`;
}
