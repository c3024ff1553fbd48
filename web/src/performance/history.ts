// The past, for the charts.
import { useEffect, useState } from 'preact/hooks';
import { get, sentence } from '../server/client';
import type { Column, History } from '../server/types';
import { samples } from './live';

export const ranges = { quarter: 899, day: 86_400, week: 7 * 86_400, month: 30 * 86_400, year: 365 * 86_400 } as const;
export type Range = keyof typeof ranges;

// The mean of each series.
export interface Columns {
  times: number[];
  of: (name: string) => Column;
  names: string[];
}

export function columnsOf(history: History): Columns {
  const none = history.times.map(() => null);
  return {
    times: history.times,
    of: (name) => history.series[name]?.mean ?? none,
    names: Object.keys(history.series),
  };
}

// One more point at the end; what is older than the range goes.
export function extended(history: History, sample: Record<string, number | null>, span: number): History {
  const time = sample.time!;
  if (history.times.length && time <= history.times.at(-1)!) return history;
  const first = history.times.findIndex((one) => one > time - span);
  const from = first < 0 ? history.times.length : first;
  const names = new Set([...Object.keys(history.series), ...Object.keys(sample)]);
  names.delete('time');
  const series: History['series'] = {};
  for (const name of names) {
    const before = history.series[name]?.mean ?? history.times.map(() => null);
    series[name] = { mean: [...before.slice(from), sample[name] ?? null] };
  }
  return { step: history.step, times: [...history.times.slice(from), time], series };
}

export function useHistory(range: Range): { history: History | null; error: string } {
  const [history, setHistory] = useState<History | null>(null);
  const [error, setError] = useState('');
  const span = ranges[range];

  useEffect(() => {
    let isGone = false;
    const load = async () => {
      const from = Math.floor(Date.now() / 1000) - span;
      try {
        const step = range === 'quarter' ? '&step=1s' : '';
        const loaded = await get<History>(`/api/performance/history?from=${from}${step}`);
        if (!isGone) setHistory(loaded);
        setError('');
      } catch (problem) {
        setError(sentence(problem));
      }
    };
    setHistory(null);
    void load();
    if (range === 'quarter') return () => { isGone = true; };
    const timer = setInterval(() => document.hidden || void load(), 60_000);
    return () => {
      isGone = true;
      clearInterval(timer);
    };
  }, [range]);

  // The newest quarter of an hour grows with each second.
  const newest = samples.value.at(-1);
  useEffect(() => {
    if (range === 'quarter' && newest?.time) setHistory((before) => before && extended(before, newest, span));
  }, [newest]);

  return { history, error };
}
