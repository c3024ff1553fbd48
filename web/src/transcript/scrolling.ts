// Bringing words into view, also those whose paragraph is only plain text so far.
import type { Reading } from './reading';

export function wordElement(text: HTMLElement, index: number): HTMLElement | null {
  return text.querySelector(`[data-word="${index}"]`);
}

function paragraphElement(text: HTMLElement, reading: Reading, index: number): HTMLElement | null {
  const paragraph = reading.paragraphs.findLast((one) => one.first <= index);
  return paragraph ? text.querySelector(`[data-paragraph="${paragraph.first}"]`) : null;
}

const isCalm = matchMedia('(prefers-reduced-motion: reduce)');

// Where the reading zone begins and ends: below what is fixed at the top.
function zone(): { top: number; bottom: number } {
  const fixed = document.querySelector('.transcript-side')?.getBoundingClientRect();
  const isAbove = fixed !== undefined && fixed.width > window.innerWidth * 0.8; // one column: the player stays at the top
  return { top: isAbove ? fixed.height : 64, bottom: window.innerHeight };
}

// When what stands at the top of the reading zone was said; null if nothing does.
export function timeInView(text: HTMLElement): number | null {
  const box = text.getBoundingClientRect();
  const { top } = zone();
  if (box.top > top) return null; // its begin is in view
  const there = document.elementFromPoint(box.left + box.width / 2, top + 80)?.closest<HTMLElement>('[data-start]');
  return there ? Number(there.dataset.start) : null;
}

const triesMax = 40;
const tryEveryMs = 50;
let retry = 0;

// `follow` scrolls only if the word is outside the middle; `centre` always puts it there.
export function bringIntoView(text: HTMLElement, reading: Reading, index: number, how: 'follow' | 'centre', tries = triesMax): void {
  clearTimeout(retry);
  const word = wordElement(text, index);
  const target = word ?? paragraphElement(text, reading, index);
  if (!target) return;
  const box = target.getBoundingClientRect();
  const { top, bottom } = zone();
  const height = bottom - top;
  if (how === 'follow' && word && box.top > top + 0.12 * height && box.bottom < top + 0.7 * height) return;
  const goal = window.scrollY + box.top - top - 0.3 * height;
  const isFar = Math.abs(goal - window.scrollY) > 2 * height;
  window.scrollTo({ top: goal, behavior: isCalm.matches || isFar || !word ? 'instant' : 'smooth' });
  // A paragraph that was far away becomes words, and what is above it gets its true height, a moment later.
  if ((isFar || !word) && tries > 0) retry = window.setTimeout(() => bringIntoView(text, reading, index, how, tries - 1), tryEveryMs);
}
