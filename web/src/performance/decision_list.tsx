// What was decided, when and why, the newest first: by the service and by hand.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { moment } from '../parts/format';
import { Icon } from '../parts/icon';
import { get } from '../server/client';
import { on } from '../server/events';
import type { History, SettingChange } from '../server/types';
import { texts } from '../texts';
import { columnsOf } from './columns';
import './decision_list.css';
import { newestFirst, pressureDecisions, settingDecisions, type Decision } from './decisions';
import { applied, loadStatus, status } from './live';
import { act } from './recommendations';

const shownMax = 10;
const words = texts.performance.decisions;

function useChanges(): SettingChange[] {
  const [changes, setChanges] = useState<SettingChange[]>([]);
  useEffect(() => {
    const load = () => get<{ changes: SettingChange[] }>(`/api/performance/settings/changes?limit=${shownMax}`).then((answer) => setChanges(answer.changes), () => {});
    void load();
    const ends = [on('settings.changed', () => void load()), on('pressure.changed', () => void loadStatus())];
    return () => ends.forEach((end) => end());
  }, []);
  return changes;
}

function Pressure() {
  const now = status.value?.pressure;
  if (!now?.level) return null;
  return (
    <p class="decision-now">
      <Icon name="alert" />
      {words.pressureNow(now.level)}
    </p>
  );
}

function Line({ decision }: { decision: Decision }) {
  if (decision.kind === 'pressure') return <p>{words.pressure(decision.level, decision.isLess)}</p>;
  const { change, undo } = decision;
  return (
    <p>
      <code>{change.name}</code> <span class="number">{words.fromTo(String(change.before), String(change.after))}</span>
      <br />
      <span class="quiet small">{words.reason(change.reason)}</span>
      {undo && (
        <button type="button" class="button small plain" aria-label={words.undo(change.name)} onClick={() => void act(undo, 'undo')}>
          {texts.undo}
        </button>
      )}
    </p>
  );
}

export function DecisionList({ history }: { history: History | null }) {
  const changes = useChanges();
  const pressure = useMemo(() => (history ? pressureDecisions(columnsOf(history)) : []), [history]);
  const decisions = newestFirst([...pressure, ...settingDecisions(changes, applied.value)], shownMax);
  if (decisions.length === 0 && !status.value?.pressure.level) return null;
  return (
    <section class="decisions">
      <h2>{words.title}</h2>
      <Pressure />
      <ul>
        {decisions.map((decision) => (
          <li key={`${decision.time}${decision.kind === 'setting' ? decision.change.name : ''}`}>
            <span class="number quiet small">{moment(new Date(decision.time * 1000).toISOString())}</span>
            <Line decision={decision} />
          </li>
        ))}
      </ul>
    </section>
  );
}
