import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, clock, parseSize, times, wait } from './format';

test('sizes', () => {
  assert.deepEqual([0, 999, 1000, 2_340_000, 412_300_000, 999_999_999, 1.5e12].map((count) => bytes(count)), ['0 B', '999 B', '1 KB', '2.3 MB', '412 MB', '1.0 GB', '1.5 TB']);
});

test('clocks', () => {
  assert.deepEqual([0, 59.9, 61, 3600, 36_062].map(clock), ['0:00', '0:59', '1:01', '1:00:00', '10:01:02']);
});

test('times left grow coarser', () => {
  assert.deepEqual([0.2, 15, 150, 7300].map(wait), ['1 s', '15 s', '3 min', '2 h 2 min']);
});

test('factors', () => {
  assert.deepEqual([0, 0.83, 9.02, 41.2].map(times), ['0×', '0.8×', '9.0×', '41×']);
});

test('sizes of settings', () => {
  assert.deepEqual(['50 MiB', '1 GiB', '0', '2048'].map(parseSize), [50 * 2 ** 20, 2 ** 30, 0, 2048]);
  assert.ok(Number.isNaN(parseSize('many')));
});
