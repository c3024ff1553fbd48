// The stream of events: one connection for the whole page. While nobody looks it is closed, since a
// browser has only six to a server, and afterwards goes on where it was.
import { signal } from '@preact/signals';
import { askAgain } from '../sign_in/session';

export type Link = 'connecting' | 'live' | 'lost';
export const link = signal<Link>('connecting');

type Listener = (data: never) => void;

const listeners = new Map<string, Set<Listener>>();
const hiddenPatienceMs = 10_000;
let source: EventSource | null = null;
let lastId = '';
let hiddenTimer = 0;

// Calls `listener` with each event of a type; the result ends that.
export function on<T>(type: string, listener: (data: T) => void): () => void {
  if (!listeners.has(type)) {
    listeners.set(type, new Set());
    if (source) receive(source, type);
  }
  listeners.get(type)!.add(listener);
  return () => listeners.get(type)!.delete(listener);
}

export function connect(): void {
  open();
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = window.setTimeout(close, hiddenPatienceMs);
    else if (!source) open();
  });
}

function open(): void {
  const address = lastId ? `/api/events?last_event_id=${lastId}` : '/api/events';
  source = new EventSource(address);
  source.onopen = () => {
    link.value = 'live';
    tell('open', null);
  };
  source.onerror = () => {
    link.value = 'lost';
    // A browser tries again by itself unless the server refused; then it is asked anew.
    if (source?.readyState === EventSource.CLOSED) {
      close();
      void askAgain();
      setTimeout(() => source ?? open(), 3000);
    }
  };
  for (const type of listeners.keys()) receive(source, type);
}

function close(): void {
  source?.close();
  source = null;
}

function receive(from: EventSource, type: string): void {
  if (type === 'open') return;
  from.addEventListener(type, (event) => {
    const message = event as MessageEvent<string>;
    if (message.lastEventId) lastId = message.lastEventId;
    tell(type, JSON.parse(message.data));
  });
}

function tell(type: string, data: unknown): void {
  for (const listener of listeners.get(type) ?? []) listener(data as never);
}
