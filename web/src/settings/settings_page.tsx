// Every setting, from its definition; those that may change while the server runs can be changed.
import { signal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { LoadFailed } from '../parts/load_failed';
import { get, patch, sentence } from '../server/client';
import { on } from '../server/events';
import type { Setting, SettingValue } from '../server/types';
import { sayWithAction } from '../state/notes';
import { texts } from '../texts';
import { groupOf, groups } from './groups';
import { SettingField } from './setting_field';
import './settings_page.css';

const settings = signal<Setting[] | null>(null);
const loadError = signal('');
const errors = signal<Record<string, string>>({});
const wanted = signal('');
const onlyChanged = signal(false);

async function load(): Promise<void> {
  try {
    settings.value = (await get<{ settings: Setting[] }>('/api/performance/settings')).settings;
    loadError.value = '';
  } catch (error) {
    loadError.value = sentence(error);
  }
}

async function change(setting: Setting, value: SettingValue): Promise<void> {
  const { [setting.name]: _, ...others } = errors.value;
  errors.value = others;
  try {
    await patch('/api/performance/settings', { [setting.name]: value });
    sayWithAction(texts.settings.saved(setting.name), texts.undo, () => void change({ ...setting, value }, setting.value));
  } catch (error) {
    errors.value = { ...errors.value, [setting.name]: sentence(error) };
  }
  await load();
}

function isShown(setting: Setting): boolean {
  if (onlyChanged.value && setting.value === setting.default) return false;
  const words = wanted.value.toLowerCase().split(/\s+/);
  const text = `${setting.name} ${setting.name.replaceAll('_', ' ')} ${setting.help}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export function SettingsPage() {
  const find = useId();
  useEffect(() => {
    void load();
    return on('settings.changed', () => void load());
  }, []);
  if (!settings.value) return loadError.value ? <LoadFailed error={loadError.value} onAgain={load} /> : null;
  const shown = settings.value.filter(isShown);
  return (
    <>
      <h1>{texts.settings.title}</h1>
      <p class="quiet settings-intro">{texts.settings.intro}</p>
      <div class="settings-tools">
        <label class="hidden" for={find}>
          {texts.settings.search}
        </label>
        <input id={find} class="input" type="search" placeholder={texts.settings.search} value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
        <label class="switch">
          <input type="checkbox" role="switch" checked={onlyChanged.value} onChange={(event) => (onlyChanged.value = event.currentTarget.checked)} />
          <span>{texts.settings.changed}</span>
        </label>
      </div>
      {shown.length === 0 && <p class="quiet">{texts.settings.none}</p>}
      {groups.map((group) => {
        const own = shown.filter((setting) => groupOf(setting.name) === group);
        return (
          own.length > 0 && (
            <section key={group} class="settings-group">
              <h2>{texts.settings.groups[group]}</h2>
              <ul>
                {own.map((setting) => (
                  <SettingField key={setting.name} setting={setting} error={errors.value[setting.name] ?? ''} onChange={(value) => void change(setting, value)} />
                ))}
              </ul>
            </section>
          )
        );
      })}
    </>
  );
}
