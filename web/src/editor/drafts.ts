// Changes that the server does not have yet, kept by the browser over reloads and crashes: one draft for
// each transcript and tab.
import type { ChangeWish } from '../server/types';

export interface Draft {
  job: string;
  tab: string;
  revision: number; // that the changes are of
  changes: ChangeWish[];
}

const storeName = 'drafts';
const tabKey = 'verbatim.tab';

function thisTab(): string {
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
  const request = indexedDB.open('verbatim', 1);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: ['job', 'tab'] });
  return settled(request);
}

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  opened ??= open();
  return (await opened).transaction(storeName, mode, { durability: 'relaxed' }).objectStore(storeName);
}

export async function keepDraft(job: string, revision: number, changes: ChangeWish[]): Promise<void> {
  await settled((await store('readwrite')).put({ job, tab: thisTab(), revision, changes } satisfies Draft));
}

export async function forgetDraft(job: string): Promise<void> {
  await settled((await store('readwrite')).delete([job, thisTab()]));
}

// Takes the drafts of a transcript out: also those of tabs that are gone.
export async function takeDrafts(job: string): Promise<Draft[]> {
  const drafts = await store('readwrite');
  const range = IDBKeyRange.bound([job], [job, []]);
  const found: Draft[] = await settled(drafts.getAll(range));
  await settled(drafts.delete(range));
  return found;
}
