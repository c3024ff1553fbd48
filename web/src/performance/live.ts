// The machine's values as they come, once a second or some seconds together, and what was before.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, sentence } from '../server/client';
import { openStream, type Stream } from '../server/stream';
import type { Applied, History, Performance, Recommendation } from '../server/types';

// Names as in GET /api/performance/history; `time` is in Unix seconds.
export type Sample = Record<string, number | null>;

export const keptSeconds = 60;
const idleSeconds = 10; // how long a machine without work is shown as it was: showing it costs more than it does

export const samples = signal<readonly Sample[]>([]);
export const status = signal<Performance | null>(null);
export const recommendations = signal<Recommendation[] | null>(null);
export const applied = signal<Applied[]>([]);
export const statusError = signal('');
export const reopened = signal(0); // how often the stream came back, after a cut or while nobody looked

const statusEveryMs = 30_000; // what changes faster comes with the stream

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

// What was before now: also of the time without a stream.
function fill(): void {
  samples.value = [];
  void loadStatus();
  loadLastMinute().catch(() => {}); // it fills by itself
}

function open(): Stream {
  let isFirst = true;
  let arrived: Sample[] = [];
  let frame = 0;
  const show = () => {
    samples.value = [...samples.value, ...arrived].slice(-keptSeconds);
    arrived = [];
  };
  fill();
  const stream = openStream({
    address: () => `/api/events?performance=true&idle_every=${idleSeconds}`,
    types: ['performance'],
    onEvent: (_type, event) => {
      if (arrived.push(event as Sample) === 1) frame = requestAnimationFrame(show); // those that came together, once
    },
    onOpen: () => {
      if (!isFirst) {
        fill();
        ++reopened.value;
      }
      isFirst = false;
    },
  });
  const close = () => {
    cancelAnimationFrame(frame);
    stream.close();
  };
  return { ...stream, close };
}

// While a part of the page shows them, and somebody looks.
export function useLive(): void {
  useEffect(() => {
    let stream: Stream | null = null;
    let isAgain = false;
    const follow = () => {
      if (document.hidden) {
        stream?.close();
        stream = null;
      } else if (!stream) {
        stream = open();
        if (isAgain) ++reopened.value;
        isAgain = true;
      }
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    const timer = setInterval(() => document.hidden || void loadStatus(), statusEveryMs);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      clearInterval(timer);
      stream?.close();
    };
  }, []);
}
