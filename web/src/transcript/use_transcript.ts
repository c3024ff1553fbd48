// What the page of a transcript shows: the stored one, with what was changed of it here, or what a
// running job has found so far.
import { effect } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { EditedTranscript } from '../editor/edited_transcript';
import { openStream } from '../server/stream';
import type { Job, SegmentEvent } from '../server/types';
import { hasTranscript, isLive } from '../state/jobs';
import { readingOf, segmentOfEvent, type Reading, type Segment } from './reading';

export interface Shown {
  reading: Reading;
  edited: EditedTranscript | null;
}

const showEveryMs = 250;
const writingPauseMs = 600; // then what is derived from all words is made anew

export function useTranscript(job: Job, isWriting: boolean): Shown {
  const [segments, setSegments] = useState<readonly Segment[]>([]);
  const { id } = job;
  const live = isLive(job);
  const isDone = hasTranscript(job);
  const edited = useMemo(() => (isDone ? new EditedTranscript(id) : null), [id, isDone]);

  // The job's events from the first one on: also what was found before this page came.
  useEffect(() => {
    if (!live) return;
    const found: Segment[] = [];
    let timer = 0;
    const stream = openStream({
      address: () => `/api/events?job=${id}&last_event_id=0`,
      types: ['segment'],
      onEvent: (_type, data) => {
        const segment = data as SegmentEvent;
        found[segment.index] = segmentOfEvent(segment);
        timer ||= window.setTimeout(() => {
          timer = 0;
          setSegments(found.filter(Boolean));
        }, showEveryMs);
      },
    });
    return () => {
      stream.close();
      clearTimeout(timer);
    };
  }, [id, live]);

  useEffect(() => {
    void edited?.load();
    return () => edited?.close();
  }, [edited]);

  useEffect(() => {
    let timer = 0;
    const stop = effect(() => {
      clearTimeout(timer);
      if (!edited?.transcript.value) return;
      const cues = edited.cues.value;
      if (isWriting) timer = window.setTimeout(() => setSegments(cues), writingPauseMs);
      else setSegments(cues);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [edited, isWriting]);

  const reading = useMemo(() => readingOf(segments), [segments]);
  return { reading, edited };
}
