import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Setting } from '../server/types';
import { readValue, sizeText, valueText } from './setting_value';

const setting = (kind: Setting['kind']): Setting => ({ name: 'x', kind, value: 0, default: 0, is_live: true, origin: 'default', help: '' });

test('sizes are written as people would', () => {
  assert.deepEqual([0, 100, 52428800, 1073741824, 1500].map(sizeText), ['0', '100', '50 MiB', '1 GiB', '1500']);
});

test('values go to text and back', () => {
  for (const [kind, value] of [['size', 52428800], ['integer', 6], ['decimal', 0.8], ['text', 'base']] as const) {
    assert.equal(readValue(setting(kind), valueText(setting(kind), value)), value);
  }
});

test('what is no number is left to the server to refuse', () => {
  assert.equal(readValue(setting('integer'), 'many'), 'many');
  assert.equal(readValue(setting('integer'), ''), '');
  assert.equal(readValue(setting('size'), '5 apples'), '5 apples');
});
