// Above the cues: undo and redo, finding, history, and whether all is saved.
import { Icon } from '../parts/icon';
import { IconButton } from '../parts/icon_button';
import { texts } from '../texts';
import './editor_bar.css';
import type { Writer } from './writer';

function Saving({ writer }: { writer: Writer }) {
  const words = texts.editor;
  const saving = writer.edited.saving.value;
  if (saving.state === 'failed') {
    return (
      <div class="saving failed" role="alert">
        <Icon name="alert" />
        <span>{words.notSaved(saving.reason)}</span>
        <button type="button" class="button small" onClick={() => void writer.edited.save()}>
          {texts.problem.again}
        </button>
      </div>
    );
  }
  const isSaved = saving.state === 'saved';
  return (
    <p class="saving quiet small" role="status">
      {isSaved && <Icon name="check" />}
      {isSaved ? words.saved : words.saving}
    </p>
  );
}

interface Properties {
  writer: Writer;
  onFind: () => void;
  onHistory: () => void;
  onDone: () => void;
}

export function EditorBar({ writer, onFind, onHistory, onDone }: Properties) {
  const words = texts.editor;
  return (
    <div class="editor-bar" role="toolbar" aria-label={words.toolbar}>
      <IconButton icon="undo" label={words.undo} isDisabled={!writer.edited.canUndo.value} onClick={() => writer.undo()} />
      <IconButton icon="redo" label={words.redo} isDisabled={!writer.edited.canRedo.value} onClick={() => writer.redo()} />
      <IconButton icon="replace" label={words.findReplace} isPressed={writer.query.value !== null} onClick={onFind} />
      <IconButton icon="history" label={words.history} onClick={onHistory} />
      <Saving writer={writer} />
      <button type="button" class="button small" onClick={onDone}>
        {words.done}
      </button>
    </div>
  );
}
