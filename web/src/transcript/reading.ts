// A transcript as it is read: words in paragraphs. Pure.
import type { SegmentEvent } from '../server/types';

export interface Word {
  text: string; // with the space before it, where the language has one
  start: number;
  end: number;
  probability: number;
  isConfirmed?: boolean; // a person said that it is right, and the server may not know yet
}

export interface Paragraph {
  first: number; // index of its first word
  words: Word[];
  start: number;
  end: number;
}

export interface Reading {
  words: Word[];
  paragraphs: Paragraph[];
  doubts: number[]; // indices of words
}

export interface Segment {
  words: readonly Word[];
}

const doubtBelow = 0.33;
const pauseOfParagraph = 2.5; // seconds
const wordsOfParagraph = 60; // then the next end of a sentence ends it
const wordsAtMost = 140;

export function isDoubtful(word: Word): boolean {
  return word.probability < doubtBelow && /[\p{L}\p{N}]/u.test(word.text);
}

// Without times of words, they are spread over the segment.
export function segmentOfEvent(event: SegmentEvent): Segment {
  if (event.words?.length) {
    const hasSpaces = /\s/.test(event.text.trim());
    return { words: event.words.map(({ word, start, end, probability }) => ({ text: hasSpaces ? ` ${word.trim()}` : word, start, end, probability })) };
  }
  const pieces = event.text.match(/\s*\S+/g) ?? [];
  const step = (event.end - event.start) / Math.max(1, pieces.length);
  return { words: pieces.map((text, at) => ({ text, start: event.start + at * step, end: event.start + (at + 1) * step, probability: 1 })) };
}

export function readingOf(segments: readonly Segment[]): Reading {
  const words = segments.flatMap((segment) => segment.words);
  const paragraphs: Paragraph[] = [];
  let first = 0;
  words.forEach((word, at) => {
    const length = at - first + 1;
    const next = words[at + 1];
    const isSentenceEnd = /[.!?…。！？]["'”’)]*$/.test(word.text);
    const ends = !next || next.start - word.end >= pauseOfParagraph || (length >= wordsOfParagraph && isSentenceEnd) || length >= wordsAtMost;
    if (!ends) return;
    const own = words.slice(first, at + 1);
    paragraphs.push({ first, words: own, start: own[0]!.start, end: word.end });
    first = at + 1;
  });
  const doubts = words.flatMap((word, at) => (isDoubtful(word) ? [at] : []));
  return { words, paragraphs, doubts };
}

// The last word that has begun at a time; -1: none yet.
export function wordAt(words: readonly { start: number }[], time: number): number {
  let [low, high] = [0, words.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]!.start <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function paragraphText(paragraph: Paragraph): string {
  return paragraph.words.map((word) => word.text).join('').trim();
}
