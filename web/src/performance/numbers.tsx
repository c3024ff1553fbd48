// Four numbers, each with its last minute.
import type { ComponentChildren } from 'preact';
import { bytes, times, wait } from '../parts/format';
import { texts } from '../texts';
import { samples, status } from './live';
import './numbers.css';
import { Spark } from './spark';

interface Properties {
  label: string;
  value: ComponentChildren;
  hint: string;
  name: string; // of the series
  max?: number;
}

function NumberCard({ label, value, hint, name, max }: Properties) {
  return (
    <div class="number-card">
      <dt>{label}</dt>
      <dd class="number-value number">{value}</dd>
      <dd class="number-hint quiet small number">{hint}</dd>
      <dd>
        <Spark values={samples.value.map((sample) => sample[name] ?? null)} max={max} />
      </dd>
    </div>
  );
}

export function Numbers() {
  const now = status.value;
  if (!now) return null;
  const live = samples.value.at(-1) ?? {};
  const words = texts.performance;
  const { resources } = now;
  const speed = samples.value.reduce((sum, sample) => sum + (sample.realtime_factor ?? 0), 0) / Math.max(1, samples.value.length);
  const alive = live.workers ?? now.workers.engine;
  const memory = live.process_memory_bytes ?? resources.process_memory_bytes?.value ?? 0;
  const free = live.memory_available_bytes ?? resources.memory_available_bytes.value;
  const queued = live.jobs_queued ?? now.queue.queued;
  const running = live.jobs_running ?? now.queue.running;
  const waiting = live.oldest_wait_s ?? now.queue.oldest_wait_s;
  return (
    <dl class="numbers">
      <NumberCard label={words.speed} value={speed > 0 ? times(speed) : running ? words.starting : words.idle} hint={words.speedHint} name="realtime_factor" />
      <NumberCard label={words.workers} value={live.workers_busy === undefined ? alive : `${live.workers_busy} / ${alive}`} hint={words.workersHint(now.workers.optimal)} name="workers_busy" max={alive || 1} />
      <NumberCard label={words.memory} value={bytes(memory)} hint={words.memoryHint(bytes(free), bytes(resources.memory_total_bytes.value))} name="process_memory_bytes" />
      <NumberCard label={words.queue} value={queued} hint={waiting > 1 ? `${words.queueHint(running)}, ${words.queueWait(wait(waiting))}` : words.queueHint(running)} name="jobs_queued" max={1} />
    </dl>
  );
}
