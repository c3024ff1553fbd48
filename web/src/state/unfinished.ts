// Which uploads of this browser are not finished, so that a reload loses none.
import type { JobOptions } from '../server/types';

export interface Unfinished {
  key: string;
  name: string;
  size: number;
  modified: number;
  options: JobOptions;
  addresses: string[]; // of the upload, or of its parts
  job: string; // made already; "" if none
}

type FileFacts = Pick<Unfinished, 'name' | 'size' | 'modified'>;

const key = 'verbatim.uploads';

export function loadUnfinished(): Unfinished[] {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '[]');
  } catch {
    return [];
  }
}

function store(entries: Unfinished[]): void {
  localStorage.setItem(key, JSON.stringify(entries));
}

export function forgetUnfinished(which: string): void {
  store(loadUnfinished().filter((entry) => entry.key !== which));
}

export function rememberUnfinished(
  upload: FileFacts & { key: string; options: JobOptions; job: { value: string } },
  addresses: string[],
): void {
  const { key: which, name, size, modified, options } = upload;
  forgetUnfinished(which);
  store([...loadUnfinished(), { key: which, name, size, modified, options, addresses, job: upload.job.value }]);
}

export function isSameFile(facts: FileFacts, file: File): boolean {
  return facts.name === file.name && facts.size === file.size && facts.modified === file.lastModified;
}
