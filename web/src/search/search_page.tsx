// Hits over all transcripts, file by file; each opens at the moment it was said.
import { useEffect, useState } from 'preact/hooks';
import { Empty } from '../parts/empty';
import { clock } from '../parts/format';
import { Icon } from '../parts/icon';
import { LoadFailed } from '../parts/load_failed';
import { get, sentence } from '../server/client';
import type { Hit, Job } from '../server/types';
import { hasTranscript, nameOf } from '../state/jobs';
import { transcriptAddress } from '../state/route';
import { texts } from '../texts';
import './search_page.css';

interface Found {
  total: number;
  hits: Hit[];
  names: Job[]; // that are called like this
}

const pageSize = 50;
const namesMax = 6;

async function namesLike(query: string, signal?: AbortSignal): Promise<Job[]> {
  const { jobs } = await get<{ jobs: Job[] }>(`/api/jobs?q=${encodeURIComponent(query.trim())}&limit=${namesMax}`, { signal });
  return jobs.filter(hasTranscript);
}

export function byFile(hits: Hit[]): { job: string; name: string; hits: Hit[] }[] {
  const groups = new Map<string, Hit[]>();
  for (const hit of hits) groups.set(hit.job, [...(groups.get(hit.job) ?? []), hit]);
  return [...groups].map(([job, own]) => ({ job, name: own[0]!.title || own[0]!.filename || texts.job.unnamed, hits: own.toSorted((a, b) => a.start - b.start) }));
}

// What is looked for within the transcript: the words that matched.
function wordsOf(hit: Hit): string {
  return hit.pieces.find((piece) => piece.is_hit)?.text ?? '';
}

function HitLine({ hit }: { hit: Hit }) {
  return (
    <li>
      <a class="hit" href={transcriptAddress(hit.job, hit.start, wordsOf(hit))}>
        <span class="hit-time number">{clock(hit.start)}</span>
        <span dir="auto">
          {hit.pieces.map((piece, at) => (piece.is_hit ? <mark key={at}>{piece.text}</mark> : piece.text))}
        </span>
      </a>
    </li>
  );
}

export function SearchPage({ query }: { query: string }) {
  const [found, setFound] = useState<Found | null>(null);
  const [error, setError] = useState('');

  const load = async (offset: number, signal?: AbortSignal) => {
    const [page, names] = await Promise.all([
      get<Omit<Found, 'names'>>(`/api/search?q=${encodeURIComponent(query)}&limit=${pageSize}&offset=${offset}`, { signal }),
      offset ? (found?.names ?? []) : namesLike(query, signal),
    ]);
    setError('');
    setFound((before) => ({ total: page.total, hits: offset ? [...(before?.hits ?? []), ...page.hits] : page.hits, names }));
  };
  const [asks, setAsks] = useState(0); // how often it was asked anew
  useEffect(() => {
    if (!query.trim()) return setFound(null);
    const abort = new AbortController();
    load(0, abort.signal).catch((problem) => abort.signal.aborted || setError(sentence(problem)));
    return () => abort.abort();
  }, [query, asks]);

  if (!query.trim()) return <Empty icon="search" title={texts.search.ask}><p>{texts.search.noneHint}</p></Empty>;
  if (error) return <LoadFailed error={error} onAgain={() => setAsks(asks + 1)} />;
  if (!found) return null;
  if (found.hits.length === 0 && found.names.length === 0) return <Empty icon="search" title={texts.search.none}><p>{texts.search.noneHint}</p></Empty>;
  return (
    <>
      <h1>{texts.search.title(query)}</h1>
      <p class="quiet number" role="status">{texts.search.total(found.total)}</p>
      {found.names.length > 0 && (
        <section class="hit-names" aria-label={texts.search.names}>
          {found.names.map((job) => (
            <a key={job.id} class="button" href={transcriptAddress(job.id)} dir="auto">
              <Icon name="wave" />
              <span class="one-line">{nameOf(job)}</span>
            </a>
          ))}
        </section>
      )}
      {byFile(found.hits).map((group) => (
        <section key={group.job} class="hit-file">
          <h2 class="one-line">
            <a href={transcriptAddress(group.job)}>{group.name}</a>
          </h2>
          <ul>
            {group.hits.map((hit) => (
              <HitLine key={hit.segment} hit={hit} />
            ))}
          </ul>
        </section>
      ))}
      {found.hits.length < found.total && (
        <div class="rows-more">
          <button type="button" class="button" onClick={() => void load(found.hits.length)}>
            {texts.search.more}
          </button>
        </div>
      )}
    </>
  );
}
