// What the server's API sends: docs/http-api.md, /openapi.json.

export type JobState = 'queued' | 'running' | 'completed' | 'completed_with_gaps' | 'failed' | 'cancelled';

export interface Job {
  id: string;
  state: JobState;
  priority: number;
  filename: string;
  title: string;
  tags: string[];
  created: string;
  started: string | null;
  finished: string | null;
  position_s: number;
  duration_s: number | null;
  share: number;
  speed: number | null;
  eta_s: number | null;
  language: string | null;
  options: JobOptions;
  error: { code: string; message: string } | null;
  upload: string;
  why_waiting: string | null;
  transcripts: Record<string, string>;
}

export interface JobOptions {
  model?: string;
  language?: string;
  task?: 'transcribe' | 'translate';
  beam_size?: number;
  hotwords?: string;
  prompt?: string;
  word_timestamps?: boolean;
}

export interface Progress {
  job: string;
  share: number;
  position_s: number;
  duration_s: number | null;
  speed: number | null;
  eta_s: number | null;
}

export interface EventWord {
  word: string;
  start: number;
  end: number;
  probability: number;
}

export interface SegmentEvent {
  job: string;
  index: number;
  start: number;
  end: number;
  text: string;
  words?: EventWord[];
}

export type WordData = [text: string, start: number, end: number, probability: number];

export interface Coverage {
  start: number;
  end: number;
  status: 'transcribed' | 'no_speech' | 'uncertain' | 'failed';
  reason?: string;
}

export interface Transcript {
  language: string;
  duration: number;
  model: string;
  task: string;
  text: string;
  segments: { id: number; start: number; end: number; text: string; temperature: number; word_data: WordData[] }[];
  coverage: Coverage[];
  warnings: string[];
}

// A segment as a person wants it; without words the server finds their times.
export interface SegmentWish {
  start: number;
  end: number;
  text: string;
  words?: EventWord[];
}

export interface SegmentData extends SegmentWish {
  id: number;
}

export interface ChangeWish {
  first: number;
  count: number;
  segments: SegmentWish[];
}

export interface ChangeAnswer {
  revision: number;
  changes: { first: number; count: number; segments: SegmentData[] }[];
}

export interface Revision {
  revision: number;
  time: string;
  summary: string;
  segments_changed: number;
}

export interface TagCount {
  tag: string;
  jobs: number;
}

export interface Hit {
  job: string;
  filename: string;
  title: string;
  segment: number;
  start: number;
  end: number;
  text: string;
  pieces: { text: string; is_hit: boolean }[];
}

export interface Reading {
  value: number;
  tier: string;
  source: string;
}

export type SettingValue = string | number | boolean;

export interface Setting {
  name: string;
  kind: 'flag' | 'integer' | 'size' | 'decimal' | 'text' | 'choice';
  value: SettingValue;
  default: SettingValue;
  min?: number;
  max?: number;
  choices?: string[];
  is_live: boolean;
  origin: string;
  unit?: string;
  help: string;
}

export interface Performance {
  settings: Setting[];
  resources: {
    cores: Reading;
    memory_total_bytes: Reading;
    memory_available_bytes: Reading;
    memory_used_percent: number;
    process_memory_bytes: Reading | null;
    load: Reading | null;
    disk_free_bytes: Reading | null;
  };
  pressure: { level: number; name: string; is_short: boolean; workers: number };
  workers: { optimal: number; bound: string; sentence: string; reasons: string[]; engine: number };
  queue: { queued: number; running: number; oldest_wait_s: number };
  recent: { realtime_factor: number; ended: number; failed: number; timed_out: number };
}

export interface Recommendation {
  id: string;
  severity: string;
  category: string;
  message: string;
  evidence: string;
  expected_gain: string;
  action: { setting: string; value: string } | { command: string } | null;
}

// A recommendation that was followed.
export interface Applied {
  id: string;
  setting: string;
  applied: string;
  can_undo: boolean;
}

export interface SettingChange {
  time: string;
  name: string;
  before: SettingValue;
  after: SettingValue;
  reason: string;
}

export type Column = (number | null)[];

export interface History {
  step: number;
  times: number[];
  series: Record<string, { mean: Column; min?: Column; max?: Column }>;
}
