// The text as something to write in: cues one below the other, tools above.
import { useEffect, useState } from 'preact/hooks';
import { useKeys } from '../parts/keys';
import { CueList } from './cue_list';
import { EditorBar } from './editor_bar';
import { HistoryDialog } from './history_dialog';
import { ReplaceBar } from './replace_bar';
import type { Writer } from './writer';

// Of other fields the browser's own undo stays.
function isOtherField(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.('input, textarea:not(.cue-input), select, dialog[open]');
}

function useWriterKeys(writer: Writer, find: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.isComposing || event.altKey) return;
      const isCommand = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      let run: (() => unknown) | undefined;
      if (isCommand && (key === 'f' || key === 'h')) run = find;
      else if (isCommand && key === 's') run = () => writer.edited.save();
      else if (isOtherField(event.target)) return;
      else if (isCommand && key === 'z') run = () => (event.shiftKey ? writer.redo() : writer.undo());
      else if (isCommand && key === 'y') run = () => writer.redo();
      else if (key === 'f8') run = () => writer.stepDoubt(event.shiftKey ? -1 : 1);
      if (!run) return;
      event.preventDefault();
      run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [writer]);
}

export function Editor({ writer, openAt, onDone }: { writer: Writer; openAt: number | null; onDone: () => void }) {
  const [asks, setAsks] = useState(0); // how often the writer asked to find
  const [showsHistory, setShowsHistory] = useState(false);
  const find = () => {
    const selected = getSelection()?.toString().trim() ?? '';
    const field = document.activeElement;
    const inField = field instanceof HTMLTextAreaElement ? field.value.slice(field.selectionStart, field.selectionEnd).trim() : '';
    writer.query.value = inField || selected || (writer.query.value ?? '');
    setAsks((before) => before + 1);
  };
  const closeFind = () => {
    writer.query.value = null;
    queueMicrotask(() => document.querySelector<HTMLElement>('.cue[aria-current] .cue-text')?.focus());
  };
  useWriterKeys(writer, find);
  useKeys({
    '/': find,
    '[': () => writer.stepDoubt(-1),
    ']': () => writer.stepDoubt(1),
    Escape: () => (writer.query.value === null ? onDone() : closeFind()),
  });
  return (
    <div class="editor">
      <div class="editor-tools">
        <EditorBar writer={writer} onFind={() => (writer.query.value === null ? find() : closeFind())} onHistory={() => setShowsHistory(true)} onDone={onDone} />
        {writer.query.value !== null && <ReplaceBar writer={writer} asks={asks} onClose={closeFind} />}
      </div>
      <CueList writer={writer} openAt={openAt} />
      {showsHistory && <HistoryDialog edited={writer.edited} onClose={() => setShowsHistory(false)} />}
    </div>
  );
}
