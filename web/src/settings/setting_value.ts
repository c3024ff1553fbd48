// Values of settings as text, and back. Pure.
import { parseSize } from '../parts/format';
import type { Setting, SettingValue } from '../server/types';
import { texts } from '../texts';

const powers = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function sizeText(bytes: number): string {
  let at = 0;
  let value = bytes;
  while (value >= 1024 && value % 1024 === 0 && at < powers.length - 1) {
    value /= 1024;
    ++at;
  }
  return at === 0 ? String(value) : `${value} ${powers[at]}`;
}

export function valueText(setting: Setting, value: SettingValue): string {
  if (typeof value === 'boolean') return value ? texts.settings.yes : texts.settings.no;
  return setting.kind === 'size' ? sizeText(Number(value)) : String(value);
}

// What is no number stays text, for the server to say what is allowed.
export function readValue(setting: Setting, text: string): SettingValue {
  if (setting.kind === 'text' || setting.kind === 'choice') return text;
  const value = setting.kind === 'size' ? parseSize(text) : text.trim() === '' ? NaN : Number(text);
  return Number.isNaN(value) ? text : value;
}
