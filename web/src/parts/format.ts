// Numbers as people read them.

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

// 1 KB is 1000 B, as file managers have it.
export function bytes(count: number, digits?: number): string {
  let at = 0;
  let value = Math.max(0, count);
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    ++at;
  }
  return `${value.toFixed(digits ?? (at >= 3 || (at === 2 && value < 9.95) ? 1 : 0))} ${units[at]}`;
}

// 1:02:03, or 2:03.
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

// 1:02:03.45, or 2:03.45: as exact as cues are.
export function exactClock(seconds: number): string {
  const hundredths = Math.max(0, Math.round(seconds * 100));
  return `${clock(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`;
}

// Of "1:02:03.45", "2:03" or "3.5"; NaN if it is none.
export function parseClock(text: string): number {
  if (!/^(\d+:){0,2}\d+([.,]\d*)?$/.test(text.trim())) return NaN;
  return text.trim().replace(',', '.').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

// How long it still takes: coarser the longer it is.
export function wait(seconds: number): string {
  if (seconds < 1) return '1 s';
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export function times(factor: number): string {
  return `${factor >= 10 || factor === 0 ? Math.round(factor) : factor.toFixed(1)}\u00d7`;
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

// 14:31 today, else the day.
export function moment(iso: string, now = new Date()): string {
  const date = new Date(iso);
  if (date.toDateString() === now.toDateString()) {
    return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  }
  const year = date.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year });
}

// A size as settings have it: "50 MiB".
export function parseSize(text: string): number {
  const found = /^([\d.]+)\s*(?:([KMGT])i?B)?$/i.exec(text.trim());
  if (!found) return NaN;
  const power = found[2] ? 'KMGT'.indexOf(found[2].toUpperCase()) + 1 : 0;
  return Number(found[1]) * 1024 ** power;
}

// A sentence of the server, which begins small.
export function capitalised(text: string): string {
  const isName = /^\w+_/.test(text); // of a setting
  return (isName ? text : text.charAt(0).toUpperCase() + text.slice(1)) + (text.endsWith('.') ? '' : '.');
}
