// Tags as chips, with a field for more: Enter or a comma adds, Backspace takes the last away.
import { useId, useState } from 'preact/hooks';
import { tags as known } from '../state/jobs';
import { texts } from '../texts';
import { Icon } from './icon';
import './tag_field.css';
import { tagsOf, tagsMax, withTag } from './tags';

export function TagField({ tags, onChange }: { tags: string[]; onChange: (tags: string[]) => void }) {
  const id = useId();
  const [text, setText] = useState('');
  const words = texts.library;
  const add = (typed: string) => {
    onChange(tagsOf(typed).reduce(withTag, tags));
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if ((event.key === 'Enter' || event.key === ',') && text.trim()) add(text);
    else if (event.key === 'Backspace' && !text) onChange(tags.slice(0, -1));
    else if (event.key !== ',') return;
    event.preventDefault();
  };
  return (
    <div class="field">
      <label for={id}>{words.tags}</label>
      <div class="tag-field">
        {tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
            <button type="button" aria-label={words.removeTag(tag)} title={words.removeTag(tag)} onClick={() => onChange(tags.filter((one) => one !== tag))}>
              <Icon name="close" />
            </button>
          </span>
        ))}
        <input
          id={id}
          list={`${id}-known`}
          value={text}
          maxLength={40}
          autocomplete="off"
          placeholder={tags.length < tagsMax ? words.tagsHint : words.tagsFull}
          disabled={tags.length >= tagsMax}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onBlur={() => text.trim() && add(text)}
        />
        <datalist id={`${id}-known`}>
          {known.value.map(({ tag }) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
      </div>
    </div>
  );
}
