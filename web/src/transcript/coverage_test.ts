import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Coverage } from '../server/types';
import { gapsBefore, mergedSpans, secondsOf, stateAt } from './coverage';

const spans: Coverage[] = [
  { start: 0, end: 4, status: 'transcribed' },
  { start: 4, end: 6, status: 'no_speech' },
  { start: 6, end: 9, status: 'failed', reason: 'damaged' },
  { start: 9, end: 10, status: 'transcribed' },
];

test('every time has the state of its part', () => {
  const states = [0, 4, 5.99, 6, 9.5, 10, 11].map((time) => stateAt(spans, [{ start: 9, end: 10 }], time));
  assert.deepEqual(states.map((one) => one?.status), ['transcribed', 'no_speech', 'no_speech', 'failed', 'transcribed', 'transcribed', undefined]);
  assert.deepEqual(states.map((one) => one?.isRetried), [false, false, false, false, true, false, undefined]);
  assert.equal(stateAt([], [], 1), null);
});

test('neighbours of one state become one, others stay', () => {
  assert.deepEqual(mergedSpans([spans[0]!, { start: 4.1, end: 5, status: 'transcribed' }, spans[2]!], 0.5).map(({ start, end }) => [start, end]), [[0, 5], [6, 9]]);
  assert.equal(spans[0]!.end, 4);
});

test('seconds of each state', () => {
  assert.deepEqual(secondsOf(spans), [['transcribed', 5], ['no_speech', 2], ['failed', 3]]);
});

test('what was not read stands where it is missing', () => {
  const paragraphs = [{ first: 0, start: 0.2 }, { first: 40, start: 9.1 }];
  assert.deepEqual([...gapsBefore(spans, paragraphs)].map(([first, gaps]) => [first, gaps.length]), [[40, 1]]);
  assert.deepEqual([...gapsBefore(spans, paragraphs.slice(0, 1)).keys()], [null]);
});
