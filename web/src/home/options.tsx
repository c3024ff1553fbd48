// How the next files are transcribed: what most need in one line, the rest behind "More".
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { choice, isEnglishOnly, models, type Choice } from '../state/options';
import { texts } from '../texts';
import { languages } from './languages';
import './options.css';

function set<Name extends keyof Choice>(name: Name, value: Choice[Name]): void {
  choice.value = { ...choice.value, [name]: value };
}

function Select(properties: { label: string; value: string; onChange: (value: string) => void; isDisabled?: boolean; children: ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{properties.label}</label>
      <select id={id} class="input" value={properties.value} disabled={properties.isDisabled} onChange={(event) => properties.onChange(event.currentTarget.value)}>
        {properties.children}
      </select>
    </div>
  );
}

export function Options() {
  const [showsMore, setShowsMore] = useState(false);
  const hotwords = useId();
  const now = choice.value;
  const isEnglish = isEnglishOnly(now.model);
  return (
    <fieldset class="options">
      <legend class="hidden">{texts.options.legend}</legend>
      <div class="options-line">
        <Select label={texts.options.language} value={now.language} onChange={(value) => set('language', value)}>
          <option value="">{texts.options.automatic}</option>
          {languages.map(({ code, name }) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </Select>
        <Select label={texts.options.task} value={now.task} isDisabled={isEnglish} onChange={(value) => set('task', value as Choice['task'])}>
          <option value="transcribe">{texts.options.transcribe}</option>
          <option value="translate">{texts.options.translate}</option>
        </Select>
        <Select label={texts.options.quality} value={now.quality} onChange={(value) => set('quality', value as Choice['quality'])}>
          <option value="fast">{texts.options.fast}</option>
          <option value="careful">{texts.options.careful}</option>
        </Select>
        <Select label={texts.options.model} value={now.model} onChange={(value) => choice.value = { ...now, model: value, task: isEnglishOnly(value) ? 'transcribe' : now.task }}>
          <option value="">{texts.options.serverModel}</option>
          {models.value.map((model) => (
            <option key={model} value={model}>
              {model}
            </option>
          ))}
        </Select>
        <button type="button" class="button plain options-more" aria-expanded={showsMore} onClick={() => setShowsMore(!showsMore)}>
          {showsMore ? texts.options.less : texts.options.more}
        </button>
      </div>
      {showsMore && (
        <div class="field">
          <label for={hotwords}>{texts.options.hotwords}</label>
          <input id={hotwords} class="input" value={now.hotwords} placeholder={texts.options.hotwordsHint} onInput={(event) => set('hotwords', event.currentTarget.value)} />
        </div>
      )}
    </fieldset>
  );
}
