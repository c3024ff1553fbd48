// The text of the cue that is being written. Its value is the browser's own while one types, so that
// composing characters works; only what comes from elsewhere is put in.
import { useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { texts } from '../texts';
import { plain, type Cue } from './cue';
import type { Writer } from './writer';

// Within the field, by key; true: the key is dealt with.
function actionOf(event: KeyboardEvent, field: HTMLTextAreaElement, writer: Writer): (() => unknown) | null {
  const { selectionStart: from, selectionEnd: to, value } = field;
  const isAt = (place: number) => from === to && from === place;
  const at = writer.at.value;
  switch (event.key) {
    case 'Enter':
      if (event.ctrlKey || event.metaKey) return () => writer.playCue();
      return () => {
        if (from !== to) {
          field.setRangeText('');
          writer.typed(field.value, from);
        }
        if (!event.shiftKey) writer.splitAt(plain(field.value.slice(0, from)).length);
      };
    case 'Backspace':
      return isAt(0) && at > 0 ? () => writer.merge(at) : null;
    case 'Delete':
      return isAt(value.length) ? () => writer.merge(at + 1) : null;
    case 'Tab':
      return at + (event.shiftKey ? -1 : 1) in writer.edited.cues.value ? () => writer.step(event.shiftKey ? -1 : 1) : null;
    case 'ArrowUp':
    case 'ArrowLeft':
      return isAt(0) && !event.shiftKey ? () => writer.step(-1, 'end') : null;
    case 'ArrowDown':
    case 'ArrowRight':
      return isAt(value.length) && !event.shiftKey ? () => writer.step(1) : null;
    case 'Escape':
      return () => {
        const row = field.closest('.cue');
        writer.leave();
        queueMicrotask(() => row?.querySelector<HTMLElement>('.cue-text')?.focus());
      };
    default:
      return null;
  }
}

export function CueField({ cue, writer }: { cue: Cue; writer: Writer }) {
  const frame = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const isComposing = useRef(false);

  const grow = () => {
    frame.current!.dataset.text = field.current!.value;
  };
  const show = (text: string) => {
    const own = field.current!;
    if (isComposing.current || plain(own.value) === text) return;
    const caret = own.selectionStart;
    own.value = text;
    own.setSelectionRange(caret, caret);
    grow();
  };

  // At once: whoever writes on without a pause writes at the right place.
  const placeCaret = () => {
    const caret = writer.caret.value;
    if (caret === null || writer.current.peek() !== cue.key) return;
    writer.caret.value = null;
    show(writer.cue.peek()?.text ?? '');
    const { from, to } = typeof caret === 'number' ? { from: caret, to: caret } : caret;
    field.current!.setSelectionRange(from, to);
    field.current!.focus({ preventScroll: true });
  };

  useLayoutEffect(() => {
    field.current!.focus({ preventScroll: true });
    field.current!.closest('.cue')!.scrollIntoView({ block: 'nearest' });
    placeCaret();
    return () => writer.edited.composing(false);
  }, []);
  useLayoutEffect(() => show(cue.text), [cue.text]);
  useSignalEffect(placeCaret);

  const onInput = () => {
    grow();
    writer.typed(field.current!.value, field.current!.selectionStart);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return; // the key is the input method's
    const action = actionOf(event, field.current!, writer);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  const onBeforeInput = (event: InputEvent) => {
    // From the browser's own menu.
    if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo') return;
    event.preventDefault();
    if (event.inputType === 'historyUndo') writer.undo();
    else writer.redo();
  };
  const compose = (does: boolean) => {
    isComposing.current = does;
    writer.edited.composing(does);
  };
  const onBlur = () => {
    if (document.hasFocus() && writer.current.peek() === cue.key) writer.leave();
  };

  return (
    <div ref={frame} class="cue-field" data-text={cue.text}>
      <textarea
        ref={field}
        class="cue-input"
        dir="auto"
        rows={1}
        defaultValue={cue.text}
        aria-label={texts.editor.field}
        aria-description={texts.editor.fieldHint}
        spellcheck
        onInput={onInput}
        onBeforeInput={onBeforeInput}
        onKeyDown={onKeyDown}
        onCompositionStart={() => compose(true)}
        onCompositionEnd={() => compose(false)}
        onBlur={onBlur}
      />
    </div>
  );
}
