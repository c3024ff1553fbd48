// What the page of a transcript shows: the stored one, or what a running job has found so far.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { get, sentence } from '../server/client';
import type { Job, SegmentEvent, Transcript } from '../server/types';
import { hasTranscript, isLive } from '../state/jobs';
import { readingOf, segmentOfEvent, segmentsOf, type Reading, type Segment } from './reading';

export interface Shown {
  reading: Reading;
  transcript: Transcript | null;
  error: string;
}

const showEveryMs = 250;

export function useTranscript(job: Job | undefined): Shown {
  const [transcript, setTranscript] = useState<Transcript | null>(null);
  const [found, setFound] = useState<Segment[]>([]);
  const [error, setError] = useState('');
  const id = job?.id;
  const live = job !== undefined && isLive(job);
  const isDone = job !== undefined && hasTranscript(job);

  // The job's events from the first one on: also what was found before this page came.
  useEffect(() => {
    if (!live) return;
    const segments: Segment[] = [];
    let timer = 0;
    const source = new EventSource(`/api/events?job=${id}&last_event_id=0`);
    source.addEventListener('segment', (event) => {
      const segment: SegmentEvent = JSON.parse((event as MessageEvent<string>).data);
      segments[segment.index] = segmentOfEvent(segment);
      timer ||= window.setTimeout(() => {
        timer = 0;
        setFound(segments.filter(Boolean));
      }, showEveryMs);
    });
    return () => {
      source.close();
      clearTimeout(timer);
    };
  }, [id, live]);

  useEffect(() => {
    if (!isDone) return;
    get<Transcript>(`/api/jobs/${id}/transcript.json`).then(setTranscript, (problem) => setError(sentence(problem)));
  }, [id, isDone]);

  const reading = useMemo(() => readingOf(transcript ? segmentsOf(transcript) : found), [transcript, found]);
  return { reading, transcript, error };
}
