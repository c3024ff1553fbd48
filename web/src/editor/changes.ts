// The difference between what the server has and what stands here, as it takes it. Pure.
import type { ChangeAnswer, ChangeWish } from '../server/types';
import { cueOfSegment, isSameContent, wishOf, type Cue } from './cue';

// A run of the base that other cues stand in place of.
export interface Change {
  readonly first: number;
  readonly count: number;
  readonly cues: readonly Cue[];
}

const changesMax = 10_000; // of one request

export function changesBetween(base: readonly Cue[], local: readonly Cue[]): Change[] {
  let begin = 0;
  while (begin < base.length && begin < local.length && base[begin] === local[begin]) ++begin;
  let [baseEnd, localEnd] = [base.length, local.length];
  while (baseEnd > begin && localEnd > begin && base[baseEnd - 1] === local[localEnd - 1]) {
    --baseEnd;
    --localEnd;
  }
  const inBase = new Set(base.slice(begin, baseEnd).map((cue) => cue.key));
  const inLocal = new Set(local.slice(begin, localEnd).map((cue) => cue.key));
  const changes: Change[] = [];
  let [at, to] = [begin, begin];
  while (at < baseEnd || to < localEnd) {
    const [first, from] = [at, to];
    while (at < baseEnd && !inLocal.has(base[at]!.key)) ++at;
    while (to < localEnd && !inBase.has(local[to]!.key)) ++to;
    if (at > first || to > from) {
      push(changes, { first, count: at - first, cues: local.slice(from, to) });
      continue;
    }
    if (!isSameContent(base[at]!, local[to]!)) push(changes, { first: at, count: 1, cues: [local[to]!] });
    ++at;
    ++to;
  }
  return changes.length > changesMax ? [whole(changes, local.length - base.length, local)] : changes;
}

const isOneByOne = (change: Change) => change.count === 1 && change.cues.length === 1;

// What touches becomes one, but for cues that each stay one.
function push(changes: Change[], change: Change): void {
  const last = changes.at(-1);
  if (last && last.first + last.count === change.first && !(isOneByOne(last) && isOneByOne(change))) {
    changes.splice(-1, 1, { first: last.first, count: last.count + change.count, cues: [...last.cues, ...change.cues] });
  } else {
    changes.push(change);
  }
}

function whole(changes: readonly Change[], growth: number, local: readonly Cue[]): Change {
  const first = changes[0]!.first;
  const last = changes.at(-1)!;
  const end = last.first + last.count;
  return { first, count: end - first, cues: local.slice(first, end + growth) };
}

export function changed(base: readonly Cue[], changes: readonly Change[]): readonly Cue[] {
  const result: Cue[] = [];
  let done = 0;
  for (const { first, count, cues } of changes) {
    for (; done < first; ++done) result.push(base[done]!);
    for (const cue of cues) result.push(cue);
    done = first + count;
  }
  for (; done < base.length; ++done) result.push(base[done]!);
  return result;
}

export function wishesOf(changes: readonly Change[]): ChangeWish[] {
  return changes.map(({ first, count, cues }) => ({ first, count, segments: cues.map(wishOf) }));
}

// What was sent, as the server has it now.
export function changesOfAnswer(sent: readonly Change[], answer: ChangeAnswer): Change[] {
  return sent.map((change, at) => ({ ...change, cues: change.cues.map((cue, index) => cueOfSegment(cue.key, answer.changes[at]!.segments[index]!)) }));
}
