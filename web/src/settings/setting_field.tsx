// One setting: a field made of its definition, saved when it is left or entered.
import type { TargetedInputEvent } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import type { Setting, SettingValue } from '../server/types';
import { texts } from '../texts';
import './setting_field.css';
import { readValue, valueText } from './setting_value';

interface Properties {
  setting: Setting;
  error: string;
  onChange: (value: SettingValue) => void;
}

function Field({ setting, id, onChange }: Omit<Properties, 'error'> & { id: string }) {
  const [text, setText] = useState(valueText(setting, setting.value));
  const sent = useRef('');
  if (setting.kind === 'flag') {
    return (
      <label class="switch">
        <input id={id} type="checkbox" role="switch" checked={setting.value === true} onChange={(event) => onChange(event.currentTarget.checked)} />
        <span>{setting.value ? texts.settings.yes : texts.settings.no}</span>
      </label>
    );
  }
  if (setting.kind === 'choice') {
    return (
      <select id={id} class="input" value={String(setting.value)} onChange={(event) => onChange(event.currentTarget.value)}>
        {setting.choices?.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    );
  }
  const save = () => {
    const value = readValue(setting, text);
    if (value === setting.value || text === sent.current) return; // Enter, then leaving the field
    sent.current = text;
    onChange(value);
  };
  const common = {
    id,
    class: 'input number',
    value: text,
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => setText(event.currentTarget.value),
    onBlur: save,
    onKeyDown: (event: KeyboardEvent) => void (event.key === 'Enter' && save()),
  };
  if (setting.kind === 'text' || setting.kind === 'size') return <input type="text" {...common} />;
  return <input type="number" min={setting.min} max={setting.max} step={setting.kind === 'decimal' ? 'any' : 1} {...common} />;
}

export function SettingField({ setting, error, onChange }: Properties) {
  const id = useId();
  const words = texts.settings;
  const isDefault = setting.value === setting.default;
  const usual = valueText(setting, setting.default) || words.empty;
  const range = setting.min !== undefined && setting.max !== undefined ? words.range(valueText(setting, setting.min), valueText(setting, setting.max), setting.kind === 'size' ? '' : (setting.unit ?? '')) : '';
  return (
    <li class="setting">
      <div class="setting-words">
        <label for={id} class="setting-name">
          {setting.name}
        </label>
        <p class="quiet small">
          {setting.help}
          {range && <span class="setting-range number">{range}</span>}
        </p>
        {error && (
          <p class="small setting-error" role="alert">
            {error}
          </p>
        )}
      </div>
      <div class="setting-value">
        {setting.is_live ? (
          <Field key={String(setting.value)} setting={setting} id={id} onChange={onChange} />
        ) : (
          <output id={id} class="number setting-fixed" title={words.restart}>
            {valueText(setting, setting.value) || words.empty}
          </output>
        )}
        {!isDefault && setting.is_live ? (
          <button type="button" class="button plain small setting-reset" onClick={() => onChange(setting.default)}>
            {words.reset(usual)}
          </button>
        ) : (
          <span class="small quiet">{setting.is_live ? '' : (words.origin[setting.origin] ?? words.changedHere)}</span>
        )}
      </div>
    </li>
  );
}
