import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, drawnOnly, extended, smoothed, stackedStages } from './columns';

const history = (times: number[], series: Record<string, (number | null)[]>) => ({
  step: 1,
  times,
  series: Object.fromEntries(Object.entries(series).map(([name, mean]) => [name, { mean }])),
});

test('new seconds come at the end, old ones go', () => {
  const longer = extended(history([1, 2, 3], { load: [0.1, 0.2, 0.3] }), [{ time: 3, load: 9 }, { time: 4, load: 0.4, stage_fresh: 7, unseen: 8 }], 3, 1);
  assert.deepEqual(longer.times, [2, 3, 4]);
  assert.deepEqual(longer.series.load!.mean, [0.2, 0.3, 0.4]);
  assert.deepEqual(longer.series.stage_fresh!.mean, [null, null, 7]);
  assert.deepEqual(Object.keys(longer.series), ['load', 'stage_fresh']);
});

test('series that no chart shows are left out', () => {
  assert.deepEqual(Object.keys(drawnOnly(history([1], { workers: [1], load: [1], stage_x: [1] })).series), ['workers', 'stage_x']);
});

test('a second that is known already changes nothing', () => {
  const before = history([1, 2], { load: [0.1, 0.2] });
  assert.equal(extended(before, [{ time: 2, load: 9 }], 60, 0), before);
});

test('it grows by as many seconds as are drawn at once', () => {
  const before = history([1, 2], { load: [0.1, 0.2] });
  assert.equal(extended(before, [{ time: 3, load: 0.3 }, { time: 4, load: 0.4 }], 60, 3), before);
  assert.deepEqual(extended(before, [{ time: 3, load: 0.3 }, { time: 5, load: 0.4 }], 60, 3).times, [1, 2, 3, 5]);
});

test('what is too short for a line grows at once', () => {
  assert.deepEqual(extended(history([], {}), [{ time: 3, load: 0.3 }], 60, 30).times, [3]);
  assert.deepEqual(extended(history([3], { load: [0.3] }), [{ time: 4, load: 0.3 }], 60, 30).times, [3, 4]);
});

test('bursts are spread over what they took', () => {
  assert.deepEqual(smoothed([0, 15, 0, null, 0], 5), [0, 7.5, 5, null, 0]);
  assert.deepEqual(smoothed([1, 2, 3], 60), [1, 2, 3]);
  assert.deepEqual(smoothed([null, 0.1, 0.2, 0.3, 0, 0, 0], 5).slice(-1), [0]);
});

test('stages are stacked, the highest first, and waiting is none', () => {
  const columns = columnsOf(history([1, 2], { stage_small: [1, 0], stage_large_one: [2, 3], stage_waiting_for_work: [9, 9], stage_none: [0, 0], load: [5, 5] }));
  assert.deepEqual(stackedStages(columns, 60).map(({ label, values, own }) => [label, values, own]), [
    ['small', [3, 3], [1, 0]],
    ['large one', [2, 3], [2, 3]],
  ]);
});
