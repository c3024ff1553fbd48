// What changes on the server: one stream for the whole page. While nobody looks it is closed, since a
// browser has only six connections to a server, and afterwards goes on where it was.
import { signal } from '@preact/signals';
import { openStream, type Stream } from './stream';

export type Link = 'connecting' | 'live' | 'lost';
export const link = signal<Link>('connecting');

type Listener = (data: never) => void;

const listeners = new Map<string, Set<Listener>>();
const hiddenPatienceMs = 10_000;
let stream: Stream | null = null;
let lastId = '';

// Calls `listener` with each event of a type; the result ends that.
export function on<T>(type: string, listener: (data: T) => void): () => void {
  if (!listeners.has(type)) listeners.set(type, new Set());
  listeners.get(type)!.add(listener);
  if (type !== 'open') stream?.receive(type);
  return () => listeners.get(type)!.delete(listener);
}

export function connect(): void {
  open();
  let timer = 0;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(close, hiddenPatienceMs);
    else if (!stream) open();
  });
}

function open(): void {
  stream = openStream({
    address: () => (lastId ? `/api/events?last_event_id=${lastId}` : '/api/events'),
    types: [...listeners.keys()].filter((type) => type !== 'open'),
    onEvent: (type, data, id) => {
      if (id) lastId = id;
      tell(type, data);
    },
    onOpen: () => {
      link.value = 'live';
      tell('open', null);
    },
    onLost: () => {
      link.value = 'lost';
    },
  });
}

function close(): void {
  stream?.close();
  stream = null;
}

function tell(type: string, data: unknown): void {
  for (const listener of listeners.get(type) ?? []) listener(data as never);
}
