// Finding within a transcript: matches as ranges of words. Pure.
import type { Word } from './reading';

export interface Match {
  first: number;
  last: number; // words, both included
}

export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

export interface FindIndex {
  text: string;
  ends: number[]; // of each word in `text`
}

export function findIndex(words: readonly Word[]): FindIndex {
  const ends: number[] = [];
  let text = '';
  for (const word of words) {
    text += folded(word.text);
    ends.push(text.length);
  }
  return { text, ends };
}

export function findMatches({ text, ends }: FindIndex, query: string): Match[] {
  const wanted = folded(query.trim()).replace(/\s+/g, ' ');
  if (!wanted) return [];
  const matches: Match[] = [];
  let word = 0;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    while (ends[word]! <= at) ++word;
    const first = word;
    let last = first;
    while (ends[last]! < at + wanted.length) ++last;
    matches.push({ first, last });
  }
  return matches;
}
