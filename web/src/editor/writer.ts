// The writer's place in the text, and what a key or a button does there.
import { batch, computed, signal } from '@preact/signals';
import type { Player } from '../transcript/player';
import { isDoubtful } from '../transcript/reading';
import { cueAt, placesOf, type Cue } from './cue';
import type { EditedTranscript } from './edited_transcript';
import { joint, mergeWithPrevious, remove, setText, setTimes, shift, split, type Step } from './operations';
import { findPlaces, replaced, type Place as Found } from './replacing';
import type { Deed, Place } from './undo_stack';

export type Caret = number | { from: number; to: number };

export class Writer {
  readonly current = signal<number | null>(null); // key of the cue that panel and keys are about
  readonly isWriting = signal(false); // its text is a field
  readonly wanted = signal<Found | null>(null); // place in the text to bring into view
  readonly caret = signal<Caret | null>(null); // where the field's caret is to be

  readonly query = signal<string | null>(null); // null: nothing is looked for
  readonly isCaseExact = signal(false);
  readonly foundNow = signal(0);
  readonly found = computed(() => findPlaces(this.edited.cues.value, this.query.value ?? '', this.isCaseExact.value));

  readonly at = computed(() => this.edited.cues.value.findIndex((cue) => cue.key === this.current.value));
  readonly cue = computed<Cue | null>(() => this.edited.cues.value[this.at.value] ?? null);

  constructor(
    readonly edited: EditedTranscript,
    readonly player: Player,
  ) {}

  get duration(): number {
    return this.edited.transcript.value?.duration ?? Infinity;
  }

  select(at: number): void {
    this.current.value = this.edited.cues.value[at]?.key ?? null;
  }

  selectAt(time: number): void {
    this.select(cueAt(this.edited.cues.value, time));
  }

  write(at: number, caret: Caret): void {
    const cue = this.edited.cues.value[at];
    if (!cue) return;
    batch(() => {
      this.current.value = cue.key;
      this.isWriting.value = true;
      this.caret.value = caret;
    });
  }

  // Leaves the field; a cue without text goes.
  leave(): void {
    this.isWriting.value = false;
    const at = this.edited.cues.value.findIndex((cue) => !cue.text);
    if (at < 0) return;
    const next = this.edited.cues.value[at + 1] ?? this.edited.cues.value[at - 1];
    const isCurrent = this.current.value === this.edited.cues.value[at]!.key;
    this.edit('remove', remove(this.edited.cues.value, at), null);
    if (isCurrent) this.current.value = next?.key ?? null;
  }

  private place(caret: number | null): Place | null {
    return this.current.value === null ? null : { key: this.current.value, caret };
  }

  private edit(deed: Deed, steps: Step[], caret: number | null, after: Place | null = this.place(caret)): boolean {
    return this.edited.edit(deed, steps, this.place(caret), after);
  }

  typed(text: string, caret: number): void {
    this.edit('text', setText(this.edited.cues.value, this.at.value, text), caret);
  }

  // Where no text would be left on one side, goes on to the next cue instead.
  splitAt(caret: number): void {
    const at = this.at.value;
    const steps = split(this.edited.cues.value, at, caret);
    const fresh = steps[0]?.after[1];
    if (!fresh) this.step(1);
    else if (this.edit('split', steps, caret, { key: fresh.key, caret: 0 })) this.write(at + 1, 0);
  }

  merge(at: number): void {
    const [one, other] = [this.edited.cues.value[at - 1], this.edited.cues.value[at]];
    if (!one || !other) return;
    const caret = one.text.length + joint(other).length;
    const isWriting = this.isWriting.value;
    if (!this.edit('merge', mergeWithPrevious(this.edited.cues.value, at), 0, { key: one.key, caret })) return;
    if (isWriting) this.write(at - 1, caret);
    else this.select(at - 1);
  }

  // To the next cue or the one before; false: there is none.
  step(steps: 1 | -1, caret: number | 'end' = 0): boolean {
    const at = this.at.value + steps;
    const cue = this.edited.cues.value[at];
    if (!cue) return false;
    if (this.isWriting.value) this.write(at, caret === 'end' ? cue.text.length : caret);
    else this.select(at);
    return true;
  }

  removeCurrent(): void {
    const at = this.at.value;
    if (at < 0 || !this.edit('remove', remove(this.edited.cues.value, at), null)) return;
    this.isWriting.value = false;
    this.select(Math.min(at, this.edited.cues.value.length - 1));
  }

  setTimes(start: number, end: number): boolean {
    return this.edit('times', setTimes(this.edited.cues.value, this.at.value, start, end, this.duration), null);
  }

  shiftFromCurrent(seconds: number): boolean {
    return this.edit('shift', shift(this.edited.cues.value, this.at.value, seconds), null);
  }

  undo(): void {
    this.edited.undo();
    this.goOn();
  }

  redo(): void {
    this.edited.redo();
    this.goOn();
  }

  private goOn(): void {
    const place = this.edited.wanted.value;
    this.edited.wanted.value = null;
    const at = place ? this.edited.cues.value.findIndex((cue) => cue.key === place.key) : -1;
    if (at < 0) return;
    if (place!.caret === null) this.select(at);
    else this.write(at, place!.caret);
    this.wanted.value = { cue: at, from: 0, to: 0 };
  }

  // Plays the cue, or stops.
  playCue(): void {
    const cue = this.cue.value;
    if (this.player.isPlaying.peek()) this.player.toggle();
    else if (cue) this.player.playRange(cue.start, cue.end);
  }

  // The next doubtful word, as selected text.
  stepDoubt(steps: 1 | -1): void {
    const cues = this.edited.cues.value;
    const [now, caret] = [Math.max(0, this.at.value), this.caretNow()];
    for (let away = 0; away <= cues.length; ++away) {
      const at = (now + steps * away + cues.length * 2) % cues.length;
      const places = doubtsOf(cues[at]!).filter(({ from }) => away > 0 || (steps > 0 ? from > caret : from < caret));
      const place = steps > 0 ? places[0] : places.at(-1);
      if (!place) continue;
      this.write(at, place);
      this.wanted.value = { cue: at, ...place };
      return this.player.playRange(place.start, place.end);
    }
  }

  private caretNow(): number {
    const field = document.activeElement;
    return field instanceof HTMLTextAreaElement && field.classList.contains('cue-input') ? field.selectionStart : -1;
  }

  // To a place that was found; the field that looks for it keeps the focus.
  stepFound(steps: number): void {
    const places = this.found.value;
    if (places.length === 0) return;
    this.foundNow.value = (this.foundNow.value + steps + places.length) % places.length;
    this.showFound();
  }

  showFound(): void {
    const place = this.found.value[this.foundNow.value];
    if (!place) return;
    this.select(place.cue);
    this.wanted.value = { ...place };
  }

  replaceOne(by: string): void {
    const place = this.found.value[this.foundNow.value];
    if (!place) return;
    this.edit('replace', replaced(this.edited.cues.value, [place], by), null);
    // What was put in may be found again: goes on behind it.
    const next = this.found.value.findIndex((one) => one.cue > place.cue || (one.cue === place.cue && one.from >= place.from + by.length));
    this.foundNow.value = Math.max(0, next);
    this.showFound();
  }

  replaceAll(by: string): number {
    const count = this.found.value.length;
    const steps = replaced(this.edited.cues.value, this.found.value, by);
    this.foundNow.value = 0;
    return this.edit('replace', steps, null) ? count : 0;
  }
}

export interface DoubtPlace {
  from: number;
  to: number; // in the text
  start: number;
  end: number; // seconds
}

export function doubtsOf(cue: Cue): DoubtPlace[] {
  const places = placesOf(cue.words);
  return cue.words.flatMap((word, at) => (isDoubtful(word) ? { ...places[at]!, start: word.start, end: word.end } : []));
}
