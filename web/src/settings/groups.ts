// Which settings stand together; the first that fits. One that is new stands under "More" until it has a place.
export const groups = ['workers', 'files', 'jobs', 'engine', 'server', 'connections', 'other'] as const;
export type Group = (typeof groups)[number];

const patterns: [RegExp, Group][] = [
  [/^(auth|tls_|allowed_|trusted_)|_per_minute$/, 'server'],
  [/connection|^(header|body|keep_alive)_timeout/, 'connections'],
  [/timeout_seconds|_jobs_/, 'jobs'],
  [/worker|memory|tune/, 'workers'],
  [/file_size|upload|disk|chunk/, 'files'],
  [/^(model|models_loaded_max|compute_type|threads|batch)$/, 'engine'],
  [/^(listen|data_dir|log_)/, 'server'],
];

export function groupOf(name: string): Group {
  return patterns.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}
