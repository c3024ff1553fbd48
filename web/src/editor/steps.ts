// Steps done, undone and merged. They name cues by key, so that they still fit after others changed
// what lies around them. Pure.
import { isSameContent, type Cue } from './cue';
import type { Step } from './operations';

export function reversed(steps: readonly Step[]): Step[] {
  return steps.map(({ before, after, follows }) => ({ before: after, after: before, follows }));
}

// The cues with all steps done; null if what a step is about is no longer as it was.
export function applied(cues: readonly Cue[], steps: readonly Step[]): readonly Cue[] | null {
  const places = new Map(cues.map((cue, at) => [cue.key, at]));
  const runs: { first: number; step: Step }[] = [];
  for (const step of steps) {
    const first = step.before.length ? places.get(step.before[0]!.key) : step.follows === null ? 0 : plus(places.get(step.follows), 1);
    if (first === undefined || !step.before.every((cue, at) => isSame(cues[first + at], cue))) return null;
    runs.push({ first, step });
  }
  const result: Cue[] = [];
  let done = 0;
  for (const { first, step } of runs) {
    result.push(...cues.slice(done, first), ...step.after);
    done = first + step.before.length;
  }
  return [...result, ...cues.slice(done)];
}

function plus(place: number | undefined, more: number): number | undefined {
  return place === undefined ? undefined : place + more;
}

function isSame(there: Cue | undefined, wanted: Cue): boolean {
  return there !== undefined && there.key === wanted.key && isSameContent(there, wanted);
}
