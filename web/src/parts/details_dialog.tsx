// What a person calls a transcript, and its tags.
import { useId, useState } from 'preact/hooks';
import type { Job } from '../server/types';
import { describe } from '../state/jobs';
import { texts } from '../texts';
import './details_dialog.css';
import { Dialog } from './dialog';
import { TagField } from './tag_field';

export function DetailsDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const id = useId();
  const [title, setTitle] = useState(job.title);
  const [tags, setTags] = useState(job.tags);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void describe(job.id, { title: title.trim(), tags });
    onClose();
  };
  return (
    <Dialog title={texts.library.details} onClose={onClose}>
      <form class="details-form" onSubmit={onSubmit}>
        <div class="field">
          <label for={id}>{texts.library.name}</label>
          <input id={id} class="input" value={title} maxLength={200} placeholder={job.filename} autocomplete="off" autofocus dir="auto" onInput={(event) => setTitle(event.currentTarget.value)} />
        </div>
        <TagField tags={tags} onChange={setTags} />
        <button type="submit" class="button primary">
          {texts.library.keep}
        </button>
      </form>
    </Dialog>
  );
}
