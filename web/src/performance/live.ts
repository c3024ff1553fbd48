// The machine's values as they come, once a second, and what was before.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, sentence } from '../server/client';
import type { Applied, History, Performance, Recommendation } from '../server/types';

// Names as in GET /api/performance/history; `time` is in Unix seconds.
export type Sample = Record<string, number | null>;

export const keptSeconds = 60;

export const samples = signal<readonly Sample[]>([]);
export const status = signal<Performance | null>(null);
export const recommendations = signal<Recommendation[] | null>(null);
export const applied = signal<Applied[]>([]);
export const statusError = signal('');

const statusEveryMs = 10_000;

export async function loadStatus(): Promise<void> {
  try {
    const [now, advice] = await Promise.all([
      get<Performance>('/api/performance'),
      get<{ recommendations: Recommendation[]; applied: Applied[] }>('/api/performance/optimization'),
    ]);
    status.value = now;
    recommendations.value = advice.recommendations;
    applied.value = advice.applied;
    statusError.value = '';
  } catch (error) {
    statusError.value = sentence(error);
  }
}

async function loadLastMinute(): Promise<void> {
  const from = Math.floor(Date.now() / 1000) - keptSeconds;
  const { times, series } = await get<History>(`/api/performance/history?from=${from}&step=1s`);
  const past = times.map((time, at): Sample => {
    const means = Object.entries(series).map(([name, { mean }]) => [name, mean[at] ?? null]);
    return { time, ...Object.fromEntries(means) };
  });
  const [first] = samples.value;
  samples.value = [...past.filter((one) => !first || one.time! < first.time!), ...samples.value].slice(-keptSeconds);
}

function open(): EventSource {
  const source = new EventSource('/api/events?performance=true');
  source.addEventListener('performance', (event) => {
    const sample: Sample = JSON.parse((event as MessageEvent<string>).data);
    samples.value = [...samples.value.slice(-keptSeconds + 1), sample];
  });
  samples.value = [];
  void loadStatus();
  loadLastMinute().catch(() => {}); // it fills by itself
  return source;
}

// While a part of the page shows them, and somebody looks.
export function useLive(): void {
  useEffect(() => {
    let source: EventSource | null = null;
    const follow = () => {
      if (document.hidden) source?.close();
      source = document.hidden ? null : (source ?? open());
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    const timer = setInterval(() => document.hidden || void loadStatus(), statusEveryMs);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      clearInterval(timer);
      source?.close();
    };
  }, []);
}
