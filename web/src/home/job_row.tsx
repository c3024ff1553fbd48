import type { Signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { Bar } from '../parts/bar';
import { DetailsDialog } from '../parts/details_dialog';
import { capitalised, clock, moment, times, wait } from '../parts/format';
import { Icon, type IconName } from '../parts/icon';
import { IconButton } from '../parts/icon_button';
import { Menu, type Item } from '../parts/menu';
import type { Job } from '../server/types';
import { cancel, deleteJobs, hasTranscript, isLive, lineOf, nameOf, retry, setPriority, showTag } from '../state/jobs';
import { transcriptAddress } from '../state/route';
import { choose, isChoosing, isChosen } from '../state/selection';
import { uploads } from '../state/uploads';
import { texts } from '../texts';
import { languageName } from './languages';
import { UploadActions, UploadBar, UploadFacts } from './upload_row';

const marks: Record<Job['state'], { icon: IconName; look: string }> = {
  queued: { icon: 'clock', look: '' },
  running: { icon: 'wave', look: 'working' },
  completed: { icon: 'check', look: 'good' },
  completed_with_gaps: { icon: 'alert', look: 'attention' },
  failed: { icon: 'alert', look: 'bad' },
  cancelled: { icon: 'stop', look: '' },
};

function actionsOf(job: Job, onDetails: () => void): Item[] {
  const words = texts.job;
  const items: Item[] = [
    { label: texts.library.details, icon: 'tag', run: onDetails },
    { label: texts.library.choose, icon: 'select', run: () => choose(job.id, true, false) },
  ];
  if (job.state === 'queued') {
    if (job.priority < 10) items.push({ label: words.first, icon: 'up', run: () => void setPriority(job.id, 10) });
    if (job.priority !== 0) items.push({ label: words.normal, icon: 'level', run: () => void setPriority(job.id, 0) });
    if (job.priority > -10) items.push({ label: words.later, icon: 'down', run: () => void setPriority(job.id, -10) });
  }
  for (const [format, address] of Object.entries(job.transcripts)) {
    const label = texts.transcript.formats[format as 'srt'];
    if (format !== 'json') items.push({ label, icon: 'download', href: `${address}?download=true` });
  }
  if (!isLive(job)) items.push({ label: words.remove, icon: 'trash', isGrave: true, run: () => deleteJobs([job]) });
  return items;
}

function Facts({ job }: { job: Job }) {
  const words = texts.job;
  if (job.state === 'failed') return <span class="row-facts bad">{capitalised(job.error?.message ?? words.states.failed)}</span>;
  const facts: (string | false | null)[] = [];
  if (job.state === 'queued') {
    facts.push(job.why_waiting ?? words.states.queued);
    facts.push(job.priority > 0 && words.raised, job.priority < 0 && words.lowered);
  } else if (job.state === 'running') {
    facts.push(words.states.running, job.duration_s ? texts.transcript.at(clock(job.position_s), clock(job.duration_s)) : null);
    facts.push(job.speed ? times(job.speed) : null, job.eta_s ? words.left(wait(job.eta_s)) : null);
  } else if (job.state === 'cancelled') {
    facts.push(words.cancelled);
  } else {
    facts.push(job.state === 'completed_with_gaps' && words.states.completed_with_gaps);
    facts.push(job.duration_s ? clock(job.duration_s) : null, job.language ? languageName(job.language) : null);
    facts.push(job.options.task === 'translate' && words.translation, job.speed ? times(job.speed) : null);
  }
  facts.push(!isLive(job) && moment(job.finished ?? job.created));
  return (
    <span class="row-facts number">
      {facts.filter(Boolean).map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </span>
  );
}

// The mark of a row turns into a box to tick when it is pointed at, or when rows are being chosen.
function Mark({ job, name }: { job: Job; name: string }) {
  const { icon, look } = marks[job.state];
  return (
    <label class={`row-mark ${look}`} title={texts.job.states[job.state]}>
      <input type="checkbox" class="row-check" checked={isChosen(job.id)} aria-label={texts.library.chooseOne(name)} onClick={(event) => choose(job.id, event.currentTarget.checked, event.shiftKey)} />
      <Icon name={icon} />
      <span class="hidden">{texts.job.states[job.state]}</span>
    </label>
  );
}

function Tags({ job }: { job: Job }) {
  if (job.tags.length === 0) return null;
  return (
    <span class="row-tags">
      {job.tags.map((tag) => (
        <button key={tag} type="button" class="tag" onClick={() => showTag(tag)}>
          {tag}
        </button>
      ))}
    </span>
  );
}

export function JobRow({ job: source }: { job: Signal<Job> }) {
  const job = source.value;
  const upload = uploads.value.find((one) => one.job.value === job.id);
  const [showsDetails, setShowsDetails] = useState(false);
  const name = nameOf(job);
  const opens = hasTranscript(job) || job.state === 'running';
  const line = job.state === 'running' ? lineOf(job.id).value : '';
  const items = actionsOf(job, () => setShowsDetails(true));
  return (
    <li class={`row ${isChosen(job.id) ? 'chosen' : ''} ${isChoosing.value ? 'choosing' : ''}`}>
      <Mark job={job} name={name} />
      <div class="one-line">
        {opens ? (
          <a class="row-name" href={transcriptAddress(job.id)} title={job.filename} dir="auto">
            {name}
          </a>
        ) : (
          <span class="row-name" title={job.filename} dir="auto">
            {name}
          </span>
        )}
        {upload && <UploadFacts upload={upload} />}
        {(!upload || job.state === 'running') && <Facts job={job} />}
      </div>
      <div class="row-actions">
        <Tags job={job} />
        {upload && <UploadActions upload={upload} />}
        {isLive(job) && !upload && <IconButton icon="close" label={texts.job.cancel(name)} onClick={() => void cancel(job.id)} />}
        {(job.state === 'failed' || job.state === 'cancelled') && (
          <button type="button" class="button small" onClick={() => void retry(job.id)}>
            {texts.job.retry}
          </button>
        )}
        <Menu label={texts.job.more(name)} items={items}>
          <Icon name="more" />
        </Menu>
      </div>
      {(upload || job.state === 'running') && (
        <div class="row-below">
          {job.state === 'running' && <p class="row-line one-line">{line && `\u201c${line}\u201d`}</p>}
          {upload && <UploadBar upload={upload} />}
          {job.state === 'running' && <Bar share={job.share} label={texts.job.progress(name)} />}
        </div>
      )}
      {showsDetails && <DetailsDialog job={job} onClose={() => setShowsDetails(false)} />}
    </li>
  );
}
