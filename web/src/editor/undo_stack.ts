// What was done and can be undone. Typing within one cue is one entry until the writer pauses. Pure.
import type { Step } from './operations';

export type Deed = 'text' | 'split' | 'merge' | 'remove' | 'times' | 'shift' | 'replace' | 'confirm';

export interface Place {
  key: number; // of a cue
  caret: number | null; // in its text; null: the cue as such
}

export interface Entry {
  id: number; // of this transcript and tab
  deed: Deed;
  steps: readonly Step[];
  before: Place | null;
  after: Place | null;
  time: number; // ms
}

export interface UndoStack {
  done: readonly Entry[];
  undone: readonly Entry[];
}

export const emptyStack: UndoStack = { done: [], undone: [] };

const pauseMs = 1000;
const entriesMax = 1000;

// Typing goes on where the newest entry has ended.
function isContinued(last: Entry | undefined, entry: Entry): last is Entry {
  if (last?.deed !== 'text' || entry.deed !== 'text' || entry.time - last.time > pauseMs) return false;
  return last.steps.length === 1 && entry.steps.length === 1 && last.steps[0]!.after[0]?.key === entry.steps[0]!.before[0]?.key;
}

export function pushed(stack: UndoStack, entry: Entry): UndoStack {
  const last = stack.done.at(-1);
  if (!isContinued(last, entry)) return { done: [...stack.done.slice(-entriesMax + 1), entry], undone: [] };
  const step = { ...last.steps[0]!, after: entry.steps[0]!.after };
  return { done: [...stack.done.slice(0, -1), { ...entry, steps: [step], before: last.before }], undone: [] };
}

export function undone(stack: UndoStack): UndoStack {
  const last = stack.done.at(-1);
  return last ? { done: stack.done.slice(0, -1), undone: [...stack.undone, last] } : stack;
}

export function redone(stack: UndoStack): UndoStack {
  const last = stack.undone.at(-1);
  return last ? { done: [...stack.done, last], undone: stack.undone.slice(0, -1) } : stack;
}
