// Moves a cue and all that follow it, earlier or later.
import { useId, useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog';
import { clock } from '../parts/format';
import { texts } from '../texts';
import { shiftRange } from './operations';
import type { Writer } from './writer';

export function ShiftDialog({ writer, onClose }: { writer: Writer; onClose: () => void }) {
  const id = useId();
  const [text, setText] = useState('');
  const words = texts.editor;
  const [cues, at] = [writer.edited.cues.value, writer.at.value];
  const cue = cues[at];
  if (!cue) return null;
  const [earliest, latest] = shiftRange(cues, at, writer.duration);
  const seconds = Number(text.replace(',', '.'));
  const isWrong = text.trim() !== '' && !(seconds >= earliest - 1e-9 && seconds <= latest + 1e-9);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (text.trim() === '' || isWrong) return;
    writer.shiftFromCurrent(seconds);
    onClose();
  };
  return (
    <Dialog title={words.shiftTitle} onClose={onClose}>
      <form class="shift-form" onSubmit={onSubmit}>
        <p>{words.shiftWhat(cues.length - at, clock(cue.start))}</p>
        <div class="field">
          <label for={id}>{words.shiftSeconds}</label>
          <input id={id} class="input number" inputMode="text" autocomplete="off" autofocus value={text} aria-invalid={isWrong} aria-describedby={`${id}-range`} onInput={(event) => setText(event.currentTarget.value)} />
          <p id={`${id}-range`} class={`small ${isWrong ? 'bad' : 'quiet'}`}>
            {words.shiftRange(earliest.toFixed(2), latest.toFixed(2))}
          </p>
        </div>
        <button type="submit" class="button primary" disabled={text.trim() === '' || isWrong}>
          {words.shiftDo}
        </button>
      </form>
    </Dialog>
  );
}
