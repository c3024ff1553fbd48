// Times for the words of a text that was changed: words that stayed keep theirs, new ones share the time
// between their neighbours by length, and are certain, since a person wrote them. Pure.
import type { Word } from '../transcript/reading';

const isSpace = (letter: string | undefined) => letter === undefined || /\s/.test(letter);

function commonStart(one: string, other: string): number {
  let at = 0;
  while (at < one.length && at < other.length && one[at] === other[at]) ++at;
  return at;
}

function commonEnd(one: string, other: string, most: number): number {
  let length = 0;
  while (length < most && one[one.length - 1 - length] === other[other.length - 1 - length]) ++length;
  return length;
}

export function retimed(words: readonly Word[], text: string, start: number, end: number): Word[] {
  const before = words.map((word) => word.text).join('').trimStart();
  const space = /^\s/.test(words[0]?.text ?? ' ') ? ' ' : '';
  const same = commonStart(before, text);
  const sameEnd = commonEnd(before, text, Math.min(before.length, text.length) - same);

  // Whole words from the front, then whole words from the back.
  let first = 0;
  let at = 0; // in both texts
  for (; first < words.length; ++first) {
    const next = at + words[first]!.text.length - (first === 0 ? space.length : 0);
    const hasBorder = next < same || isSpace(text[next]) || !isSpace(words[first + 1]?.text[0] ?? ' '); // in scripts without spaces, everywhere
    if (next > same || !hasBorder) break;
    at = next;
  }
  let last = words.length;
  let back = before.length; // in the text before
  while (last > first) {
    const word = words[last - 1]!.text;
    const next = back - word.length + (last === 1 ? space.length : 0);
    const from = text.length - (before.length - next);
    if (next < before.length - sameEnd || from < at || !(/^\s/.test(word) || next > before.length - sameEnd || from === 0)) break;
    --last;
    back = next;
  }

  const middle = text.slice(at, text.length - (before.length - back));
  const fresh = shared(middle, words[first - 1]?.end ?? start, words[last]?.start ?? end);
  const all = [...words.slice(0, first), ...fresh, ...words.slice(last)];
  return all.map((word, index) => (index === 0 ? { ...word, text: space + word.text.trimStart() } : word));
}

function shared(text: string, start: number, end: number): Word[] {
  const pieces = text.match(/\s*\S+/g) ?? [];
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const span = Math.max(0, end - start);
  let done = 0;
  return pieces.map((piece) => {
    const from = start + (span * done) / length;
    done += piece.length;
    return { text: piece, start: from, end: start + (span * done) / length, probability: 1 };
  });
}
