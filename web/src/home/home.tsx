// Where files come in, and everything that was made of them: newest first, in one column.
import { jobList, jobSignal } from '../state/jobs';
import { uploads } from '../state/uploads';
import { DropZone } from './drop_zone';
import './home.css';
import { JobList } from './job_list';
import { texts } from '../texts';
import { UploadRow } from './upload_row';

export function Home() {
  const own = uploads.value.filter((upload) => !upload.job.value || !jobSignal(upload.job.value));
  return (
    <>
      <DropZone isCompact={jobList.value.length + own.length > 0} />
      {own.length > 0 && (
        <ul class="rows" aria-label={texts.upload.title}>
          {own.map((upload) => (
            <UploadRow key={upload.key} upload={upload} />
          ))}
        </ul>
      )}
      <JobList />
    </>
  );
}
