// What the machine does, what it did, and what would make it better.
import { useState } from 'preact/hooks';
import { LoadFailed } from '../parts/load_failed';
import { texts } from '../texts';
import { Charts } from './charts';
import { DecisionList } from './decision_list';
import { ranges, useHistory, type Range } from './history';
import { loadStatus, status, statusError, useLive } from './live';
import { Machine } from './machine';
import { Numbers } from './numbers';
import './performance_page.css';
import { Predictions } from './predictions';
import { Recommendations } from './recommendations';

function RangeChoice({ now, onChange }: { now: Range; onChange: (range: Range) => void }) {
  return (
    <div class="ranges" role="group" aria-label={texts.performance.range}>
      {(Object.keys(ranges) as Range[]).map((range) => (
        <button key={range} type="button" class="button small plain" aria-pressed={range === now} onClick={() => onChange(range)}>
          {texts.performance.ranges[range]}
        </button>
      ))}
    </div>
  );
}

export function PerformancePage() {
  useLive();
  const [range, setRange] = useState<Range>('quarter');
  const { history, error } = useHistory(range);
  const now = status.value;
  if (!now) return statusError.value ? <LoadFailed error={statusError.value} onAgain={loadStatus} /> : null;
  return (
    <>
      <header class="performance-head">
        <h1>{texts.performance.title}</h1>
        <RangeChoice now={range} onChange={setRange} />
      </header>
      <Numbers />
      <div class="performance-columns">
        <div class="performance-charts">
          {history && <Charts history={history} total={now.resources.memory_total_bytes.value} />}
          {error && <p class="quiet">{error}</p>}
        </div>
        <aside>
          <Recommendations />
          <DecisionList history={history} />
          <Predictions />
          <Machine now={now} />
        </aside>
      </div>
    </>
  );
}
