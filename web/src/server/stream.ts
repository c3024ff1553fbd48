// A stream of events of its own address that goes on after whatever ended it: browsers themselves only try
// again after a cut, not after an answer that was none, as of a server that is just starting.
import { askAgain } from '../sign_in/session';

export interface Stream {
  receive: (type: string) => void; // from now on also events of this type
  close: () => void;
}

interface Options {
  address: () => string; // asked for each time
  types: readonly string[];
  onEvent: (type: string, data: unknown, id: string) => void;
  onOpen?: () => void;
  onLost?: () => void;
}

const againMs = 3000;

export function openStream({ address, types, onEvent, onOpen, onLost }: Options): Stream {
  const wanted = new Set(types);
  let source: EventSource | null = null;
  let timer = 0;

  const listen = (type: string) =>
    source?.addEventListener(type, (event) => {
      const { data, lastEventId } = event as MessageEvent<string>;
      onEvent(type, JSON.parse(data), lastEventId);
    });
  const open = () => {
    source = new EventSource(address());
    source.onopen = () => onOpen?.();
    source.onerror = () => {
      onLost?.();
      if (source?.readyState !== EventSource.CLOSED) return;
      void askAgain();
      timer = window.setTimeout(open, againMs);
    };
    wanted.forEach(listen);
  };
  open();
  return {
    receive: (type) => {
      if (wanted.has(type)) return;
      wanted.add(type);
      listen(type);
    },
    close: () => {
      clearTimeout(timer);
      source?.close();
    },
  };
}
