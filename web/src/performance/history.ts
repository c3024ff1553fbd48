// The past, for the charts.
import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { get, sentence } from '../server/client';
import type { History } from '../server/types';
import { drawnOnly, extended } from './columns';
import { reopened, samples } from './live';

export const ranges = { quarter: 899, day: 86_400, week: 7 * 86_400, month: 30 * 86_400, year: 365 * 86_400 } as const;
const growSeconds = 8; // some pixels of a quarter of an hour, and less than what an idle machine's values come in

export type Range = keyof typeof ranges;

export function useHistory(range: Range): { history: History | null; error: string } {
  const [history, setHistory] = useState<History | null>(null);
  const [error, setError] = useState('');
  const span = ranges[range];
  const cuts = reopened.value; // each left a gap, which the server can fill

  useEffect(() => setHistory(null), [range]);
  useEffect(() => {
    let isGone = false;
    const load = async () => {
      const from = Math.floor(Date.now() / 1000) - span;
      try {
        const step = range === 'quarter' ? '&step=1s' : '';
        const loaded = await get<History>(`/api/performance/history?from=${from}${step}`);
        if (!isGone) setHistory(drawnOnly(loaded));
        setError('');
      } catch (problem) {
        setError(sentence(problem));
      }
    };
    void load();
    if (range === 'quarter') return () => { isGone = true; };
    const timer = setInterval(() => document.hidden || void load(), 60_000);
    return () => {
      isGone = true;
      clearInterval(timer);
    };
  }, [range, cuts]);

  // The newest quarter of an hour grows by some seconds at a time: each growth draws every chart anew. At once, so
  // that charts and numbers share a frame.
  useEffect(() => {
    if (range !== 'quarter') return;
    return effect(() => {
      const newest = samples.value;
      setHistory((before) => before && extended(before, newest, span, growSeconds));
    });
  }, [range]);

  return { history, error };
}
