// One cue in the editor: when it is said, its text, and what viewers would notice.
import { useComputed } from '@preact/signals';
import { clock } from '../parts/format';
import { texts } from '../texts';
import { checksOf, type Check } from './checks';
import type { Cue } from './cue';
import { CueField } from './cue_field';
import { piecesOf, type Mark } from './pieces';
import { doubtsOf, type Writer } from './writer';

interface Properties {
  cue: Cue;
  previousEnd: number;
  found: readonly Mark[] | undefined;
  writer: Writer;
}

// The letter under the pointer.
function caretAt(event: MouseEvent, text: HTMLElement): number | null {
  const place = document.caretRangeFromPoint?.(event.clientX, event.clientY);
  if (!place || !text.contains(place.startContainer)) return null;
  const before = document.createRange();
  before.setStart(text, 0);
  before.setEnd(place.startContainer, place.startOffset);
  return before.toString().length;
}

// Once it is drawn, which comes before this in the queue.
function focusCurrent(): void {
  queueMicrotask(() => document.querySelector<HTMLElement>('.cue[aria-current] .cue-text')?.focus());
}

function Checks({ checks }: { checks: Check[] }) {
  return (
    <span class="cue-checks">
      {checks.map(({ kind, value }) => (
        <span key={kind} class={`cue-check ${kind}`} title={texts.editor.checks[kind](value)}>
          <span aria-hidden="true">{texts.editor.shortChecks[kind](value)}</span>
          <span class="hidden">{texts.editor.checks[kind](value)}</span>
        </span>
      ))}
    </span>
  );
}

export function CueRow({ cue, previousEnd, found, writer }: Properties) {
  const isCurrent = useComputed(() => writer.current.value === cue.key).value;
  const isWriting = isCurrent && writer.isWriting.value;
  const index = () => writer.edited.cues.peek().findIndex((one) => one.key === cue.key);

  const onClick = (event: MouseEvent) => {
    if (getSelection()?.toString()) return; // text is being selected
    writer.write(index(), caretAt(event, event.currentTarget as HTMLElement) ?? cue.text.length);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' || event.key === 'F2') writer.write(index(), cue.text.length);
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      writer.select(index());
      writer.step(event.key === 'ArrowDown' ? 1 : -1);
      focusCurrent();
    } else if (event.key === 'Delete') {
      writer.select(index());
      writer.removeCurrent();
      focusCurrent();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  // By keys alone: a pointer goes on to click, and nothing may come between.
  const onFocus = (event: FocusEvent) => (event.currentTarget as HTMLElement).matches(':focus-visible') && writer.select(index());

  const marks: Mark[] = [...doubtsOf(cue).map(({ from, to }) => ({ from, to, look: 'doubt' as const })), ...(found ?? [])];
  return (
    <li class="cue" data-cue={cue.key} data-start={cue.start} aria-current={isCurrent || undefined}>
      <button type="button" class="cue-time number" tabIndex={-1} aria-label={texts.editor.playFrom(clock(cue.start))} onClick={() => writer.player.seek(cue.start)}>
        {clock(cue.start)}
      </button>
      {isWriting ? (
        <CueField cue={cue} writer={writer} />
      ) : (
        <div class="cue-text" dir="auto" role="button" tabIndex={isCurrent ? 0 : -1} onClick={onClick} onKeyDown={onKeyDown} onFocus={onFocus}>
          {piecesOf(cue.text, marks).map(({ text, looks }, at) => (looks ? <span key={at} class={looks}>{text}</span> : text))}
        </div>
      )}
      <Checks checks={checksOf(cue, previousEnd)} />
    </li>
  );
}
