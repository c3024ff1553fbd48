// Files on their way to the server (tus 1.0): in parts as large as it says, several at once where it
// takes them, with pause, and resumed after a reload once the file has been chosen again.
import { signal, type Signal } from '@preact/signals';
import { Upload as Tus, type HttpResponse } from 'tus-js-client';
import { get, post, Problem, sentence } from '../server/client';
import { on } from '../server/events';
import type { Job, JobOptions } from '../server/types';
import { choice, jobOptions } from './options';
import { forgetUnfinished, isSameFile, loadUnfinished, rememberUnfinished, type Unfinished } from './unfinished';

export type UploadState = 'waiting' | 'sending' | 'paused' | 'interrupted' | 'failed';

export interface Upload {
  key: string;
  name: string;
  size: number;
  modified: number;
  options: JobOptions;
  file: File | null; // none after a reload
  isResumed: boolean;
  isCut: boolean; // failed because the server could not be reached
  state: Signal<UploadState>;
  sent: Signal<number>;
  speed: Signal<number>; // bytes a second
  error: Signal<string>;
  job: Signal<string>; // made while bytes still come
  tus: Tus | null;
}

const filesAtOnce = 2;
const partsAtOnce = 3;
const serverError = 500; // and above: not the fault of what was sent

export const uploads = signal<readonly Upload[]>([]);

interface Rules {
  partBytes: number;
  isParallel: boolean;
}

// Asked for each file: settings may change while the page is open.
async function askRules(): Promise<Rules> {
  const { headers } = await fetch('/api/uploads', { method: 'OPTIONS' });
  return {
    partBytes: Number(headers.get('Upload-Chunk-Size')) || 50 * 2 ** 20,
    isParallel: headers.get('Tus-Extension')?.includes('concatenation') ?? false,
  };
}

function makeUpload(from: Pick<Upload, 'key' | 'name' | 'size' | 'modified' | 'options' | 'file'>, state: UploadState, sent = 0): Upload {
  return {
    ...from,
    isResumed: state === 'interrupted',
    isCut: false,
    state: signal(state),
    sent: signal(sent),
    speed: signal(0),
    error: signal(''),
    job: signal(''),
    tus: null,
  };
}

// Unfinished uploads of this browser that the server still has; and those that could not reach it go on
// by themselves once it is there again.
export async function followUploads(): Promise<void> {
  on('open', () => uploads.value.filter((one) => one.state.value === 'failed' && one.isCut).forEach(resume));
  const found = await Promise.all(loadUnfinished().map(restore));
  uploads.value = [...uploads.value, ...found.filter((one) => one !== null)];
}

async function restore(entry: Unfinished): Promise<Upload | null> {
  let sent = 0;
  let isGone = false;
  try {
    for (const address of entry.addresses) sent += (await get<{ offset: number }>(address)).offset;
  } catch (error) {
    isGone = error instanceof Problem && (error.status === 404 || error.status === 410);
  }
  if (isGone || sent >= entry.size) {
    forgetUnfinished(entry.key);
    return null;
  }
  const upload = makeUpload({ ...entry, file: null }, 'interrupted', sent);
  upload.job.value = entry.job;
  return upload;
}

// A file that was interrupted goes on; others are new.
export function addFiles(files: File[]): void {
  const options = jobOptions(choice.value);
  const fresh: Upload[] = []; // the newest first, as in the list; the oldest begins
  for (const file of files) {
    const known = uploads.value.find((one) => one.state.value === 'interrupted' && isSameFile(one, file));
    if (known) {
      known.file = file;
      known.state.value = 'waiting';
    } else {
      const from = { name: file.name, size: file.size, modified: file.lastModified };
      fresh.unshift(makeUpload({ key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, ...from, options, file }, 'waiting'));
    }
  }
  uploads.value = [...fresh, ...uploads.value];
  startWaiting();
}

function startWaiting(): void {
  const sending = uploads.value.filter((one) => one.state.value === 'sending').length;
  const waiting = uploads.value.filter((one) => one.state.value === 'waiting').reverse();
  for (const upload of waiting.slice(0, Math.max(0, filesAtOnce - sending))) void start(upload);
}

async function start(upload: Upload): Promise<void> {
  upload.state.value = 'sending';
  upload.error.value = '';
  try {
    upload.tus ??= await makeTus(upload, await askRules());
    if (upload.state.value === 'sending') upload.tus.start();
  } catch (error) {
    fail(upload, error);
  }
}

function fail(upload: Upload, error: unknown): void {
  upload.state.value = 'failed';
  upload.isCut = statusOf(error) === 0 || statusOf(error) >= serverError;
  upload.error.value = problemOf(error);
  startWaiting();
}

// Of the answer; 0: there was none.
function statusOf(error: unknown): number {
  if (error instanceof Problem) return error.status;
  return (error as { originalResponse?: HttpResponse | null }).originalResponse?.getStatus() ?? 0;
}

// tus-js-client hands on what the server said as text.
function problemOf(error: unknown): string {
  const body = (error as { originalResponse?: HttpResponse | null }).originalResponse?.getBody();
  try {
    if (body) return JSON.parse(body).detail;
  } catch {
    // No problem document: said in other words below.
  }
  return sentence(error instanceof Error && 'originalRequest' in error ? new TypeError() : error);
}

async function makeTus(upload: Upload, known: Rules): Promise<Tus> {
  const isParallel = known.isParallel && upload.size > known.partBytes;
  const meter = makeMeter(upload);
  const tus: Tus = new Tus(upload.file!, {
    endpoint: '/api/uploads',
    chunkSize: known.partBytes,
    parallelUploads: isParallel ? partsAtOnce : 1,
    uploadDataDuringCreation: false,
    retryDelays: [0, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000],
    removeFingerprintOnSuccess: true,
    // What is sent in parts becomes a job when the last byte is there; else the job begins at once.
    metadata: isParallel
      ? { filename: upload.name, job: JSON.stringify(upload.options) }
      : { filename: upload.name },
    onProgress: (sent) => {
      upload.sent.value = sent;
      meter(sent);
    },
    onUploadUrlAvailable: () => {
      rememberUnfinished(upload, addressesOf(tus));
      if (!isParallel && tus.url) void beginJob(upload, tus.url);
    },
    onSuccess: () => finish(upload),
    onError: (error) => fail(upload, error),
    onShouldRetry: (error) => {
      const status = statusOf(error);
      return status === 0 || status >= serverError || status === 409 || status === 423 || status === 429;
    },
  });
  const earlier = upload.isResumed ? await tus.findPreviousUploads() : [];
  if (earlier[0]) tus.resumeFromPreviousUpload(earlier[0]);
  return tus;
}

function addressesOf(tus: Tus): string[] {
  const parts = (tus as unknown as { _parallelUploadUrls?: (string | null)[] })._parallelUploadUrls ?? [];
  return (tus.url ? [tus.url] : parts.filter((one) => one !== null)).map((url) => new URL(url, location.href).pathname);
}

async function beginJob(upload: Upload, url: string): Promise<void> {
  if (upload.job.value) return;
  const id = url.slice(url.lastIndexOf('/') + 1);
  try {
    const job = await post<Job>('/api/jobs', { upload: id, ...upload.options }, { 'Idempotency-Key': id });
    upload.job.value = job.id;
    // A small file may be there before its job is.
    if (uploads.value.includes(upload)) rememberUnfinished(upload, [new URL(url, location.href).pathname]);
  } catch (error) {
    void upload.tus?.abort();
    fail(upload, error);
  }
}

// Speed over the last few seconds.
function makeMeter(upload: Upload): (sent: number) => void {
  const marks: { at: number; sent: number }[] = [];
  return (sent) => {
    const at = performance.now();
    marks.push({ at, sent });
    while (marks.length > 2 && at - marks[0]!.at > 5000) marks.shift();
    const first = marks[0]!;
    if (at - first.at > 300) upload.speed.value = Math.max(0, ((sent - first.sent) / (at - first.at)) * 1000);
  };
}

function finish(upload: Upload): void {
  drop(upload);
  startWaiting();
}

function drop(upload: Upload): void {
  forgetUnfinished(upload.key);
  uploads.value = uploads.value.filter((one) => one !== upload);
}

export async function pause(upload: Upload): Promise<void> {
  upload.state.value = 'paused';
  await upload.tus?.abort();
  startWaiting();
}

export function resume(upload: Upload): void {
  upload.state.value = 'waiting';
  startWaiting();
}

// Takes a file back, with what the server has of it.
export async function discard(upload: Upload): Promise<void> {
  const addresses = upload.tus ? addressesOf(upload.tus) : (loadUnfinished().find((one) => one.key === upload.key)?.addresses ?? []);
  drop(upload);
  try {
    await upload.tus?.abort();
    if (upload.job.value) await post(`/api/jobs/${upload.job.value}/cancel`);
    for (const address of addresses) await fetch(address, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } });
  } catch {
    // The server removes it by itself in a day.
  }
  startWaiting();
}
