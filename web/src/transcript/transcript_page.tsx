// One transcript: the player at the side, the text beside it.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CuePanel } from '../editor/cue_panel';
import { Editor } from '../editor/editor';
import type { EditedTranscript } from '../editor/edited_transcript';
import { confirmWord } from '../editor/operations';
import { Writer } from '../editor/writer';
import { languageName } from '../home/languages';
import { Bar } from '../parts/bar';
import { DetailsDialog } from '../parts/details_dialog';
import { Empty } from '../parts/empty';
import { capitalised, clock, moment, times, wait } from '../parts/format';
import { Icon } from '../parts/icon';
import { IconButton } from '../parts/icon_button';
import { useKeys } from '../parts/keys';
import { Late } from '../parts/late';
import { LoadFailed } from '../parts/load_failed';
import { Menu, type Item } from '../parts/menu';
import { getText, Problem, sentence } from '../server/client';
import type { Job } from '../server/types';
import { cancel, deleteJobs, hasTranscript, isLive, jobSignal, loadJob, nameOf, retry } from '../state/jobs';
import { say } from '../state/notes';
import { go, replace, transcriptAddress } from '../state/route';
import { uploads } from '../state/uploads';
import { texts } from '../texts';
import { DoubtBar } from './doubt_bar';
import { save, toHtml, toMarkdown } from './exports';
import { FindBar } from './find_bar';
import { findIndex, findMatches } from './find';
import { Gaps } from './gaps';
import { Player } from './player';
import { PlayerPanel } from './player_panel';
import type { Reading } from './reading';
import { timeInView } from './scrolling';
import { TextView } from './text_view';
import './transcript_page.css';
import { useTranscript } from './use_transcript';

const noCoverage: never[] = [];
const noMatches: never[] = [];

function exportItems(job: Job, reading: Reading): Item[] {
  const names = texts.transcript.formats;
  const stem = job.title || job.filename.replace(/\.[^.]+$/, '') || texts.job.unnamed;
  const stored = (['srt', 'vtt', 'txt'] as const).map((format): Item => ({ label: names[format], icon: 'download', href: `/api/jobs/${job.id}/transcript.${format}?download=true` }));
  return [
    ...stored,
    { label: names.md, icon: 'download', run: () => save(`${stem}.md`, 'text/markdown', toMarkdown(stem, reading)) },
    { label: names.html, icon: 'download', run: () => save(`${stem}.html`, 'text/html', toHtml(stem, job.language ?? 'en', reading)) },
    { label: names.json, icon: 'download', href: `/api/jobs/${job.id}/transcript.json?download=true&words=true` },
    { label: names.tsv, icon: 'download', href: `/api/jobs/${job.id}/transcript.tsv?download=true` },
  ];
}

async function copy(text: string, done: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  say(done);
}

interface HeadingProperties {
  job: Job;
  reading: Reading;
  player: Player;
  onFind: () => void;
  onEdit: (() => void) | null; // null: there is nothing to edit, or it is being edited
  isWriting: boolean;
}

function Heading({ job, reading, player, onFind, onEdit, isWriting }: HeadingProperties) {
  const [showsDetails, setShowsDetails] = useState(false);
  const words = texts.transcript;
  const canCopy = navigator.clipboard !== undefined; // browsers give it to secure addresses alone
  const share = () => void copy(`${location.origin}${location.pathname}${transcriptAddress(job.id, player.time.peek())}`, words.shared);
  const items: Item[] = [{ label: texts.library.details, icon: 'tag', run: () => setShowsDetails(true) }];
  if (canCopy) items.push({ label: words.share, icon: 'link', run: share });
  if (canCopy && hasTranscript(job)) {
    items.push({ label: words.copy, icon: 'copy', run: async () => void copy(await getText(`/api/jobs/${job.id}/transcript.txt`), words.copied) });
  }
  if (!isLive(job)) items.push({ label: texts.job.remove, icon: 'trash', isGrave: true, run: () => { deleteJobs([job]); go('#/'); } });
  return (
    <header class="transcript-head">
      <div class="transcript-title">
        <a class="small" href="#/">
          {words.back}
        </a>
        <h1 title={job.filename} dir="auto">
          {nameOf(job)}
        </h1>
      </div>
      <div class="transcript-tools">
        {!isWriting && <IconButton icon="search" label={`${words.find} ( / )`} onClick={onFind} />}
        {onEdit && (
          <button type="button" class="button" aria-label={texts.editor.edit} title={`${texts.editor.edit} ( E )`} onClick={onEdit}>
            <Icon name="edit" />
            <span class="button-words">{texts.editor.edit}</span>
          </button>
        )}
        {hasTranscript(job) && (
          <Menu label={words.export} buttonClass="button" items={exportItems(job, reading)}>
            <Icon name="download" />
            <span class="button-words">{words.export}</span>
          </Menu>
        )}
        <Menu label={texts.job.more(nameOf(job))} items={items}>
          <Icon name="more" />
        </Menu>
      </div>
      {showsDetails && <DetailsDialog job={job} onClose={() => setShowsDetails(false)} />}
    </header>
  );
}

function Facts({ job, reading }: { job: Job; reading: Reading }) {
  const facts = [
    job.duration_s && clock(job.duration_s),
    reading.words.length > 0 && texts.transcript.words(reading.words.length),
    job.language && languageName(job.language),
    job.options.task === 'translate' && texts.job.translation,
    job.options.model,
    job.speed && times(job.speed),
    moment(job.finished ?? job.created),
  ];
  return (
    <p class="transcript-facts quiet small number">
      {[...facts, ...job.tags.map((tag) => `#${tag}`)].filter(Boolean).map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </p>
  );
}

function Progress({ job }: { job: Job }) {
  if (!isLive(job)) return null;
  const words = texts.job;
  const line = job.state === 'queued' ? (job.why_waiting ?? words.states.queued) : [words.states.running, job.speed && times(job.speed), job.eta_s && words.left(wait(job.eta_s))].filter(Boolean).join(' \u00b7 ');
  return (
    <div class="transcript-progress">
      <p class="number small">{line}</p>
      <IconButton icon="close" label={words.cancel(job.filename)} onClick={() => void cancel(job.id)} />
      <Bar share={job.share} label={words.progress(job.filename)} />
    </div>
  );
}

function NoText({ job, edited }: { job: Job; edited: EditedTranscript | null }) {
  const words = texts.transcript;
  if (edited?.error.value) return <LoadFailed error={edited.error.value} onAgain={() => edited.load()} />;
  if (job.state === 'failed' || job.state === 'cancelled') {
    return (
      <Empty icon="alert" title={texts.job.states[job.state]}>
        <p>{capitalised(job.error?.message ?? texts.job.cancelled)}</p>
        <button type="button" class="button primary" onClick={() => void retry(job.id)}>
          {texts.job.retry}
        </button>
      </Empty>
    );
  }
  const failed = edited?.transcript.value?.coverage.filter((span) => span.status === 'failed') ?? [];
  if (failed.length > 0) return <Empty icon="alert" title={words.nothingRead}><Gaps spans={failed} /></Empty>;
  if (hasTranscript(job)) return <Empty icon="wave" title={words.noSpeech} />;
  return (
    <Empty icon="wave" title={job.state === 'queued' ? texts.job.states.queued : words.waitingForText}>
      <p>{job.why_waiting ?? words.live}</p>
    </Empty>
  );
}

export function TranscriptPage({ id, query }: { id: string; query: URLSearchParams }) {
  const [problem, setProblem] = useState<unknown>(null);
  const load = () => loadJob(id).catch(setProblem);
  useEffect(() => void load(), [id]);
  const job = jobSignal(id)?.value;
  if (job) return <OneTranscript job={job} query={query} />;
  if (!problem) return <Late><div class="row-skeleton" /></Late>;
  if (!(problem instanceof Problem && problem.status === 404)) return <LoadFailed error={sentence(problem)} onAgain={load} />;
  return (
    <Empty icon="alert" title={texts.problem.notFoundTitle}>
      <p>{texts.problem.notFound}</p>
      <a class="button" href="#/">
        {texts.problem.toTranscripts}
      </a>
    </Empty>
  );
}

// The cue that a word of the reading is of, and which of its words it is.
function confirm(edited: EditedTranscript, index: number): void {
  const cues = edited.cues.value;
  let at = 0;
  let word = index;
  while (at < cues.length && word >= cues[at]!.words.length) word -= cues[at++]!.words.length;
  if (at < cues.length) edited.edit('confirm', confirmWord(cues, at, word), null, null);
}

function OneTranscript({ job, query }: { job: Job; query: URLSearchParams }) {
  const player = useRef(new Player()).current;
  const isWriting = query.has('edit') && hasTranscript(job);
  const { reading, edited } = useTranscript(job, isWriting);
  const writer = useMemo(() => edited && new Writer(edited, player), [edited]);
  const [finding, setFinding] = useState<string | null>(query.get('q'));
  const [findAsks, setFindAsks] = useState(0); // how often the reader asked to find
  const [matchNow, setMatchNow] = useState(0);
  const [inView, setInView] = useState<number | null>(null); // time at which the other mode goes on
  const text = useRef<HTMLDivElement>(null);
  const isFinding = finding !== null;
  const index = useMemo(() => (isFinding ? findIndex(reading.words) : null), [reading, isFinding]);
  const matches = useMemo(() => (index ? findMatches(index, finding ?? '') : noMatches), [index, finding]);
  const transcript = edited?.transcript.value ?? null;
  const error = edited?.error.value ?? '';
  const coverage = transcript?.coverage ?? noCoverage;
  const retried = useMemo(() => transcript?.segments.filter((segment) => segment.temperature > 0) ?? noCoverage, [transcript]);
  const isUploading = uploads.value.some((upload) => upload.job.value === job.id);
  const duration = transcript?.duration ?? job.duration_s ?? 0;

  useEffect(() => {
    document.title = `${nameOf(job)} \u00b7 ${texts.product}`;
  }, [nameOf(job)]);
  useEffect(() => {
    if (duration > player.duration.value) player.duration.value = duration;
  }, [duration]);

  // A link to a moment opens there, at the match that lies there.
  const openAt = query.has('at') ? Number(query.get('at')) || 0 : null;
  useEffect(() => {
    if (openAt !== null) player.seek(openAt);
  }, [openAt]);
  useEffect(() => {
    if (openAt === null || matches.length === 0) return;
    setMatchNow(Math.max(0, matches.findIndex((match) => reading.words[match.last]!.end > openAt)));
  }, [openAt, reading]);

  const find = () => {
    setFinding(finding ?? '');
    setFindAsks(findAsks + 1);
  };
  const step = (steps: number) => matches.length && setMatchNow((matchNow + steps + matches.length) % matches.length);
  const switchTo = (writes: boolean) => {
    const time = text.current && timeInView(text.current);
    setInView(time);
    if (writes) writer!.selectAt(time ?? player.time.peek());
    setFinding(null);
    replace(writes ? `${transcriptAddress(job.id)}?edit` : transcriptAddress(job.id));
  };
  const canEdit = writer !== null && transcript !== null && reading.words.length > 0;
  const edit = () => switchTo(true);
  useKeys({
    ...(isWriting ? {} : { '/': find, Escape: () => setFinding(null) }),
    ...(canEdit && !isWriting ? { e: edit } : {}),
    ' ': () => player.toggle(),
    k: () => player.toggle(),
    j: () => player.step(-10),
    l: () => player.step(10),
    ArrowLeft: () => player.step(-5),
    ArrowRight: () => player.step(5),
    '<': () => player.changeSpeed(-1),
    '>': () => player.changeSpeed(1),
    c: () => player.showCaptions(!player.hasCaptions.value),
    f: () => player.fullScreen(),
  });

  return (
    <>
      <Heading job={job} reading={reading} player={player} onFind={find} onEdit={canEdit && !isWriting ? edit : null} isWriting={isWriting} />
      <div class={`transcript-columns ${isWriting ? 'writing' : ''}`}>
        <div class="transcript-side">
          <PlayerPanel job={job} player={player} reading={reading} coverage={coverage} retried={retried} isUploading={isUploading} revision={edited?.revision.value ?? 0} />
          {isWriting && writer ? <CuePanel writer={writer} /> : <DoubtBar reading={reading} player={player} onRight={edited && ((word) => confirm(edited, word))} />}
          <Progress job={job} />
          <Facts job={job} reading={reading} />
          {job.state === 'completed_with_gaps' && <p class="small attention-note"><Icon name="alert" />{texts.job.gaps}</p>}
        </div>
        <div class="transcript-text" ref={text}>
          {finding !== null && !isWriting && (
            <FindBar key={findAsks} takesFocus={findAsks > 0} query={finding} now={matchNow} count={matches.length} onQuery={(text) => { setFinding(text); setMatchNow(0); }} onStep={step} onClose={() => setFinding(null)} />
          )}
          {isWriting && writer && transcript ? (
            <Editor writer={writer} openAt={inView} onDone={() => switchTo(false)} />
          ) : reading.words.length ? (
            <TextView reading={reading} coverage={coverage} player={player} matches={matches} matchNow={matchNow} isLive={isLive(job)} openAt={openAt ?? inView} />
          ) : hasTranscript(job) && !transcript && !error ? null : (
            <NoText job={job} edited={edited} />
          )}
        </div>
      </div>
    </>
  );
}
