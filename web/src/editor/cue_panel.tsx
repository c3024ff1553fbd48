// Times of the current cue, what viewers would notice of it, and what can be done with it.
import { useId, useState } from 'preact/hooks';
import { exactClock, parseClock } from '../parts/format';
import { Icon } from '../parts/icon';
import { IconButton } from '../parts/icon_button';
import { texts } from '../texts';
import { checksOf, columns, readingSpeed } from './checks';
import type { Cue } from './cue';
import './cue_panel.css';
import { ShiftDialog } from './shift_dialog';
import type { Writer } from './writer';

const nudge = 0.1; // seconds

interface TimeProperties {
  label: string;
  value: number;
  onChange: (time: number) => boolean; // false: it cannot be that
  writer: Writer;
}

function Time({ label, value, onChange, writer }: TimeProperties) {
  const id = useId();
  const [isWrong, setWrong] = useState(false);
  const words = texts.editor;
  const set = (time: number) => {
    const isFine = Math.abs(time - value) < 0.005 || (!Number.isNaN(time) && onChange(time));
    setWrong(!isFine);
    return isFine;
  };
  return (
    <div class="cue-panel-time" role="group" aria-label={label}>
      <label for={id}>{label}</label>
      <IconButton icon="minus" label={words.earlier(label)} onClick={() => set(value - nudge)} />
      <input
        key={value}
        id={id}
        class="input number"
        defaultValue={exactClock(value)}
        inputMode="decimal"
        autocomplete="off"
        aria-invalid={isWrong}
        onChange={(event) => set(parseClock(event.currentTarget.value))}
        onKeyDown={(event) => {
          if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
            event.preventDefault();
            set(value + (event.key === 'ArrowUp' ? nudge : -nudge));
          }
        }}
      />
      <IconButton icon="plus" label={words.later(label)} onClick={() => set(value + nudge)} />
      <IconButton icon="here" label={words.toSound(label)} onClick={() => set(writer.player.time.peek())} />
      {isWrong && (
        <p class="small cue-panel-wrong" role="alert">
          {words.wrongTime}
        </p>
      )}
    </div>
  );
}

function Facts({ cue, previousEnd }: { cue: Cue; previousEnd: number }) {
  const words = texts.editor;
  const checks = checksOf(cue, previousEnd);
  return (
    <p class="cue-panel-facts small quiet number" role="status">
      <span>{words.length((cue.end - cue.start).toFixed(1))}</span>
      <span>{words.columns(columns(cue.text))}</span>
      <span>{words.speed(readingSpeed(cue).toFixed(0))}</span>
      {checks.map(({ kind, value }) => (
        <strong key={kind} class={kind}>
          {words.checks[kind](value)}
        </strong>
      ))}
    </p>
  );
}

export function CuePanel({ writer }: { writer: Writer }) {
  const [isShifting, setShifting] = useState(false);
  const words = texts.editor;
  const [cue, at] = [writer.cue.value, writer.at.value];
  if (!cue) return <p class="cue-panel quiet small">{words.noCue}</p>;
  const cues = writer.edited.cues.value;
  return (
    <section class="cue-panel" aria-label={words.panel}>
      <Time label={words.begin} value={cue.start} writer={writer} onChange={(time) => writer.setTimes(time, cue.end)} />
      <Time label={words.end} value={cue.end} writer={writer} onChange={(time) => writer.setTimes(cue.start, time)} />
      <Facts cue={cue} previousEnd={cues[at - 1]?.end ?? 0} />
      <div class="cue-panel-actions">
        <IconButton icon={writer.player.isPlaying.value ? 'pause' : 'play'} label={words.playCue} onClick={() => writer.playCue()} />
        <IconButton icon="merge" label={words.merge} isDisabled={at === 0} onClick={() => writer.merge(at)} />
        <IconButton icon="trash" label={words.remove} onClick={() => writer.removeCurrent()} />
        <button type="button" class="button small plain" onClick={() => setShifting(true)}>
          <Icon name="shift" />
          {words.shift}
        </button>
      </div>
      {isShifting && <ShiftDialog writer={writer} onClose={() => setShifting(false)} />}
    </section>
  );
}
