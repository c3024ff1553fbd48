import { dismiss, notes } from '../state/notes';
import { texts } from '../texts';
import { Icon } from './icon';
import './notes.css';

export function Notes() {
  return (
    <div class="notes" role="status" aria-live="polite">
      {notes.value.map((note) => (
        <div key={note.id} class={`note ${note.kind}`}>
          {note.kind === 'bad' && <Icon name="alert" />}
          <span class="note-text">{note.text}</span>
          {note.action && (
            <button type="button" class="button plain small note-action" onClick={note.action.run}>
              {note.action.label}
            </button>
          )}
          <button type="button" class="note-close" aria-label={texts.close} onClick={() => dismiss(note.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
