import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, changesBetween, changesOfAnswer, wishesOf } from './changes';
import { checksOf, columns } from './checks';
import { withConfirmed } from './confirmed';
import { cueOf, nextKey, wishOf, type Cue } from './cue';
import type { Draft, Track } from './drafts';
import { confirmWord, mergeWithPrevious, remove, setText, setTimes, shift, split, type Step } from './operations';
import { piecesOf } from './pieces';
import { rebased, withKeys } from './rebase';
import { resumed, revisionsOf } from './resume';
import { applied, reversed } from './steps';
import { emptyStack, type Entry } from './undo_stack';

const cue = (text: string, start: number, end = start + 1): Cue => cueOf(nextKey(), { start, end, text }, undefined);
const talk = () => Array.from({ length: 8 }, (_, at) => cue(`cue ${at}`, at * 2));
const copy = (cues: readonly Cue[]) => cues.map((one) => ({ ...one, key: nextKey() })); // as the server sends it anew
const texts = (cues: readonly Cue[]) => cues.map((one) => one.text);
const shape = (base: readonly Cue[], local: readonly Cue[]) => changesBetween(base, local).map(({ first, count, cues }) => [first, count, ...texts(cues)]);

test('the difference is what was changed, and gives what is here', () => {
  const base = talk();
  let local: readonly Cue[] = base;
  local = applied(local, setText(local, 6, 'six'))!;
  local = applied(local, setText(local, 5, 'five'))!;
  local = applied(local, split(local, 1, 3))!;
  local = applied(local, remove(local, 4))!;
  assert.deepEqual(shape(base, local), [[1, 1, 'cue', '1'], [3, 1], [5, 1, 'five'], [6, 1, 'six']]);
  assert.deepEqual(changed(base, changesBetween(base, local)), local);
  assert.deepEqual(changesBetween(base, [...base]), []);
});

test('merging and deleting beside each other are one change', () => {
  const base = talk();
  const merged = applied(base, mergeWithPrevious(base, 3))!;
  assert.deepEqual(shape(base, applied(merged, remove(merged, 3))!), [[2, 3, 'cue 2 cue 3']]);
});

test('very many changes become one', () => {
  const base = Array.from({ length: 30_000 }, (_, at) => cue(`${at}`, at));
  const local = base.map((one, at) => (at % 2 ? { ...one, text: 'x' } : one));
  const changes = changesBetween(base, local);
  assert.equal(changes.length, 1);
  assert.deepEqual(texts(changed(base, changes)), texts(local));
});

const draftOf = (tab: string, revision: number, base: readonly Cue[], local: readonly Cue[]): Draft => ({ job: 'job', tab, revision, changes: changesBetween(base, local) });
const trackOf = (revision: number, base: readonly Cue[]): Track => ({ job: 'job', tab: 'mine', time: 0, revision, keys: Int32Array.from(base, (one) => one.key), lastKey: nextKey(), done: [], undone: [] });
const isMine = (draft: Draft) => draft.tab === 'mine';
const entryOf = (steps: Step[]): Entry => ({ id: 1, deed: 'text', steps, before: null, after: null, time: 0 });

test('a draft is taken up where it was, and what it holds is undone', () => {
  const base = talk();
  const steps = split(base, 1, 3);
  const local = applied(base, steps)!;
  const kept = { drafts: [draftOf('mine', 4, base, local)], track: trackOf(4, base), stack: { done: [entryOf(steps)], undone: [] } };
  const { cues, stack } = resumed(kept, { revision: 4, cues: copy(base) }, [], isMine);
  assert.deepEqual(texts(cues), texts(local));
  assert.deepEqual(texts(applied(cues, reversed(stack.done[0]!.steps))!), texts(base));
  assert.ok(nextKey() > kept.track.lastKey);
});

test('what was saved is undone after a reload, though others changed the text', () => {
  const first = talk();
  const steps = setText(first, 2, 'mine');
  const saved = applied(first, steps)!;
  const theirs = copy(applied(applied(saved, setText(saved, 6, 'yours'))!, remove(saved, 0))!);
  const kept = { drafts: [], track: trackOf(5, saved), stack: { done: [entryOf(steps)], undone: [] } };
  assert.deepEqual(revisionsOf(kept, 6), [5]);
  const { cues, base, stack } = resumed(kept, { revision: 6, cues: theirs }, [{ revision: 5, cues: copy(saved) }], isMine);
  assert.equal(cues, base);
  assert.deepEqual(texts(applied(cues, reversed(stack.done[0]!.steps))!), ['cue 1', 'cue 2', 'cue 3', 'cue 4', 'cue 5', 'yours', 'cue 7']);
});

test('drafts of tabs that are gone are taken up, too, whatever their keys', () => {
  const base = talk();
  const [mine, other] = [applied(base, setText(base, 1, 'mine'))!, applied(base, split(base, 4, 3))!];
  const drafts = [draftOf('mine', 4, base, mine), draftOf('gone', 3, base, other)];
  const { cues } = resumed({ drafts, track: trackOf(4, base), stack: emptyStack }, { revision: 4, cues: copy(base) }, [{ revision: 3, cues: copy(base) }], isMine);
  assert.deepEqual(texts(cues), ['cue 0', 'mine', 'cue 2', 'cue 3', 'cue', '4', 'cue 5', 'cue 6', 'cue 7']);
  assert.equal(new Set(cues.map((one) => one.key)).size, cues.length);
});

test('a word that was confirmed before its text was changed stays certain', () => {
  const words = ['so', 'can', 'do'].map((text, at) => ({ text: ` ${text}`, start: at, end: at + 0.9, probability: 0.1 }));
  const base = [cueOf(nextKey(), { start: 0, end: 3, text: 'so can do' }, words)];
  const right = applied(base, confirmWord(base, 0, 1))!;
  assert.deepEqual(wishesOf(changesBetween(base, right))[0]!.segments[0]!.words![1], { word: ' can', start: 1, end: 1.9, probability: 1 });
  const written = applied(right, setText(right, 0, 'oh so can do'))![0]!;
  const answered = { ...base[0]!, text: written.text, words: [{ text: ' oh', start: 0, end: 0, probability: 1 }, ...words] };
  assert.deepEqual(withConfirmed(answered, written).words.map((word) => word.probability), [1, 0.1, 1, 0.1]);
  assert.equal(withConfirmed(answered, base[0]!), answered);
  const others = withKeys(base, copy(applied(base, setText(base, 0, 'so can do it'))!));
  assert.deepEqual(rebased(base, right, others).cues[0]!.words.map((word) => word.probability), [0.1, 1, 0.1, 1]);
});

test('words that overlap are sent one behind the other', () => {
  const words = [{ text: ' a', start: 0, end: 1.2, probability: 1 }, { text: ' b', start: 1, end: 1.1, probability: 1 }, { text: ' c', start: 1.9, end: 2.4, probability: 1 }];
  const { words: sent } = wishOf(cueOf(1, { start: 0, end: 2, text: 'a b c' }, words));
  assert.deepEqual(sent!.map(({ start, end }) => [start, end]), [[0, 1.2], [1.2, 1.2], [1.9, 2]]);
});

test('the answer of the server stands for what was sent', () => {
  const base = talk();
  const sent = changesBetween(base, applied(base, setText(base, 2, 'two'))!);
  const answer = { revision: 1, changes: [{ first: 2, count: 1, segments: [{ id: 2, start: 4, end: 5, text: ' two', words: [{ word: 'two', start: 4.2, end: 4.8, probability: 1 }] }] }] };
  const [change] = changesOfAnswer(sent, answer);
  assert.deepEqual(change!.cues.map(({ key, text, isGuess, words }) => [key, text, isGuess, words[0]!.start]), [[base[2]!.key, 'two', false, 4.2]]);
});

test('what two changed in different places both stay', () => {
  const base = talk();
  const mine = applied(base, setText(base, 1, 'mine'))!;
  const yours = withKeys(base, copy(applied(applied(base, setText(base, 5, 'yours'))!, remove(base, 7))!));
  const { cues, conflicts } = rebased(base, mine, yours);
  assert.deepEqual(texts(cues), ['cue 0', 'mine', 'cue 2', 'cue 3', 'cue 4', 'yours', 'cue 6']);
  assert.equal(conflicts, 0);
  assert.deepEqual(shape(yours, cues), [[1, 1, 'mine']]);
});

test('text of one and times of the other come together', () => {
  const base = talk();
  const mine = applied(base, setText(base, 3, 'mine'))!;
  const yours = withKeys(base, copy(applied(base, shift(base, 2, 0.5))!));
  const { cues, conflicts } = rebased(base, mine, yours);
  assert.deepEqual([cues[3]!.text, cues[3]!.start, conflicts], ['mine', 6.5, 0]);
});

test('of two texts ours stays, and is counted', () => {
  const base = talk();
  const mine = applied(base, setText(base, 3, 'mine'))!;
  const yours = withKeys(base, copy(applied(base, setText(base, 3, 'yours'))!));
  assert.deepEqual([texts(rebased(base, mine, yours).cues)[3], rebased(base, mine, yours).conflicts], ['mine', 1]);
});

test('the same change of both is none', () => {
  const base = talk();
  const mine = applied(base, split(base, 3, 3))!;
  const yours = withKeys(base, copy(mine));
  const { cues, conflicts } = rebased(base, mine, yours);
  assert.deepEqual([shape(yours, cues), conflicts], [[], 0]);
});

test('a cue that one cut and the other rewrote is a conflict, and nothing around it is touched', () => {
  const base = talk();
  const mine = applied(base, setText(base, 3, 'mine'))!;
  const yours = withKeys(base, copy(applied(base, split(base, 3, 3))!));
  const { cues, conflicts } = rebased(base, mine, yours);
  assert.deepEqual([texts(cues), conflicts], [['cue 0', 'cue 1', 'cue 2', 'mine', 'cue 4', 'cue 5', 'cue 6', 'cue 7'], 1]);
});

test('cues that moved are known by their place between others', () => {
  const base = talk();
  const moved = applied(base, setTimes(base, 4, 8.3, 9, 60))!;
  assert.deepEqual(withKeys(base, copy(moved)).map((one) => one.key), base.map((one) => one.key));
});

test('many random changes of two merge to what has both', () => {
  let seed = 7;
  const random = (most: number) => (seed = (seed * 48_271) % 2_147_483_647) % most;
  for (let round = 0; round < 300; ++round) {
    const base = talk();
    const wrote = (who: string) => {
      let cues: readonly Cue[] = base;
      for (let times = random(3) + 1; times > 0; --times) {
        const at = random(cues.length);
        const steps = [setText(cues, at, `${who} ${at}`), split(cues, at, 3), mergeWithPrevious(cues, at), remove(cues, at)][random(4)]!;
        cues = (steps.length && applied(cues, steps)) || cues;
      }
      return cues;
    };
    const [mine, theirs] = [wrote('mine'), wrote('yours')];
    const yours = withKeys(base, copy(theirs));
    const { cues } = rebased(base, mine, yours);
    assert.deepEqual(texts(changed(yours, changesBetween(yours, cues))), texts(cues), `round ${round}`);
    assert.equal(new Set(cues.map((one) => one.key)).size, cues.length, `round ${round}`);
    // What I wrote is never lost.
    for (const { cues: own } of changesBetween(base, mine)) for (const one of own) assert.ok(texts(cues).includes(one.text), `round ${round}: ${one.text}`);
  }
});

test('wide letters count twice', () => {
  assert.deepEqual(['abc', '日本語', 'e\u0301', '👩‍👩‍👧', '한국'].map(columns), [3, 6, 1, 2, 4]);
});

test('what viewers would notice', () => {
  const kinds = (one: Cue, before = 0) => checksOf(one, before).map((check) => check.kind);
  assert.deepEqual(kinds(cue('short', 0, 2)), []);
  assert.deepEqual(kinds(cue('x'.repeat(50), 0, 2)), ['fast']);
  assert.deepEqual(kinds(cue('x'.repeat(85), 0, 9)), ['long']);
  assert.deepEqual(kinds(cue('short', 1, 3), 1.5), ['overlap']);
});

test('a text is cut where its look changes', () => {
  const pieces = piecesOf('one two three', [{ from: 4, to: 7, look: 'doubt' }, { from: 2, to: 5, look: 'found' }]);
  assert.deepEqual(pieces.map(({ text, looks }) => [text, looks]), [['on', ''], ['e ', 'found'], ['t', 'doubt found'], ['wo', 'doubt'], [' three', '']]);
});
