// The last minute of one number, without axes: its shape is the message.
import './spark.css';
import { keptSeconds } from './live';

export function Spark({ values, max }: { values: (number | null)[]; max?: number }) {
  const known = values.map((value) => value ?? 0);
  const top = Math.max(max ?? 0, ...known, 1e-9);
  const left = keptSeconds - known.length;
  const points = known.map((value, at) => `${left + at},${(20 * (1 - value / top)).toFixed(2)}`);
  const line = points.join(' ');
  return (
    <svg class="spark" viewBox={`0 0 ${keptSeconds - 1} 21`} preserveAspectRatio="none" aria-hidden="true">
      {points.length > 1 && <polygon points={`${left},21 ${line} ${keptSeconds - 1},21`} />}
      {points.length > 1 && <polyline points={line} vector-effect="non-scaling-stroke" />}
    </svg>
  );
}
