// How the next files are to be transcribed; remembered in this browser.
import { effect, signal } from '@preact/signals';
import { get } from '../server/client';
import type { JobOptions } from '../server/types';

export interface Choice {
  language: string; // "" is automatic
  model: string; // "" is the server's own
  task: 'transcribe' | 'translate';
  quality: 'fast' | 'careful';
  hotwords: string;
}

const key = 'verbatim.options';
const defaults: Choice = { language: '', model: '', task: 'transcribe', quality: 'fast', hotwords: '' };

function stored(): Choice {
  try {
    return { ...defaults, ...JSON.parse(localStorage.getItem(key) ?? '{}') };
  } catch {
    return defaults;
  }
}

export const choice = signal<Choice>(stored());
effect(() => localStorage.setItem(key, JSON.stringify(choice.value)));

export const models = signal<string[]>([]);

export async function loadModels(): Promise<void> {
  const list = await get<{ data: { id: string }[] }>('/v1/models');
  models.value = list.data.map((model) => model.id).filter((id) => id !== 'whisper-1');
  if (choice.value.model && !models.value.includes(choice.value.model)) choice.value = { ...choice.value, model: '' };
}

// A model for English alone neither hears other languages nor translates.
export function isEnglishOnly(model: string): boolean {
  return model.endsWith('.en');
}

export function jobOptions(from: Choice): JobOptions {
  const options: JobOptions = { word_timestamps: true };
  if (from.model) options.model = from.model;
  if (from.language) options.language = from.language;
  if (from.task === 'translate') options.task = 'translate';
  if (from.quality === 'careful') options.beam_size = 5;
  if (from.hotwords.trim()) options.hotwords = from.hotwords.trim();
  return options;
}
