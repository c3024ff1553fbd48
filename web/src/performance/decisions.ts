// What was decided over time: settings that changed, and work that was cut back for want of memory. Pure.
import type { Applied, SettingChange } from '../server/types';
import type { Columns } from './columns';

export type Decision =
  | { kind: 'setting'; time: number; change: SettingChange; undo: string } // undo: id of the recommendation, "" if it cannot be
  | { kind: 'pressure'; time: number; level: number; isLess: boolean }; // time: Unix seconds

// Where the level of pressure has changed.
export function pressureDecisions(columns: Columns): Decision[] {
  const decisions: Decision[] = [];
  let before = 0;
  columns.of('pressure_level').forEach((value, at) => {
    if (value === null) return;
    const level = Math.ceil(value); // of a minute's mean, what was reached
    if (level !== before) decisions.push({ kind: 'pressure', time: columns.times[at]!, level, isLess: level < before });
    before = level;
  });
  return decisions;
}

// A change that a recommendation made is undone by its name.
export function settingDecisions(changes: readonly SettingChange[], applied: readonly Applied[]): Decision[] {
  return changes.map((change) => {
    const made = applied.find((one) => one.can_undo && one.setting === change.name && one.applied === change.time);
    return { kind: 'setting', time: Date.parse(change.time) / 1000, change, undo: made?.id ?? '' };
  });
}

export function newestFirst(decisions: readonly Decision[], most: number): Decision[] {
  return decisions.toSorted((a, b) => b.time - a.time).slice(0, most);
}
