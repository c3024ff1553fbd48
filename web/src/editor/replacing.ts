// Finding and replacing within cues. Pure.
import type { Cue } from './cue';
import { withText, type Step } from './operations';

export interface Place {
  cue: number; // index
  from: number;
  to: number; // in its text
}

function pattern(query: string, isCaseExact: boolean): RegExp | null {
  const text = query.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&').replace(/\s+/g, '\\s+');
  return query.trim() ? new RegExp(text, isCaseExact ? 'gu' : 'giu') : null;
}

export function findPlaces(cues: readonly Cue[], query: string, isCaseExact: boolean): Place[] {
  const wanted = pattern(query, isCaseExact);
  if (!wanted) return [];
  const places: Place[] = [];
  cues.forEach((cue, at) => {
    for (const match of cue.text.matchAll(wanted)) places.push({ cue: at, from: match.index, to: match.index + match[0].length });
  });
  return places;
}

// Places of a cue in order; a cue of which nothing would be left stays.
export function replaced(cues: readonly Cue[], places: readonly Place[], by: string): Step[] {
  const steps: Step[] = [];
  for (let first = 0; first < places.length; ) {
    const at = places[first]!.cue;
    const cue = cues[at]!;
    let text = '';
    let done = 0;
    for (; places[first]?.cue === at; ++first) {
      text += cue.text.slice(done, places[first]!.from) + by;
      done = places[first]!.to;
    }
    const fresh = withText(cue, text + cue.text.slice(done));
    if (fresh !== cue && fresh.text) steps.push({ before: [cue], after: [fresh], follows: cues[at - 1]?.key ?? null });
  }
  return steps;
}
