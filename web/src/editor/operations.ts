// What a person does to cues. Each gives steps: runs of cues that stand in the place of others. Pure.
import type { Word } from '../transcript/reading';
import { nextKey, placesOf, plain, type Cue } from './cue';
import { retimed } from './retimed';

export interface Step {
  readonly before: readonly Cue[];
  readonly after: readonly Cue[];
  readonly follows: number | null; // the key of the cue before them; null: they begin
}

const shortest = 0.05; // seconds that a cue lasts at least

function stepAt(cues: readonly Cue[], first: number, count: number, after: Cue[]): Step {
  return { before: cues.slice(first, first + count), after, follows: cues[first - 1]?.key ?? null };
}

export function withText(cue: Cue, typed: string): Cue {
  const text = plain(typed);
  return text === cue.text ? cue : { ...cue, text, words: retimed(cue.words, text, cue.start, cue.end), isGuess: true };
}

export function setText(cues: readonly Cue[], at: number, typed: string): Step[] {
  const cue = withText(cues[at]!, typed);
  return cue === cues[at] ? [] : [stepAt(cues, at, 1, [cue])];
}

// How many words end at or before a place in the text, and whether it lies between two words.
function wordsBefore(cue: Cue, caret: number): { count: number; isBorder: boolean } {
  const places = placesOf(cue.words);
  const count = places.findIndex((place) => caret < place.to || caret <= place.from);
  return count < 0 ? { count: places.length, isBorder: true } : { count, isBorder: caret <= places[count]!.from };
}

// Two cues instead of one, in the pause between the words; none where nothing would be left.
export function split(cues: readonly Cue[], at: number, caret: number): Step[] {
  const cue = cues[at]!;
  const [head, tail] = [cue.text.slice(0, caret).trim(), cue.text.slice(caret).trim()];
  if (!head || !tail) return [];
  const { count, isBorder } = wordsBefore(cue, caret);
  const share = cue.start + ((cue.end - cue.start) * head.length) / (head.length + tail.length);
  const within = (time: number) => Math.min(Math.max(time, cue.start + shortest), cue.end - shortest);
  const begin = within(isBorder ? cue.words[count]!.start : share);
  const end = Math.min(begin, within(isBorder ? cue.words[count - 1]!.end : share));
  const halves: [Word[], Word[]] = isBorder
    ? [cue.words.slice(0, count), cue.words.slice(count)]
    : [retimed(cue.words.slice(0, count), head, cue.start, end), retimed(cue.words.slice(count + 1), tail, begin, cue.end)];
  const isGuess = cue.isGuess || !isBorder;
  return [
    stepAt(cues, at, 1, [
      { ...cue, end, text: head, words: clipped(halves[0], cue.start, end), isGuess },
      { key: nextKey(), start: begin, end: cue.end, text: tail, words: clipped(halves[1], begin, cue.end), isGuess },
    ]),
  ];
}

function clipped(words: readonly Word[], start: number, end: number): Word[] {
  const within = (time: number) => Math.min(Math.max(time, start), end);
  return words.map((word) => ({ ...word, start: within(word.start), end: within(word.end) }));
}

// What stands between a text and one that it is put behind: nothing in scripts without spaces.
export function joint(other: Cue): string {
  return /^\s/.test(other.words[0]?.text ?? ' ') ? ' ' : '';
}

// A cue and the one before it become one.
export function mergeWithPrevious(cues: readonly Cue[], at: number): Step[] {
  const [one, other] = [cues[at - 1], cues[at]];
  if (!one || !other) return [];
  const text = one.text + joint(other) + other.text;
  return [stepAt(cues, at - 1, 2, [{ key: one.key, start: one.start, end: other.end, text, words: [...one.words, ...other.words], isGuess: one.isGuess || other.isGuess }])];
}

export function remove(cues: readonly Cue[], at: number): Step[] {
  return [stepAt(cues, at, 1, [])];
}

// The neighbours give way, down to the shortest that a cue can be; no further.
export function setTimes(cues: readonly Cue[], at: number, start: number, end: number, duration: number): Step[] {
  const cue = cues[at]!;
  const [previous, next] = [cues[at - 1], cues[at + 1]];
  const from = Math.max(start, previous ? previous.start + shortest : 0);
  const to = Math.min(end, next ? next.end - shortest : duration);
  if (to - from < shortest || (from === cue.start && to === cue.end)) return [];
  const after: Cue[] = [moved(cue, from, to)];
  let first = at;
  if (previous && previous.end > from) {
    after.unshift(moved(previous, previous.start, from));
    first = at - 1;
  }
  if (next && next.start < to) after.push(moved(next, to, next.end));
  return [stepAt(cues, first, after.length, after)];
}

function moved(cue: Cue, start: number, end: number): Cue {
  return { ...cue, start, end, words: clipped(cue.words, start, end), isGuess: true };
}

// How far cues from one on can be moved: to the one before them, and to the end of the recording.
export function shiftRange(cues: readonly Cue[], from: number, duration: number): [earliest: number, latest: number] {
  return [(cues[from - 1]?.end ?? 0) - cues[from]!.start, Math.max(0, duration - cues.at(-1)!.end)];
}

export function shift(cues: readonly Cue[], from: number, seconds: number): Step[] {
  const after = cues.slice(from).map((cue) => ({
    ...cue,
    start: cue.start + seconds,
    end: cue.end + seconds,
    words: cue.words.map((word) => ({ ...word, start: word.start + seconds, end: word.end + seconds })),
    isGuess: true, // the server moves them by the same
  }));
  return seconds === 0 ? [] : [stepAt(cues, from, after.length, after)];
}

// A doubtful word is right as it stands.
export function confirmWord(cues: readonly Cue[], at: number, word: number): Step[] {
  const cue = cues[at]!;
  const words = cue.words.map((one, index) => (index === word ? { ...one, probability: 1, isConfirmed: true } : one));
  return [stepAt(cues, at, 1, [{ ...cue, words }])];
}
