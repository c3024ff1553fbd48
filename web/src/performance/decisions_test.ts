import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf } from './columns';
import { newestFirst, pressureDecisions, settingDecisions } from './decisions';

const columns = (levels: (number | null)[]) => columnsOf({ step: 1, times: levels.map((_, at) => 100 + at), series: { pressure_level: { mean: levels } } });

test('each step of pressure is told once, down and up', () => {
  const found = pressureDecisions(columns([0, null, 1, 1, 2, null, 2, 0]));
  assert.deepEqual(found.map((one) => one.kind === 'pressure' && [one.time, one.level, one.isLess]), [[102, 1, false], [104, 2, false], [107, 0, true]]);
  assert.deepEqual(pressureDecisions(columns([])), []);
});

test('only the change that a recommendation made can be undone by it', () => {
  const change = (time: string, name: string) => ({ time, name, before: 1, after: 2, reason: 'api' });
  const changes = [change('2026-01-01T00:00:01Z', 'batch'), change('2026-01-01T00:00:02Z', 'batch'), change('2026-01-01T00:00:02Z', 'workers')];
  const applied = [{ id: 'larger_batch', setting: 'batch', applied: '2026-01-01T00:00:02Z', can_undo: true }];
  assert.deepEqual(settingDecisions(changes, applied).map((one) => one.kind === 'setting' && one.undo), ['', 'larger_batch', '']);
  assert.deepEqual(settingDecisions(changes, [{ ...applied[0]!, can_undo: false }]).map((one) => one.kind === 'setting' && one.undo), ['', '', '']);
});

test('the newest come first, and not too many', () => {
  assert.deepEqual(newestFirst(pressureDecisions(columns([1, 2, 3])), 2).map((one) => one.time), [102, 101]);
});
