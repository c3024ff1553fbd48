// What of a transcript is only here, kept by the browser over reloads and crashes: changes that the server
// does not have yet, one draft for each transcript and tab, and what this tab can undo.
import type { Change } from './changes';
import { lastKeyNow, type Cue } from './cue';
import { emptyStack, type Entry, type UndoStack } from './undo_stack';

export interface Draft {
  job: string;
  tab: string;
  revision: number; // that the changes are of
  changes: readonly Change[];
}

// What the steps of a tab are about: they name cues by key.
export interface Track {
  job: string;
  tab: string;
  time: number; // ms
  revision: number;
  keys: Int32Array; // of the cues of that revision
  lastKey: number; // no key that is known here is higher
  done: number[]; // ids of entries
  undone: number[];
}

export interface Kept {
  drafts: Draft[]; // also those of tabs that are gone
  track: Track | null; // of this tab
  stack: UndoStack;
}

export const nothingKept: Kept = { drafts: [], track: null, stack: emptyStack };

const version = 2;
const tabKey = 'verbatim.tab';
const keptMs = 30 * 24 * 3600 * 1000; // tracks of tabs that never came back

function findTab(): string {
  const known = sessionStorage.getItem(tabKey);
  if (known) return known;
  const fresh = `${Date.now()}-${Math.random()}`;
  sessionStorage.setItem(tabKey, fresh);
  return fresh;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open('verbatim', version);
  request.onupgradeneeded = () => {
    const base = request.result;
    for (const name of [...base.objectStoreNames]) base.deleteObjectStore(name);
    base.createObjectStore('drafts', { keyPath: ['job', 'tab'] });
    base.createObjectStore('tracks', { keyPath: ['job', 'tab'] });
    base.createObjectStore('entries', { keyPath: ['job', 'tab', 'id'] });
  };
  return settled(request).then((base) => {
    base.onversionchange = () => base.close(); // a newer page needs it
    forgetOld(base);
    return base;
  });
}

// Each store of one transaction.
function storesOf(base: IDBDatabase, mode: IDBTransactionMode) {
  const work = base.transaction(['drafts', 'tracks', 'entries'], mode, { durability: 'relaxed' });
  const whole = new Promise<void>((resolve, reject) => {
    work.oncomplete = () => resolve();
    work.onabort = () => reject(work.error);
  });
  return { drafts: work.objectStore('drafts'), tracks: work.objectStore('tracks'), entries: work.objectStore('entries'), whole };
}

const allOf = (...key: string[]) => IDBKeyRange.bound(key, [...key, []]);

function forgetOld(base: IDBDatabase): void {
  const { tracks, entries, whole } = storesOf(base, 'readwrite');
  whole.catch(() => {}); // the next page tries again
  tracks.openCursor().onsuccess = (event) => {
    const cursor = (event.target as IDBRequest<IDBCursorWithValue | null>).result;
    if (!cursor) return;
    const { job, tab, time } = cursor.value as Track;
    if (time < Date.now() - keptMs) {
      cursor.delete();
      entries.delete(allOf(job, tab));
    }
    cursor.continue();
  };
}

export class Drafts {
  private readonly tab = findTab();
  private known = new Set<number>(); // entries that are kept
  private adopted: Draft[] = []; // of other tabs; they go once they are kept as our own

  constructor(private readonly job: string) {}

  isOwn(draft: Draft): boolean {
    return draft.tab === this.tab;
  }

  async find(): Promise<Kept> {
    const { drafts, tracks, entries } = storesOf(await (opened ??= open()), 'readonly');
    const [found, track, steps] = await Promise.all([
      settled<Draft[]>(drafts.getAll(allOf(this.job))),
      settled<Track | undefined>(tracks.get([this.job, this.tab])),
      settled<Entry[]>(entries.getAll(allOf(this.job, this.tab))),
    ]);
    this.adopted = found.filter((draft) => !this.isOwn(draft));
    this.known = new Set(steps.map((entry) => entry.id));
    const byId = new Map(steps.map((entry) => [entry.id, entry]));
    const listed = (ids: number[]) => ids.flatMap((id) => byId.get(id) ?? []);
    return { drafts: found, track: track ?? null, stack: track ? { done: listed(track.done), undone: listed(track.undone) } : emptyStack };
  }

  // All or nothing: steps without the text that they are about could not be undone.
  async keep(revision: number, base: readonly Cue[], changes: readonly Change[], stack: UndoStack): Promise<void> {
    const { job, tab } = this;
    const { drafts, tracks, entries, whole } = storesOf(await (opened ??= open()), 'readwrite');
    const all = [...stack.done, ...stack.undone];
    const ids = new Set(all.map((entry) => entry.id));
    for (const entry of all) if (!this.known.has(entry.id)) entries.put({ job, tab, ...entry });
    for (const id of this.known) if (!ids.has(id)) entries.delete([job, tab, id]);
    for (const other of this.adopted) drafts.delete([job, other.tab]);
    if (changes.length) drafts.put({ job, tab, revision, changes } satisfies Draft);
    else drafts.delete([job, tab]);
    const idsOf = (side: readonly Entry[]) => side.map((entry) => entry.id);
    const track: Track = { job, tab, time: Date.now(), revision, keys: Int32Array.from(base, (cue) => cue.key), lastKey: lastKeyNow(), done: idsOf(stack.done), undone: idsOf(stack.undone) };
    if (changes.length || all.length) tracks.put(track);
    else tracks.delete([job, tab]);
    await whole;
    this.known = ids;
    this.adopted = [];
  }
}
