// One chart for each question.
import { useMemo } from 'preact/hooks';
import { bytes, percent, times as factor } from '../parts/format';
import type { History } from '../server/types';
import { texts } from '../texts';
import { Chart, type Series } from './chart';
import { columnsOf, isDrawable, smoothed, stackedStages, total as sumOf, type Columns } from './columns';

const words = texts.performance;

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
      ...(sumOf(columns, 'pressure_level') > 0 ? [{ label: words.series.pressure, colour: 'bad', values: columns.of('pressure_level') }] : []),
    ],
    stages: stackedStages(columns, step),
  } satisfies Record<string, Series[]>;
}

const whole = (value: number) => String(Math.round(value * 10) / 10);

export function Charts({ history, total }: { history: History; total: number }) {
  const series = useMemo(() => seriesOf(columnsOf(history), total, history.step), [history, total]);
  if (!isDrawable(history)) return <p class="quiet charts-none">{words.noData}</p>;
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
