import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cueOf, nextKey, plain, type Cue } from './cue';
import { confirmWord, mergeWithPrevious, remove, setText, setTimes, shift, shiftRange, split, type Step } from './operations';
import { findPlaces, replaced } from './replacing';
import { retimed } from './retimed';
import { applied, reversed } from './steps';
import { emptyStack, pushed, redone, undone, type Deed, type Entry } from './undo_stack';

// A word each half second.
function cue(text: string, start: number): Cue {
  const words = text.split(' ').map((word, at) => ({ text: ` ${word}`, start: start + at * 0.5, end: start + at * 0.5 + 0.4, probability: 0.5 }));
  return cueOf(nextKey(), { start, end: words.at(-1)!.end, text }, words);
}

const talk = () => [cue('One two three', 0), cue('four five', 2), cue('six', 4)];
const texts = (cues: readonly Cue[]) => cues.map((one) => one.text);
const times = (cues: readonly Cue[]) => cues.map((one) => [one.start, one.end].map((time) => Math.round(time * 100) / 100));
const done = (cues: readonly Cue[], steps: Step[]) => applied(cues, steps)!;

test('words that stay keep their times, new ones share what lies between', () => {
  const { words } = cue('the red house', 10);
  const fresh = retimed(words, 'the very old house', 10, 11.4);
  assert.deepEqual(fresh.map(({ text, start, probability }) => [text, start, probability]), [[' the', 10, 0.5], [' very', 10.4, 1], [' old', 10.4 + (0.6 * 5) / 9, 1], [' house', 11, 0.5]]);
});

test('a word that grew is another one', () => {
  assert.deepEqual(retimed(cue('cat sat', 0).words, 'cats sat', 0, 1).map((word) => word.probability), [1, 0.5]);
  assert.deepEqual(retimed(cue('cat sat', 0).words, 'cat resat', 0, 1).map((word) => word.probability), [0.5, 1]);
  assert.deepEqual(retimed(cue('cat', 0).words, '', 0, 1), []);
});

test('joined words are the text, whatever was changed', () => {
  const { words } = cue('a b c d e f', 0);
  for (const text of ['a b c d e f', 'b c', 'x a b c d e f y', 'f', 'a b q d e f', 'ab c d e f', '日本語 です']) {
    assert.equal(retimed(words, text, 0, 3).map((word) => word.text).join('').trim(), text);
  }
});

test('scripts without spaces get none', () => {
  const words = ['日本', '語', 'です'].map((text, at) => ({ text, start: at, end: at + 1, probability: 0.5 }));
  const own = cueOf(1, { start: 0, end: 3, text: '日本語です' }, words);
  const fresh = retimed(own.words, '日本語だった', 0, 3);
  assert.deepEqual(fresh.map(({ text, probability }) => [text, probability]), [['日本', 0.5], ['語', 0.5], ['だった', 1]]);
});

test('a cue is cut in two in the pause between its words', () => {
  const own = talk();
  const cut = done(own, split(own, 0, 4));
  assert.deepEqual(texts(cut), ['One', 'two three', 'four five', 'six']);
  assert.deepEqual(times(cut).slice(0, 2), [[0, 0.4], [0.5, 1.4]]);
  assert.equal(cut[0]!.key, own[0]!.key);
  assert.equal(cut[0]!.isGuess, false);
});

test('nothing is cut off where no text would be left', () => {
  assert.deepEqual([0, 13].flatMap((caret) => split(talk(), 0, caret)), []);
});

test('a cut within a word shares its time by length', () => {
  const own = talk();
  const cut = done(own, split(own, 0, 5));
  assert.deepEqual(texts(cut).slice(0, 2), ['One t', 'wo three']);
  assert.ok(cut[0]!.end <= cut[1]!.start && cut[1]!.isGuess);
});

test('merging is cutting backwards', () => {
  const own = talk();
  const merged = done(own, mergeWithPrevious(own, 1));
  assert.deepEqual(texts(merged), ['One two three four five', 'six']);
  assert.deepEqual(times(merged)[0], [0, 2.9]);
  assert.deepEqual(mergeWithPrevious(own, 0), []);
});

test('neighbours give way to a cue that grows, down to the shortest', () => {
  const own = talk();
  const grown = done(own, setTimes(own, 1, 1, 4.2, 60));
  assert.deepEqual(times(grown), [[0, 1], [1, 4.2], [4.2, 4.4]]);
  assert.deepEqual(times(done(own, setTimes(own, 1, -5, 3, 60)))[1], [0.05, 3]);
  assert.deepEqual(setTimes(own, 1, 3, 3, 60), []);
  assert.deepEqual(times(done(own, setTimes(own, 2, 4, 99, 60)))[2], [4, 60]);
});

test('all that follows is shifted, and how far is known', () => {
  const own = talk();
  assert.deepEqual(times(done(own, shift(own, 1, 0.5))), [[0, 1.4], [2.5, 3.4], [4.5, 4.9]]);
  assert.equal(done(own, shift(own, 1, 0.5))[1]!.words[0]!.start, 2.5);
  assert.deepEqual(shiftRange(own, 1, 60).map((time) => Math.round(time * 10) / 10), [-0.6, 55.6]);
});

test('line ends and runs of spaces are one space', () => {
  assert.equal(plain('  a\n\tb \u00a0 c '), 'a b c');
  const own = talk();
  assert.deepEqual(setText(own, 2, ' six\n'), []);
});

test('a confirmed word is certain', () => {
  const own = talk();
  assert.deepEqual(done(own, confirmWord(own, 0, 1))[0]!.words.map((word) => word.probability), [0.5, 1, 0.5]);
});

test('places are found by case or not, with any spaces, and replaced cue by cue', () => {
  const own = [cue('The cat. the end', 0), cue('other THE', 9)];
  assert.deepEqual(findPlaces(own, 'the', false).map(({ cue: at, from }) => [at, from]), [[0, 0], [0, 9], [1, 1], [1, 6]]);
  assert.equal(findPlaces(own, 'the', true).length, 2);
  assert.deepEqual(findPlaces(own, '.', false).length, 1);
  assert.deepEqual(findPlaces(own, ' ', false), []);
  assert.deepEqual(texts(done(own, replaced(own, findPlaces(own, 'the', false), 'a'))), ['a cat. a end', 'oar a']);
});

test('a cue of which nothing would be left stays when all are replaced', () => {
  const own = talk();
  assert.deepEqual(replaced(own, findPlaces(own, 'six', false), ''), []);
});

test('steps are undone, also after others changed what lies around', () => {
  const own = talk();
  const steps = split(own, 1, 5);
  const cut = done(own, steps);
  assert.deepEqual(applied(cut, reversed(steps)), own);
  const around = cut.slice(1); // somebody deleted the first
  assert.deepEqual(texts(applied(around, reversed(steps))!), ['four five', 'six']);
  const gone = remove(own, 1);
  assert.deepEqual(texts(applied(done(own, gone), reversed(gone))!), texts(own));
});

test('what is no longer as it was is not undone', () => {
  const own = talk();
  const steps = setText(own, 0, 'Uno');
  const other = done(done(own, steps), setText(done(own, steps), 0, 'Eins'));
  assert.equal(applied(other, reversed(steps)), null);
});

let lastId = 0;
const entry = (deed: Deed, steps: Step[], time: number): Entry => ({ id: ++lastId, deed, steps, before: null, after: null, time });

test('typing is one entry until the writer pauses', () => {
  let cues: readonly Cue[] = talk();
  const first = cues;
  let stack = emptyStack;
  for (const [text, time] of [['O', 0], ['On', 300], ['Onc', 600], ['Once', 5000]] as const) {
    const steps = setText(cues, 0, text);
    cues = done(cues, steps);
    stack = pushed(stack, entry('text', steps, time));
  }
  assert.equal(stack.done.length, 2);
  const back = stack.done.toReversed().reduce<readonly Cue[]>((now, one) => applied(now, reversed(one.steps))!, cues);
  assert.deepEqual(back, first);
});

test('what is new takes away what could be done again', () => {
  const own = talk();
  const one = entry('remove', remove(own, 0), 0);
  const stack = undone(pushed(pushed(emptyStack, one), entry('remove', remove(own, 1), 0)));
  assert.deepEqual([stack.done.length, stack.undone.length], [1, 1]);
  assert.equal(redone(stack).done.length, 2);
  assert.equal(pushed(stack, one).undone.length, 0);
  assert.equal(undone(emptyStack), emptyStack);
});
