// Light, dark, or as the system has it; remembered in this browser.
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const key = 'verbatim.theme';
const stored = localStorage.getItem(key);

export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
export const isDark = signal(false);

function update(): void {
  isDark.value = theme.value === 'dark' || (theme.value === 'system' && systemIsDark.matches);
}

systemIsDark.addEventListener('change', update);
effect(() => {
  if (theme.value === 'system') {
    localStorage.removeItem(key);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(key, theme.value);
    document.documentElement.dataset.theme = theme.value;
  }
  update();
});

export function nextTheme(): void {
  theme.value = theme.value === 'system' ? (isDark.value ? 'light' : 'dark') : theme.value === 'dark' ? 'light' : 'dark';
}
