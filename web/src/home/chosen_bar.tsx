// What can be done with the rows that are chosen.
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { IconButton } from '../parts/icon_button';
import { useKeys } from '../parts/keys';
import { TagField } from '../parts/tag_field';
import { withTag } from '../parts/tags';
import type { Job } from '../server/types';
import { deleteJobs, describe, hasTranscript, isLive } from '../state/jobs';
import { chooseAll, chooseNone, chosenJobs } from '../state/selection';
import { texts } from '../texts';
import { ExportDialog } from './export_dialog';

const jobsOfAddress = 200; // a server takes addresses of 8 KB

function addressesOf(jobs: Job[]): string[] {
  const parts: string[] = [];
  for (let at = 0; at < jobs.length; at += jobsOfAddress) parts.push(`jobs=${jobs.slice(at, at + jobsOfAddress).map((job) => job.id).join()}`);
  return parts;
}

function AddTags({ jobs, onClose }: { jobs: Job[]; onClose: () => void }) {
  const [tags, setOwn] = useState<string[]>([]);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    for (const job of jobs) void describe(job.id, { tags: tags.reduce(withTag, job.tags) });
    onClose();
  };
  return (
    <Dialog title={texts.library.addTagsTo(jobs.length)} onClose={onClose}>
      <form class="details-form" onSubmit={onSubmit}>
        <TagField tags={tags} onChange={setOwn} />
        <button type="submit" class="button primary">
          {texts.library.keep}
        </button>
      </form>
    </Dialog>
  );
}

export function ChosenBar() {
  const [open, setOpen] = useState<'' | 'export' | 'tags'>('');
  const jobs = chosenJobs.value;
  useKeys(jobs.length ? { Escape: chooseNone } : {});
  if (jobs.length === 0) return null;
  const words = texts.library;
  const readable = jobs.filter(hasTranscript);
  const ended = jobs.filter((job) => !isLive(job));
  const close = () => setOpen('');
  return (
    <div class="chosen-bar" role="toolbar" aria-label={words.chosen(jobs.length)}>
      <p class="number" role="status">
        {words.chosen(jobs.length)}
      </p>
      <IconButton icon="select" label={words.chooseAll} onClick={chooseAll} />
      {readable.length > 0 && (
        <button type="button" class="button plain" onClick={() => setOpen('export')}>
          <Icon name="archive" />
          {words.exportZip}
        </button>
      )}
      <button type="button" class="button plain" onClick={() => setOpen('tags')}>
        <Icon name="tag" />
        {words.addTags}
      </button>
      {ended.length > 0 && (
        <button type="button" class="button plain" onClick={() => { chooseNone(); deleteJobs(ended); }}>
          <Icon name="trash" />
          {texts.job.remove}
        </button>
      )}
      <IconButton icon="close" label={words.chooseNone} onClick={chooseNone} />
      {open === 'export' && <ExportDialog which={addressesOf(readable)} onClose={close} />}
      {open === 'tags' && <AddTags jobs={jobs} onClose={close} />}
    </div>
  );
}
