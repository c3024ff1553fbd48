// What viewers of subtitles would notice in a cue: too fast to read, too long for the screen, at the same
// time as the one before. Limits as the cue options of the server have them by default. Pure.
import type { Cue } from './cue';

export const readingSpeedMax = 20; // columns a second
export const lineLengthMax = 42; // columns
export const linesMax = 2;

const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const simple = /^[\u0020-\u02ff]*$/;

// As a screen counts: a wide East Asian character or an emoji is two.
export function columns(text: string): number {
  if (simple.test(text)) return text.length;
  let count = 0;
  for (const { segment } of segmenter.segment(text)) count += wide.test(segment) ? 2 : 1;
  return count;
}

export function readingSpeed(cue: Cue): number {
  return columns(cue.text) / Math.max(0.001, cue.end - cue.start);
}

export interface Check {
  kind: 'fast' | 'long' | 'overlap';
  value: number; // columns a second, columns, seconds
}

export function checksOf(cue: Cue, previousEnd: number): Check[] {
  const checks: Check[] = [];
  if (cue.start < previousEnd - 0.001) checks.push({ kind: 'overlap', value: previousEnd - cue.start });
  const speed = readingSpeed(cue);
  if (speed > readingSpeedMax) checks.push({ kind: 'fast', value: speed });
  const length = columns(cue.text);
  if (length > lineLengthMax * linesMax) checks.push({ kind: 'long', value: length });
  return checks;
}
