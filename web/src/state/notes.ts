// Short messages at the edge of the page, some with a way back.
import { signal } from '@preact/signals';

export interface Note {
  id: number;
  text: string;
  kind: 'plain' | 'bad';
  action?: { label: string; run: () => void };
}

export const notes = signal<Note[]>([]);
export const undoTimeMs = 10_000;

let lastId = 0;
const ends = new Map<number, () => void>();

function add(note: Omit<Note, 'id'>, timeMs: number, onEnd: () => void = () => {}): number {
  const id = ++lastId;
  notes.value = [...notes.value, { ...note, id }];
  const timer = setTimeout(() => dismiss(id), timeMs);
  ends.set(id, () => {
    clearTimeout(timer);
    onEnd();
  });
  return id;
}

export function dismiss(id: number): void {
  const end = ends.get(id);
  if (!end) return;
  ends.delete(id);
  notes.value = notes.value.filter((note) => note.id !== id);
  end();
}

export function say(text: string): void {
  add({ text, kind: 'plain' }, 5000);
}

export function complain(text: string): void {
  add({ text, kind: 'bad' }, undoTimeMs);
}

// Does `act` unless it is taken back in time; leaving the page does it at once.
export function actUnlessUndone(text: string, undoLabel: string, act: () => void, undo: () => void): void {
  let isUndone = false;
  const flush = () => dismiss(id);
  const id: number = add(
    {
      text,
      kind: 'plain',
      action: {
        label: undoLabel,
        run: () => {
          isUndone = true;
          dismiss(id);
        },
      },
    },
    undoTimeMs,
    () => {
      window.removeEventListener('pagehide', flush);
      if (isUndone) undo();
      else act();
    },
  );
  window.addEventListener('pagehide', flush);
}

// Something was done that can be undone by doing something else.
export function sayWithAction(text: string, label: string, run: () => void): void {
  const id: number = add({ text, kind: 'plain', action: { label, run: () => { dismiss(id); run(); } } }, undoTimeMs);
}
