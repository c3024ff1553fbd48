// A stored transcript, its revisions and changes to it.
import { get, patch, post, send } from './client';
import type { ChangeAnswer, ChangeWish, Revision, Transcript } from './types';

const ifMatch = (revision: number) => ({ 'If-Match': `"${revision}"` });

export async function getTranscript(job: string, revision?: number): Promise<{ transcript: Transcript; revision: number }> {
  const response = await send('GET', `/api/jobs/${job}/transcript.json${revision === undefined ? '' : `?revision=${revision}`}`);
  return { transcript: await response.json(), revision: Number(response.headers.get('Transcript-Revision') ?? 0) };
}

export function patchTranscript(job: string, revision: number, changes: ChangeWish[], summary: string): Promise<ChangeAnswer> {
  return patch(`/api/jobs/${job}/transcript`, { changes, summary }, ifMatch(revision));
}

export function restoreRevision(job: string, now: number, wanted: number): Promise<{ revision: number }> {
  return post(`/api/jobs/${job}/transcript/restore`, { revision: wanted }, ifMatch(now));
}

export function getRevisions(job: string, before?: number): Promise<{ revisions: Revision[]; next: string | null }> {
  return get(`/api/jobs/${job}/transcript/revisions?limit=50${before === undefined ? '' : `&before=${before}`}`);
}
