// What the text was before: every change that was saved; an older state can be looked at and restored.
import { useEffect, useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog';
import { clock, moment } from '../parts/format';
import { sentence } from '../server/client';
import { getRevisions, getTranscript } from '../server/transcripts';
import type { Revision } from '../server/types';
import { complain, sayWithAction } from '../state/notes';
import { texts } from '../texts';
import { changesBetween } from './changes';
import { cuesOfTranscript, type Cue } from './cue';
import type { EditedTranscript } from './edited_transcript';
import './history_dialog.css';
import { withKeys } from './rebase';

const words = texts.editor.revisions;

function useRevisions(edited: EditedTranscript) {
  const [list, setList] = useState<Revision[]>([]);
  const [isWhole, setWhole] = useState(false);
  const [error, setError] = useState('');
  const now = edited.revision.value;
  const load = async (before?: number) => {
    try {
      const page = await getRevisions(edited.job, before);
      setList((known) => [...(before === undefined ? [] : known), ...page.revisions]);
      setWhole(page.next === null);
    } catch (problem) {
      setError(sentence(problem));
    }
  };
  useEffect(() => void load(), [now]);
  return { list, isWhole, error, more: () => void load(list.at(-1)?.revision) };
}

interface Older {
  revision: number;
  cues: readonly Cue[];
  isOther: ReadonlySet<number>; // keys of cues that are not as they are now
}

async function loadOlder(edited: EditedTranscript, revision: number): Promise<Older> {
  const now = edited.cues.value;
  const cues = withKeys(now, cuesOfTranscript((await getTranscript(edited.job, revision)).transcript));
  return { revision, cues, isOther: new Set(changesBetween(now, cues).flatMap((change) => change.cues.map((cue) => cue.key))) };
}

async function restore(edited: EditedTranscript, revision: number): Promise<void> {
  try {
    const before = await edited.restore(revision);
    sayWithAction(words.restored(revision), texts.undo, () => void restore(edited, before));
  } catch (problem) {
    complain(sentence(problem));
  }
}

function OlderText({ older }: { older: Older }) {
  return (
    <ol class="older" tabIndex={0} aria-label={words.textOf(older.revision)}>
      {older.cues.map((cue) => (
        <li key={cue.key} class={older.isOther.has(cue.key) ? 'other' : undefined}>
          <span class="number quiet small">{clock(cue.start)}</span>
          <p dir="auto">
            {older.isOther.has(cue.key) && <span class="hidden">{words.other}: </span>}
            {cue.text}
          </p>
        </li>
      ))}
    </ol>
  );
}

export function HistoryDialog({ edited, onClose }: { edited: EditedTranscript; onClose: () => void }) {
  const { list, isWhole, error, more } = useRevisions(edited);
  const [older, setOlder] = useState<Older | null>(null);
  const now = edited.revision.value;
  const look = (revision: number) => loadOlder(edited, revision).then(setOlder, (problem) => complain(sentence(problem)));
  const entries = isWhole && !list.some((one) => one.revision === 0) ? [...list, { revision: 0, time: '', summary: words.first, segments_changed: 0 }] : list;
  return (
    <Dialog title={texts.editor.history} kind="wide" onClose={onClose}>
      {error && <p class="quiet">{error}</p>}
      <div class="history">
        <ul class="history-list">
          {entries.map((one) => (
            <li key={one.revision}>
              <button type="button" class="history-entry" aria-pressed={older?.revision === one.revision} onClick={() => void look(one.revision)}>
                <strong>{one.revision === now ? words.now : one.revision === 0 ? words.first : one.summary || words.changed}</strong>
                <span class="small quiet number">
                  {[one.time && moment(one.time), one.revision === now && one.summary, one.segments_changed > 0 && words.passages(one.segments_changed)].filter(Boolean).join(' \u00b7 ')}
                </span>
              </button>
            </li>
          ))}
          {!isWhole && list.length > 0 && (
            <li>
              <button type="button" class="button small" onClick={more}>
                {texts.list.more}
              </button>
            </li>
          )}
        </ul>
        <div class="history-text">
          {older ? (
            <>
              <div class="history-head">
                <p class="small quiet" role="status">
                  {older.revision === now ? words.isNow : words.differs(older.isOther.size)}
                </p>
                {older.revision !== now && (
                  <button type="button" class="button primary small" onClick={() => void restore(edited, older.revision).then(onClose)}>
                    {words.restore}
                  </button>
                )}
              </div>
              <OlderText older={older} />
            </>
          ) : (
            <p class="quiet">{words.choose}</p>
          )}
        </div>
      </div>
    </Dialog>
  );
}
