// Two people, or two tabs, changed one transcript: both changes stay, cue by cue. Where both changed the
// same cue, times and text are taken from whoever changed them; of two texts ours stays, and is counted:
// the other one is a revision in the history. Pure.
import { changed, changesBetween, type Change } from './changes';
import { withConfirmed } from './confirmed';
import { isSameContent, isSameTime, type Cue } from './cue';

// Theirs, with the keys of the base where it is the same cue for a person: by its begin, or by its place
// between two that are.
export function withKeys(base: readonly Cue[], theirs: readonly Cue[]): Cue[] {
  const result = [...theirs];
  const pair = (from: number, end: number, to: number, toEnd: number) => {
    if (end - from !== toEnd - to) return;
    for (let at = 0; at < end - from; ++at) result[to + at] = { ...result[to + at]!, key: base[from + at]!.key };
  };
  let [from, to] = [0, 0]; // behind the last pair
  let [at, other] = [0, 0];
  while (at < base.length && other < theirs.length) {
    const [one, two] = [base[at]!, theirs[other]!];
    if (isSameTime(one.start, two.start)) {
      pair(from, at, to, other);
      result[other] = isSameContent(one, two) ? one : { ...two, key: one.key };
      from = ++at;
      to = ++other;
    } else if (one.start < two.start) ++at;
    else ++other;
  }
  pair(from, base.length, to, theirs.length);
  return result;
}

export interface Rebased {
  cues: readonly Cue[];
  conflicts: number;
}

// `theirs` has keys of `base`.
export function rebased(base: readonly Cue[], local: readonly Cue[], theirs: readonly Cue[]): Rebased {
  const ours = changesBetween(base, local);
  if (ours.length === 0) return { cues: theirs, conflicts: 0 };
  const others = changesBetween(base, theirs);
  const merged: Change[] = [];
  let conflicts = 0;
  for (const [mine, yours] of groups(ours, others)) {
    if (mine.length === 0) merged.push(...yours);
    else if (yours.length === 0) merged.push(...mine);
    else {
      const both = mergedGroup(base, mine, yours);
      merged.push(both.change);
      conflicts += both.isConflict ? 1 : 0;
    }
  }
  return { cues: changed(base, merged), conflicts };
}

const endOf = (change: Change) => change.first + change.count;

function meet(one: Change, other: Change): boolean {
  if (one.count === 0 && other.count === 0) return one.first === other.first;
  return one.first < endOf(other) && other.first < endOf(one);
}

// Changes of both that touch the same cues, together.
function groups(ours: readonly Change[], theirs: readonly Change[]): [Change[], Change[]][] {
  const all = [...ours.map((change) => ({ change, side: 0 })), ...theirs.map((change) => ({ change, side: 1 }))];
  all.sort((a, b) => a.change.first - b.change.first || a.change.count - b.change.count);
  const result: [Change[], Change[]][] = [];
  let reach: Change | null = null;
  for (const { change, side } of all) {
    if (!reach || !meet(reach, change)) {
      result.push([[], []]);
      reach = change;
    } else {
      reach = { first: reach.first, count: Math.max(endOf(reach), endOf(change)) - reach.first, cues: [] };
    }
    result.at(-1)![side]!.push(change);
  }
  return result;
}

function mergedGroup(base: readonly Cue[], ours: Change[], theirs: Change[]): { change: Change; isConflict: boolean } {
  const all = [...ours, ...theirs];
  const first = Math.min(...all.map((change) => change.first));
  const end = Math.max(...all.map(endOf));
  const part = base.slice(first, end);
  const from = (changes: Change[]) => changed(part, changes.map((change) => ({ ...change, first: change.first - first })));
  const [mine, yours] = [from(ours), from(theirs)];
  const change = (cues: readonly Cue[]) => ({ first, count: end - first, cues });
  if (mine.length === yours.length && mine.every((cue, at) => isSameContent(cue, yours[at]!))) return { change: change(yours), isConflict: false };
  if (part.length === 1 && mine.length === 1 && yours.length === 1) {
    const cue = mergedCue(part[0]!, mine[0]!, yours[0]!);
    return { change: change([cue]), isConflict: cue.text !== yours[0]!.text && yours[0]!.text !== part[0]!.text };
  }
  return { change: change(mine), isConflict: true };
}

function mergedCue(base: Cue, mine: Cue, yours: Cue): Cue {
  const start = isSameTime(mine.start, base.start) ? yours.start : mine.start;
  const end = isSameTime(mine.end, base.end) ? yours.end : mine.end;
  const isTextMine = mine.text !== base.text;
  const { text, words } = isTextMine ? mine : withConfirmed(yours, mine);
  const isGuess = isTextMine || !isSameTime(start, yours.start) || !isSameTime(end, yours.end);
  return { key: mine.key, start, end, text, words, isGuess: isGuess || yours.isGuess };
}
