// What became of each part of a recording: speech, none, uncertain, not read; and what was heard again. Pure.
import type { Coverage } from '../server/types';

export interface Span {
  start: number;
  end: number;
}

export interface State {
  status: Coverage['status'];
  isRetried: boolean;
}

// Neighbours that lie closer to each other than `nearest` become one.
export function mergedSpans(coverage: readonly Coverage[], nearest: number): Coverage[] {
  const merged: Coverage[] = [];
  for (const span of coverage) {
    const last = merged.at(-1);
    if (last && last.status === span.status && span.start - last.end < nearest) last.end = span.end;
    else merged.push({ ...span });
  }
  return merged;
}

const holds = (span: Span, time: number) => span.start <= time && time < span.end;

// At a time; null where nothing is known yet.
export function stateAt(coverage: readonly Coverage[], retried: readonly Span[], time: number): State | null {
  const span = coverage.find((one) => holds(one, time)) ?? (coverage.at(-1)?.end === time ? coverage.at(-1) : undefined);
  return span ? { status: span.status, isRetried: retried.some((one) => holds(one, time)) } : null;
}

// How many seconds have each state, in the order in which they first come.
export function secondsOf(coverage: readonly Coverage[]): [Coverage['status'], number][] {
  const seconds = new Map<Coverage['status'], number>();
  for (const { status, start, end } of coverage) seconds.set(status, (seconds.get(status) ?? 0) + end - start);
  return [...seconds];
}

// Parts that could not be read, by the first word of the paragraph that follows; after the last one by null.
export function gapsBefore(coverage: readonly Coverage[], paragraphs: readonly { first: number; start: number }[]): Map<number | null, Coverage[]> {
  const gaps = new Map<number | null, Coverage[]>();
  for (const span of coverage) {
    if (span.status !== 'failed') continue;
    const next = paragraphs.find((one) => one.start >= span.start)?.first ?? null;
    gaps.set(next, [...(gaps.get(next) ?? []), span]);
  }
  return gaps;
}
