// A chart over time with its question as title. Dragging zooms, a double click goes back; the same
// numbers can be read as a table.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Column } from '../server/types';
import { isDark } from '../state/theme';
import { texts } from '../texts';
import './chart.css';

export interface Series {
  label: string;
  colour: string; // a name of tokens.css
  values: Column;
  own?: Column; // what to tell, where the line is a sum
  isFilled?: boolean;
  isLimit?: boolean; // a dashed line
}

interface Properties {
  title: string;
  unit: string;
  times: number[];
  series: Series[];
  format: (value: number) => string;
}

const height = 190;

// Of a token, with as much of it as said on the ground.
function colourOf(name: string, percent = 100): string {
  const probe = document.createElement('span');
  probe.style.color = `color-mix(in srgb, var(--${name}) ${percent}%, var(--ground))`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

// Made once: making one costs more than a whole chart.
const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const minuteFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const secondFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const momentFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'short', timeStyle: 'medium' });
const [minute, day] = [60, 86_400]; // seconds

function timeText(seconds: number, step: number): string {
  return (step >= day ? dayFormat : step >= minute ? minuteFormat : secondFormat).format(seconds * 1000);
}

function numberText(value: number | null | undefined, format: Properties['format']): string {
  return value === null || value === undefined ? '\u2013' : format(value);
}

// Where nobody points, the newest.
function ownValue({ own, values }: Series, at: number | null): number | null | undefined {
  return (own ?? values).at(at ?? -1);
}

function seriesOptions(latest: { current: Properties }): uPlot.Series[] {
  const { series, format } = latest.current;
  return series.map(({ label, colour, isFilled, isLimit }, index) => {
    const stroke = colourOf(colour);
    return {
      label,
      stroke,
      width: isLimit ? 1 : 2,
      dash: isLimit ? [4, 4] : undefined,
      fill: isFilled ? colourOf(colour, 22) : undefined,
      points: { show: false },
      value: (_plot: uPlot, _value: number, _series: number, at: number | null) => numberText(ownValue(latest.current.series[index]!, at), format),
    };
  });
}

function axes(format: Properties['format']): uPlot.Axis[] {
  const line = colourOf('line');
  const common = { stroke: colourOf('secondary'), font: `12px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false } };
  return [
    { ...common, grid: { show: false }, size: 28, space: 80, values: (_plot, splits, _axis, _space, step) => splits.map((split) => timeText(split, step)) },
    { ...common, grid: { stroke: line, width: 1 }, size: 64, gap: 6, space: 34, values: (_plot, values) => values.map((value) => (value === null ? '' : format(value))) },
  ];
}

function makePlot(element: HTMLElement, latest: { current: Properties }, onZoom: () => void): uPlot {
  const { series, times, format } = latest.current;
  return new uPlot(
    {
      width: element.clientWidth,
      height,
      padding: [8, 28, 0, 0], // the last time of the axis has room
      cursor: { sync: { key: 'performance' }, drag: { x: true, y: false }, points: { size: 6 } },
      legend: { live: true },
      scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] } },
      series: [{ label: texts.performance.time, value: (_plot, value) => (value ? secondFormat.format(value * 1000) : texts.performance.now) }, ...seriesOptions(latest)],
      axes: axes(format),
      hooks: { setSelect: [onZoom] },
    },
    [times, ...series.map((one) => one.values)] as uPlot.AlignedData,
    element,
  );
}

function useInView(element: { current: HTMLElement | null }, shape: string): boolean {
  const [isInView, setInView] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const watch = new IntersectionObserver(([entry]) => setInView(entry!.isIntersecting));
    watch.observe(element.current);
    return () => watch.disconnect();
  }, [shape]);
  return isInView;
}

export function Chart(properties: Properties) {
  const { title, unit, times, series } = properties;
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [isTable, setTable] = useState(false);
  const isZoomed = useRef(false);
  const latest = useRef(properties);
  latest.current = properties;
  const shape = `${series.map((one) => one.label).join()}${isDark.value}`;

  useEffect(() => {
    if (isTable || !element.current) return;
    isZoomed.current = false;
    const made = makePlot(element.current, latest, () => (isZoomed.current = true));
    plot.current = made;
    const watch = new ResizeObserver(() => element.current && made.setSize({ width: element.current.clientWidth, height }));
    watch.observe(element.current);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, isTable]);

  // A zoom stays while new points come. What is not on the screen is drawn when it comes there.
  const isInView = useInView(element, `${shape}${isTable}`);
  useLayoutEffect(() => {
    const own = plot.current;
    if (!own || !isInView || own.data[0] === times) return;
    own.setData([times, ...series.map((one) => one.values)] as uPlot.AlignedData, !isZoomed.current);
    if (isZoomed.current) own.redraw();
  }, [times, series, isInView]);

  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <h2>{title}</h2>
        <span class="quiet small">{unit}</span>
        <button type="button" class="button plain small" onClick={() => setTable(!isTable)}>
          {isTable ? texts.performance.chart : texts.performance.table}
        </button>
      </figcaption>
      {isTable ? <Table {...properties} /> : <div ref={element} class="chart-plot" onDblClick={() => (isZoomed.current = false)} />}
    </figure>
  );
}

const rowsMax = 30;

function Table({ times, series, format }: Properties) {
  const step = Math.max(1, Math.ceil(times.length / rowsMax));
  const rows = times.map((_, at) => at).filter((at) => (times.length - 1 - at) % step === 0).reverse();
  return (
    <div class="chart-table" tabIndex={0}>
      <table class="number">
        <thead>
          <tr>
            <th scope="col">{texts.performance.time}</th>
            {series.map((one) => (
              <th key={one.label} scope="col">
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((at) => (
            <tr key={times[at]}>
              <th scope="row">{momentFormat.format(times[at]! * 1000)}</th>
              {series.map((one) => (
                <td key={one.label}>{numberText(ownValue(one, at), format)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
