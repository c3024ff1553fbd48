import { Empty } from '../parts/empty';
import { Late } from '../parts/late';
import { LoadFailed } from '../parts/load_failed';
import { isLoaded, jobList, loadError, loadMore, loadNewest, nextPage, tagShown } from '../state/jobs';
import { uploads } from '../state/uploads';
import { texts } from '../texts';
import { ChosenBar } from './chosen_bar';
import { JobRow } from './job_row';
import { LibraryBar } from './library_bar';

export function JobList() {
  const jobs = jobList.value;
  if (loadError.value && jobs.length === 0) return <LoadFailed error={loadError.value} onAgain={loadNewest} />;
  if (!isLoaded.value) {
    return (
      <Late>
        <div class="rows" aria-hidden="true">
          {[1, 2, 3].map((row) => (
            <div key={row} class="row-skeleton" />
          ))}
        </div>
      </Late>
    );
  }
  if (jobs.length === 0) {
    if (uploads.value.length || tagShown.value) return tagShown.value ? <LibraryBar /> : null;
    return (
      <Empty icon="wave" title={texts.list.emptyTitle}>
        <p>{texts.list.empty}</p>
      </Empty>
    );
  }
  return (
    <section aria-label={texts.list.title}>
      <LibraryBar />
      <ul class="rows">
        {jobs.map((job) => (
          <JobRow key={job.peek().id} job={job} />
        ))}
      </ul>
      <ChosenBar />
      {nextPage.value && (
        <div class="rows-more">
          <button type="button" class="button" onClick={() => void loadMore()}>
            {texts.list.more}
          </button>
        </div>
      )}
    </section>
  );
}
