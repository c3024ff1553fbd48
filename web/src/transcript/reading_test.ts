import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findIndex, findMatches } from './find';
import { readingOf, segmentOfEvent, wordAt, type Word } from './reading';

const word = (text: string, start: number, probability = 0.9): Word => ({ text, start, end: start + 0.4, probability });

test('a long pause begins a paragraph', () => {
  const { paragraphs } = readingOf([{ words: [word(' One', 0), word(' two', 0.5), word(' three', 9)] }]);
  assert.deepEqual(paragraphs.map((one) => [one.first, one.words.length]), [[0, 2], [2, 1]]);
});

test('a long paragraph ends with a sentence', () => {
  const words = Array.from({ length: 100 }, (_, at) => word(at === 70 ? ' end.' : ' word', at * 0.5));
  assert.deepEqual(readingOf([{ words }]).paragraphs.map((one) => one.words.length), [71, 29]);
});

test('every word is in exactly one paragraph', () => {
  const words = Array.from({ length: 1000 }, (_, at) => word(' word', at * 0.5));
  const { paragraphs } = readingOf([{ words }]);
  assert.equal(paragraphs.reduce((sum, one) => sum + one.words.length, 0), 1000);
  paragraphs.forEach((one, at) => assert.equal(one.first, at ? paragraphs[at - 1]!.first + paragraphs[at - 1]!.words.length : 0));
});

test('doubts are words, not punctuation', () => {
  const { doubts } = readingOf([{ words: [word(' sure', 0), word(' maybe', 1, 0.1), word(' -', 2, 0.1)] }]);
  assert.deepEqual(doubts, [1]);
});

test('the word at a time is the last that has begun', () => {
  const words = [word('a', 1), word('b', 2), word('c', 3)];
  assert.deepEqual([0, 1, 2.9, 99].map((time) => wordAt(words, time)), [-1, 0, 1, 2]);
  assert.equal(wordAt([], 5), -1);
});

test('a segment without words gets times for its own', () => {
  const { words } = segmentOfEvent({ job: '', index: 0, start: 2, end: 4, text: ' Hello world' });
  assert.deepEqual(words.map(({ text, start }) => [text, start]), [[' Hello', 2], [' world', 3]]);
});

test('words of live text keep the spaces between them', () => {
  const words = [{ word: 'Hello', start: 0, end: 1, probability: 1 }, { word: 'world', start: 1, end: 2, probability: 1 }];
  assert.equal(segmentOfEvent({ job: '', index: 0, start: 0, end: 2, text: ' Hello world', words }).words.map((one) => one.text).join(''), ' Hello world');
});

test('finding passes over case, accents and borders of words', () => {
  const index = findIndex([word(' The', 0), word(' Café', 1), word(' opens', 2), word(' the', 3)]);
  assert.deepEqual(findMatches(index, 'cafe op'), [{ first: 1, last: 2 }]);
  assert.deepEqual(findMatches(index, 'THE'), [{ first: 0, last: 0 }, { first: 3, last: 3 }]);
  assert.deepEqual(findMatches(index, ' '), []);
});
