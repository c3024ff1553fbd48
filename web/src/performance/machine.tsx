// The machine, and why it gets the workers that it gets.
import { useState } from 'preact/hooks';
import { bytes } from '../parts/format';
import { post, sentence } from '../server/client';
import type { Performance } from '../server/types';
import { complain, say } from '../state/notes';
import { texts } from '../texts';
import { loadStatus } from './live';
import './machine.css';

export function Machine({ now }: { now: Performance }) {
  const [isBusy, setBusy] = useState(false);
  const words = texts.performance;
  const { cores, memory_available_bytes, memory_total_bytes, load, disk_free_bytes } = now.resources;
  const facts = [
    { label: words.cores, reading: cores, text: String(cores.value) },
    { label: words.memoryAll, reading: memory_total_bytes, text: bytes(memory_total_bytes.value) },
    { label: words.free, reading: memory_available_bytes, text: bytes(memory_available_bytes.value) },
    { label: words.load, reading: load, text: load?.value.toFixed(2) ?? '' },
    { label: words.disk, reading: disk_free_bytes, text: bytes(disk_free_bytes?.value ?? 0) },
  ];
  const optimize = async () => {
    setBusy(true);
    try {
      say((await post<{ message: string }>('/api/performance/optimize', { force_memory_cleanup: true })).message);
      await loadStatus();
    } catch (error) {
      complain(sentence(error));
    }
    setBusy(false);
  };
  return (
    <section class="machine">
      <h2>{words.machine}</h2>
      <dl>
        {facts.map(
          ({ label, reading, text }) =>
            reading && (
              <div key={label} title={`${reading.tier}: ${reading.source}`}>
                <dt class="quiet">{label}</dt>
                <dd class="number">{text}</dd>
              </div>
            ),
        )}
      </dl>
      <h3>{words.why}</h3>
      <ul class="machine-reasons small quiet">
        {now.workers.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <p class="small quiet number">{words.ended(now.recent.ended, now.recent.failed)}</p>
      <button type="button" class="button small" disabled={isBusy} onClick={() => void optimize()}>
        {words.optimize}
      </button>
    </section>
  );
}
