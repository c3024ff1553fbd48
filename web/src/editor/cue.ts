// A segment as the editor has it, and as the server sends and takes it. Pure.
import type { EventWord, SegmentData, SegmentWish, Transcript } from '../server/types';
import type { Word } from '../transcript/reading';

export interface Cue {
  readonly key: number; // stays while it is the same cue for a person, whatever changes in it
  readonly start: number;
  readonly end: number;
  readonly text: string; // as a person sees it: without outer spaces
  readonly words: readonly Word[];
  readonly isGuess: boolean; // times of words were guessed here: the server finds better ones
}

let lastKey = 0;
export const nextKey = (): number => ++lastKey;
export const lastKeyNow = (): number => lastKey;

// Keys up to this one are taken: by cues that were kept.
export function skipKeys(to: number): void {
  lastKey = Math.max(lastKey, to);
}

const sameTime = 0.0006; // the server keeps samples and tells milliseconds

export function isSameTime(one: number, other: number): boolean {
  return Math.abs(one - other) < sameTime;
}

export function isSameContent(one: Cue, other: Cue): boolean {
  return one === other || (one.text === other.text && isSameTime(one.start, other.start) && isSameTime(one.end, other.end) && isSameCertainty(one, other));
}

// Only what a person changes: a word that was confirmed.
function isSameCertainty(one: Cue, other: Cue): boolean {
  if (one.isGuess || other.isGuess || one.words.length !== other.words.length) return true;
  return one.words.every((word, at) => Math.abs(word.probability - other.words[at]!.probability) < 0.001);
}

// Line ends and runs of spaces mean nothing in a cue: lines are made anew for each format.
export function plain(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

function spread(text: string, start: number, end: number): Word[] {
  const pieces = text.match(/\s*\S+/g) ?? [];
  const step = (end - start) / Math.max(1, pieces.length);
  return pieces.map((piece, at) => ({ text: at ? piece : ` ${piece}`, start: start + at * step, end: start + (at + 1) * step, probability: 1 }));
}

// Words with the spaces that the text has before them; none if they are not those of the text.
function spaced(text: string, words: readonly Word[]): Word[] | null {
  let at = 0;
  const found: Word[] = [];
  for (const word of words) {
    const bare = word.text.trim();
    const from = text.indexOf(bare, at);
    if (from < 0 || text.slice(at, from).trim()) return null;
    const space = at ? text.slice(at, from) : /^\s/.test(word.text) || /\s/.test(text) ? ' ' : '';
    found.push({ ...word, text: space + bare });
    at = from + bare.length;
  }
  return text.slice(at).trim() ? null : found;
}

export function cueOf(key: number, segment: { start: number; end: number; text: string }, words: readonly Word[] | undefined): Cue {
  const { start, end } = segment;
  const text = plain(segment.text);
  const own = words && spaced(text, words);
  return { key, start, end, text, words: own ?? spread(text, start, end), isGuess: !own };
}

export function cuesOfTranscript(transcript: Transcript): Cue[] {
  return transcript.segments.map((segment) => cueOf(nextKey(), segment, segment.word_data.map(([text, start, end, probability]) => ({ text, start, end, probability }))));
}

export function cueOfSegment(key: number, segment: SegmentData | SegmentWish): Cue {
  return cueOf(key, segment, segment.words?.map(({ word, ...others }) => ({ text: word, ...others })));
}

// The server takes words that follow each other within their segment.
function wordsInOrder({ start, end, words }: Cue): EventWord[] {
  let done = start;
  return words.map(({ text, probability, ...word }) => {
    const from = Math.min(Math.max(word.start, done), end);
    done = Math.min(Math.max(word.end, from), end);
    return { word: text, start: from, end: done, probability };
  });
}

export function wishOf(cue: Cue): SegmentWish {
  const { start, end, text } = cue;
  return cue.isGuess ? { start, end, text } : { start, end, text, words: wordsInOrder(cue) };
}

// Where each word stands in the text.
export function placesOf(words: readonly Word[]): { from: number; to: number }[] {
  let to = 0;
  return words.map(({ text }, at) => {
    const from = to + (at ? text.length - text.trimStart().length : 0);
    to = from + text.trim().length;
    return { from, to };
  });
}

// The cue at a time, else the last before it; 0 if there is none.
export function cueAt(cues: readonly Cue[], time: number): number {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cues[middle]!.start <= time) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
