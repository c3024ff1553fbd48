// One chart for each question.
import { useMemo } from 'preact/hooks';
import { bytes, percent, times as factor } from '../parts/format';
import type { Column, History } from '../server/types';
import { texts } from '../texts';
import { Chart, type Series } from './chart';
import { columnsOf, type Columns } from './history';

const words = texts.performance;

// From the model's point of view the greatest come first, and what is small goes together.
const stageColours = ['accent', 'teal', 'violet', 'attention', 'good', 'speech'];

function totals(columns: Columns, name: string): number {
  return columns.of(name).reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

// Stacked: each series is the sum of itself and those below it, the highest first, so that the lower are drawn over it.
export function stackedStages(columns: Columns): Series[] {
  const names = columns.names
    .filter((name) => name.startsWith('stage_') && !name.includes('waiting') && totals(columns, name) > 0)
    .sort((a, b) => totals(columns, b) - totals(columns, a));
  const sum = columns.times.map(() => 0);
  const shown = names.slice(0, stageColours.length).map((name, at) => {
    columns.of(name).forEach((value, time) => (sum[time]! += value ?? 0));
    return { label: name.slice('stage_'.length).replaceAll('_', ' '), colour: stageColours[at]!, values: [...sum], isFilled: true };
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

function seriesOf(columns: Columns, total: number, step: number) {
  const used = columns.of('memory_available_bytes').map((value) => (value === null ? null : total - value));
  return {
    speed: [{ label: words.series.speed, colour: 'accent', values: smoothed(columns.of('realtime_factor'), step), isFilled: true }],
    memory: [
      { label: words.series.limit, colour: 'bad', values: columns.times.map(() => total), isLimit: true },
      { label: words.series.system, colour: 'secondary', values: used },
      { label: words.series.process, colour: 'accent', values: columns.of('process_memory_bytes'), isFilled: true },
    ],
    workers: [
      { label: words.series.alive, colour: 'secondary', values: columns.of('workers') },
      { label: words.series.busy, colour: 'accent', values: columns.of('workers_busy'), isFilled: true },
      { label: words.series.running, colour: 'good', values: columns.of('jobs_running') },
      { label: words.series.queued, colour: 'attention', values: columns.of('jobs_queued') },
      ...(totals(columns, 'pressure_level') > 0 ? [{ label: words.series.pressure, colour: 'bad', values: columns.of('pressure_level') }] : []),
    ],
    stages: stackedStages(columns),
  } satisfies Record<string, Series[]>;
}

const whole = (value: number) => String(Math.round(value * 10) / 10);

export function Charts({ history, total }: { history: History; total: number }) {
  const series = useMemo(() => seriesOf(columnsOf(history), total, history.step), [history, total]);
  if (history.times.length < 2) return <p class="quiet charts-none">{words.noData}</p>;
  const { times } = history;
  return (
    <>
      <Chart title={words.charts.speed} unit={words.charts.speedUnit} times={times} series={series.speed} format={factor} />
      <Chart title={words.charts.memory} unit={words.charts.memoryUnit} times={times} series={series.memory} format={bytes} />
      <Chart title={words.charts.workers} unit={words.charts.workersUnit} times={times} series={series.workers} format={whole} />
      {series.stages.length > 0 && <Chart title={words.charts.stages} unit={words.charts.stagesUnit} times={times} series={series.stages} format={percent} />}
    </>
  );
}
