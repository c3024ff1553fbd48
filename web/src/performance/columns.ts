// The past as columns, and what charts make of them. Pure.
import type { Column, History } from '../server/types';

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

const drawn = /^(realtime_factor|memory_available_bytes|process_memory_bytes|workers|workers_busy|jobs_running|jobs_queued|pressure_level|stage_.*)$/;

// Without the many series that no chart shows.
export function drawnOnly(history: History): History {
  return { ...history, series: Object.fromEntries(Object.entries(history.series).filter(([name]) => drawn.test(name))) };
}

// Two points make a line.
export const isDrawable = (history: History): boolean => history.times.length >= 2;

// More points at the end, once there are `least` seconds of them or none can be drawn yet; what is older than the
// range goes.
export function extended(history: History, samples: readonly Record<string, number | null>[], span: number, least: number): History {
  const newest = history.times.at(-1) ?? -Infinity;
  const fresh = samples.filter((sample) => sample.time! > newest);
  const last = fresh.at(-1);
  if (!last || (isDrawable(history) && last.time! < newest + least)) return history;
  const first = history.times.findIndex((one) => one > last.time! - span);
  const from = first < 0 ? history.times.length : first;
  const names = new Set([...Object.keys(history.series), ...Object.keys(last).filter((name) => drawn.test(name))]);
  const series: History['series'] = {};
  for (const name of names) {
    const before = history.series[name]?.mean ?? history.times.map(() => null);
    series[name] = { mean: [...before.slice(from), ...fresh.map((sample) => sample[name] ?? null)] };
  }
  return { step: history.step, times: [...history.times.slice(from), ...fresh.map((sample) => sample.time!)], series };
}

const stageColours = ['accent', 'teal', 'violet', 'attention', 'good', 'speech'];

export function total(columns: Columns, name: string): number {
  return columns.of(name).reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

export interface Stage {
  label: string;
  colour: string;
  values: Column; // where its line is
  own: Column; // what it took itself
  isFilled: true;
}

// Stacked: each series is the sum of itself and those below it, the highest first, so that the lower are drawn over it.
export function stackedStages(columns: Columns, step: number): Stage[] {
  const names = columns.names
    .filter((name) => name.startsWith('stage_') && !name.includes('waiting') && total(columns, name) > 0)
    .sort((a, b) => total(columns, b) - total(columns, a));
  const sum = columns.times.map(() => 0);
  const shown = names.slice(0, stageColours.length).map((name, at) => {
    const own = smoothed(columns.of(name), step);
    own.forEach((value, time) => (sum[time]! += value ?? 0));
    return { label: name.slice('stage_'.length).replaceAll('_', ' '), colour: stageColours[at]!, values: [...sum], own, isFilled: true as const };
  });
  return shown.reverse();
}

// Windows are finished in bursts: seconds alone would be spikes and gaps.
const smoothedSeconds = 15;

export function smoothed(values: Column, step: number): Column {
  const width = Math.max(1, Math.round(smoothedSeconds / step));
  return values.map((value, at) => {
    if (value === null) return null;
    const known = values.slice(Math.max(0, at - width + 1), at + 1).filter((one) => one !== null);
    return known.reduce((sum, one) => sum + one, 0) / known.length;
  });
}
