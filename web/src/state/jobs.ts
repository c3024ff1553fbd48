// The jobs that this page knows, kept as the server has them by its events.
import { computed, signal, type Signal } from '@preact/signals';
import { get, patch, post, Problem, remove, sentence } from '../server/client';
import { on } from '../server/events';
import type { Job, Progress, SegmentEvent, TagCount } from '../server/types';
import { texts } from '../texts';
import { actUnlessUndone, complain } from './notes';

const pageSize = 50;

const known = signal<ReadonlyMap<string, Signal<Job>>>(new Map());
const hidden = signal<ReadonlySet<string>>(new Set()); // about to be deleted

// The end of what a running job has found so far.
const lines = new Map<string, Signal<string>>();

export const isLoaded = signal(false);
export const loadError = signal('');
export const nextPage = signal<string | null>(null);

export const tags = signal<readonly TagCount[]>([]);
export const tagShown = signal(''); // "": all

// Newest first.
export const jobList = computed(() =>
  [...known.value.values()]
    .filter((job) => !hidden.value.has(job.peek().id) && (!tagShown.value || job.peek().tags.includes(tagShown.value)))
    .sort((a, b) => b.peek().created.localeCompare(a.peek().created) || b.peek().id.localeCompare(a.peek().id)),
);

export function isLive(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

export function hasTranscript(job: Job): boolean {
  return job.state === 'completed' || job.state === 'completed_with_gaps';
}

// What a person called it, else its file.
export function nameOf(job: Job): string {
  return job.title || job.filename || texts.job.unnamed;
}

export function lineOf(id: string): Signal<string> {
  let line = lines.get(id);
  if (!line) lines.set(id, (line = signal('')));
  return line;
}

export function jobSignal(id: string): Signal<Job> | undefined {
  return known.value.get(id);
}

function keep(jobs: Job[]): void {
  const fresh = jobs.filter((job) => !known.peek().has(job.id));
  let hasOtherTags = fresh.some((job) => job.tags.length > 0);
  for (const job of jobs) {
    const there = known.peek().get(job.id);
    if (!there) continue;
    hasOtherTags ||= there.peek().tags.join() !== job.tags.join();
    there.value = job;
  }
  if (hasOtherTags) void loadTags();
  if (fresh.length === 0 && !hasOtherTags) return;
  known.value = new Map([...known.peek(), ...fresh.map((job) => [job.id, signal(job)] as const)]);
}

function forget(id: string): void {
  const rest = new Map(known.peek());
  rest.delete(id);
  lines.delete(id);
  known.value = rest;
}

async function load(path: string): Promise<void> {
  try {
    const page = await get<{ jobs: Job[]; next: string | null }>(path);
    keep(page.jobs);
    nextPage.value = page.next;
    loadError.value = '';
  } catch (error) {
    loadError.value = sentence(error);
  }
  isLoaded.value = true;
}

const ofTag = () => (tagShown.value ? `&tag=${encodeURIComponent(tagShown.value)}` : '');
export const loadNewest = () => load(`/api/jobs?limit=${pageSize}${ofTag()}`);
export const loadMore = () => load(nextPage.value!);

async function loadTags(): Promise<void> {
  tags.value = await get<{ tags: TagCount[] }>('/api/tags').then((answer) => answer.tags, () => tags.value);
  if (tagShown.value && !tags.value.some((one) => one.tag === tagShown.value)) showTag(''); // nothing has it any more
}

export function showTag(tag: string): void {
  tagShown.value = tag;
  void loadNewest();
}

// One job that need not be among the newest.
export async function loadJob(id: string): Promise<void> {
  keep([await get<Job>(`/api/jobs/${id}`)]);
}

export function followJobs(): void {
  on('open', () => {
    void loadNewest();
    void loadTags();
  });
  on('reset', loadNewest);
  on<Job>('job', (job) => {
    keep([job]);
    if (!isLive(job)) lines.delete(job.id);
  });
  on<Progress>('progress', (progress) => {
    const job = known.peek().get(progress.job);
    if (!job) return;
    const { share, position_s, duration_s, speed, eta_s } = progress;
    job.value = { ...job.peek(), state: 'running', why_waiting: null, share, position_s, duration_s, speed, eta_s };
  });
  on<SegmentEvent>('segment', (segment) => {
    lineOf(segment.job).value = segment.text.trim();
  });
}

async function change(work: () => Promise<Job>): Promise<void> {
  try {
    keep([await work()]);
  } catch (error) {
    complain(sentence(error));
  }
}

export const cancel = (id: string) => change(() => post<Job>(`/api/jobs/${id}/cancel`));
export const retry = (id: string) => change(() => post<Job>(`/api/jobs/${id}/retry`));
export const setPriority = (id: string, priority: number) => change(() => patch<Job>(`/api/jobs/${id}`, { priority }));

export const describe = (id: string, details: { title?: string; tags?: string[] }) => change(() => patch<Job>(`/api/jobs/${id}`, details));

async function removeJob(id: string): Promise<void> {
  try {
    await remove(`/api/jobs/${id}`);
    forget(id);
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'not_found')) complain(sentence(error));
  }
}

export function deleteJobs(jobs: Job[]): void {
  const ids = jobs.map((job) => job.id);
  hidden.value = new Set([...hidden.value, ...ids]);
  const show = () => {
    hidden.value = new Set([...hidden.value].filter((id) => !ids.includes(id)));
  };
  const act = async () => {
    await Promise.all(ids.map(removeJob));
    show();
    void loadTags();
  };
  actUnlessUndone(jobs.length === 1 ? texts.job.deleted(nameOf(jobs[0]!)) : texts.library.deleted(jobs.length), texts.undo, act, show);
}
