// Which rows of the library are chosen, for doing one thing with all of them.
import { computed, signal } from '@preact/signals';
import type { Job } from '../server/types';
import { jobList } from './jobs';

const chosen = signal<ReadonlySet<string>>(new Set());
let last = ''; // from here Shift chooses

export const isChoosing = signal(false);
export const chosenJobs = computed<Job[]>(() => jobList.value.map((job) => job.value).filter((job) => chosen.value.has(job.id)));

export function isChosen(id: string): boolean {
  return chosen.value.has(id);
}

export function choose(id: string, does: boolean, withRange: boolean): void {
  const ids = jobList.peek().map((job) => job.peek().id);
  const [from, to] = [ids.indexOf(last), ids.indexOf(id)].sort((a, b) => a - b) as [number, number];
  const range = withRange && from >= 0 ? ids.slice(from, to + 1) : [id];
  const next = new Set(chosen.peek());
  for (const one of range) {
    if (does) next.add(one);
    else next.delete(one);
  }
  last = id;
  chosen.value = next;
  isChoosing.value = next.size > 0;
}

export function chooseAll(): void {
  chosen.value = new Set(jobList.peek().map((job) => job.peek().id));
}

export function chooseNone(): void {
  chosen.value = new Set();
  isChoosing.value = false;
  last = '';
}
