// What was kept here, put on what the server has now. Pure.
import { changed, type Change } from './changes';
import { nextKey, skipKeys, type Cue } from './cue';
import type { Draft, Kept } from './drafts';
import { rebased, withKeys } from './rebase';
import { emptyStack, type UndoStack } from './undo_stack';

export interface Resumed {
  base: readonly Cue[];
  cues: readonly Cue[];
  stack: UndoStack;
}

// Cues that the server has, at one of its revisions.
export interface Past {
  revision: number;
  cues: readonly Cue[];
}

// Revisions that something kept is of, besides the newest.
export function revisionsOf({ drafts, track }: Kept, newest: number): number[] {
  const all = [...drafts.map((draft) => draft.revision), ...(track ? [track.revision] : [])];
  return [...new Set(all)].filter((revision) => revision !== newest);
}

function keyed(cues: readonly Cue[], keys: Int32Array): readonly Cue[] | null {
  return cues.length === keys.length ? cues.map((cue, at) => ({ ...cue, key: keys[at]! })) : null;
}

// Another tab counts its keys by itself: cues that stayed have those of the base, others new ones.
function rekeyed(base: readonly Cue[], changes: readonly Change[]): Change[] {
  return changes.map((change) => ({
    ...change,
    cues: change.cues.map((cue, at) => ({ ...cue, key: at < change.count ? base[change.first + at]!.key : nextKey() })),
  }));
}

// `past` has the newest cues and those of `revisionsOf`.
export function resumed(kept: Kept, newest: Past, past: readonly Past[], isOwn: (draft: Draft) => boolean): Resumed {
  const { track, drafts } = kept;
  const at = (revision: number) => [newest, ...past].find((one) => one.revision === revision)?.cues;
  if (track) skipKeys(track.lastKey);
  const own = track && keyed(at(track.revision) ?? [], track.keys); // as this tab knew them
  let base = own ? withKeys(own, newest.cues) : newest.cues;
  let cues = base;
  for (const draft of drafts) {
    const isTracked = own !== null && isOwn(draft) && draft.revision === track!.revision;
    const before = at(draft.revision);
    if (!before) continue;
    const from = isTracked ? own : withKeys(base, before);
    const local = changed(from, isTracked ? draft.changes : rekeyed(from, draft.changes));
    cues = rebased(from, local, withKeys(from, cues)).cues;
    base = withKeys(from, base);
  }
  return { base, cues, stack: own ? kept.stack : emptyStack };
}
