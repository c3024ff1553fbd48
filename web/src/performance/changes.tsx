// What was changed of the settings, by whom and why: the newest first.
import { useEffect, useState } from 'preact/hooks';
import { moment } from '../parts/format';
import { get } from '../server/client';
import { on } from '../server/events';
import type { SettingValue } from '../server/types';
import { texts } from '../texts';
import './changes.css';

interface Change {
  time: string;
  name: string;
  before: SettingValue;
  after: SettingValue;
  reason: string;
}

const shownMax = 8;

export function Changes() {
  const [changes, setChanges] = useState<Change[]>([]);
  useEffect(() => {
    const load = () => get<{ changes: Change[] }>(`/api/performance/settings/changes?limit=${shownMax}`).then((answer) => setChanges(answer.changes), () => {});
    void load();
    return on('settings.changed', () => void load());
  }, []);
  if (changes.length === 0) return null;
  const words = texts.performance.changes;
  return (
    <section class="changes">
      <h2>{words.title}</h2>
      <ul>
        {changes.map((change) => (
          <li key={`${change.time}${change.name}`}>
            <span class="number quiet small">{moment(change.time)}</span>
            <p>
              <code>{change.name}</code> <span class="number">{words.fromTo(String(change.before), String(change.after))}</span>
              <br />
              <span class="quiet small">{words.reason(change.reason)}</span>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
