import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tagsMax, tagsOf, withTag } from './tags';

test('tags are typed with commas between, and cleaned', () => {
  assert.deepEqual(tagsOf(' a,  b\tc ,,'), ['a', 'b c']);
  assert.equal(tagsOf('x'.repeat(50))[0]!.length, 40);
});

test('a tag is there once, and there are only so many', () => {
  assert.deepEqual(withTag(['a'], 'a'), ['a']);
  const full = Array.from({ length: tagsMax }, (_, at) => `${at}`);
  assert.equal(withTag(full, 'more'), full);
});
