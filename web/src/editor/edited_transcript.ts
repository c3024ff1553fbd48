// One transcript as it stands here: what the server has, what was changed since, and the way between.
// Changes are sent by themselves, one request at a time; what others changed meanwhile is merged.
import { batch, computed, signal } from '@preact/signals';
import { Problem, sentence } from '../server/client';
import { on } from '../server/events';
import { getTranscript, patchTranscript, restoreRevision } from '../server/transcripts';
import type { Transcript } from '../server/types';
import { complain, say } from '../state/notes';
import { texts } from '../texts';
import { changed, changesBetween, changesOfAnswer, wishesOf, type Change } from './changes';
import { withConfirmed } from './confirmed';
import { cuesOfTranscript, type Cue } from './cue';
import { Drafts, nothingKept } from './drafts';
import type { Step } from './operations';
import { rebased, withKeys } from './rebase';
import { resumed, revisionsOf, type Past } from './resume';
import { applied, reversed } from './steps';
import { emptyStack, pushed, redone, undone, type Deed, type Entry, type Place, type UndoStack } from './undo_stack';

export type Saving = { state: 'saved' | 'changed' | 'saving' } | { state: 'failed'; reason: string };

const pauseMs = 800; // of the writer, until changes are sent
const longestMs = 5000; // until changes are sent although the writer goes on
const retryMs = [1000, 2000, 4000, 8000, 15_000];
const triesMax = 5; // at once, while others change it, too
const summaryMax = 200;
const closingMs = 3000; // that a transcript which was left may take to send and keep its last changes

// Transcripts that were just left: who comes back reads what they have sent and kept, not what was before.
const closing = new Map<string, Promise<unknown>>();

export class EditedTranscript {
  readonly cues = signal<readonly Cue[]>([]);
  readonly transcript = signal<Transcript | null>(null); // what came with the cues: coverage, duration
  readonly revision = signal(0);
  readonly error = signal('');
  readonly saving = signal<Saving>({ state: 'saved' });
  readonly canUndo = computed(() => this.stack.value.done.length > 0);
  readonly canRedo = computed(() => this.stack.value.undone.length > 0);
  readonly wanted = signal<Place | null>(null); // where the writer is to go on after undo and redo

  private readonly stack = signal<UndoStack>(emptyStack);
  private base: readonly Cue[] = [];
  private deeds = new Set<Deed>(); // since the last save
  private isComposing = false;
  private isBusy = false;
  private sending: Promise<void> = Promise.resolve();
  private isClosed = false;
  private timer = 0;
  private firstChange = 0;
  private failures = 0;
  private newest = 0; // revision that was heard of
  private lastEntry = 0;
  private readonly drafts: Drafts;
  private draft: Promise<unknown> | null = null;
  private isDraftDue = false;
  private readonly ends: (() => void)[] = [];

  constructor(readonly job: string) {
    this.drafts = new Drafts(job);
    this.ends.push(
      on<{ job: string; revision: number }>('transcript.changed', (event) => {
        if (event.job !== job) return;
        this.newest = Math.max(this.newest, event.revision);
        void this.catchUp();
      }),
      on('open', () => this.failures > 0 && this.sendSoon(0)),
      on('reset', () => {
        this.newest = this.revision.value + 1; // perhaps
        void this.catchUp();
      }),
    );
    const onHide = () => void this.keep();
    window.addEventListener('pagehide', onHide);
    this.ends.push(() => window.removeEventListener('pagehide', onHide));
  }

  async load(): Promise<void> {
    await Promise.race([closing.get(this.job), new Promise((resolve) => setTimeout(resolve, closing.has(this.job) ? closingMs : 0))]);
    closing.delete(this.job);
    try {
      // A browser that keeps nothing has no drafts.
      const [{ transcript, revision }, kept] = await Promise.all([getTranscript(this.job), this.drafts.find().catch(() => nothingKept)]);
      const past = await Promise.all(revisionsOf(kept, revision).map((one) => this.cuesAt(one)));
      const { base, cues, stack } = resumed(kept, { revision, cues: cuesOfTranscript(transcript) }, past.flat(), (draft) => this.drafts.isOwn(draft));
      this.base = base;
      this.lastEntry = Math.max(0, ...[...stack.done, ...stack.undone].map((entry) => entry.id));
      batch(() => {
        this.cues.value = cues;
        this.transcript.value = transcript;
        this.revision.value = revision;
        this.stack.value = stack;
        this.error.value = '';
      });
    } catch (problem) {
      this.error.value = sentence(problem);
      return;
    }
    if (this.unsaved().length) this.touch();
  }

  // Nothing if the server no longer has that revision.
  private async cuesAt(revision: number): Promise<Past[]> {
    try {
      return [{ revision, cues: cuesOfTranscript((await getTranscript(this.job, revision)).transcript) }];
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 404) return [];
      throw problem;
    }
  }

  close(): void {
    this.isClosed = true;
    if (this.saving.value.state !== 'saved') void this.save();
    closing.set(this.job, this.sending.then(() => this.draft));
    for (const end of this.ends) end();
  }

  // Writing in the middle of composing a character is not sent yet.
  composing(does: boolean): void {
    const hasEnded = this.isComposing && !does;
    this.isComposing = does;
    if (hasEnded) this.touch();
  }

  edit(deed: Deed, steps: readonly Step[], before: Place | null, after: Place | null): boolean {
    const next = steps.length ? applied(this.cues.value, steps) : null;
    if (!next) return false;
    this.stack.value = pushed(this.stack.value, { id: ++this.lastEntry, deed, steps, before, after, time: Date.now() });
    this.show(next, deed);
    return true;
  }

  undo(): void {
    const entry = this.stack.value.done.at(-1);
    if (entry) this.go(entry, reversed(entry.steps), entry.before, undone);
  }

  redo(): void {
    const entry = this.stack.value.undone.at(-1);
    if (entry) this.go(entry, entry.steps, entry.after, redone);
  }

  private go(entry: Entry, steps: readonly Step[], place: Place | null, moved: (stack: UndoStack) => UndoStack): void {
    const next = applied(this.cues.value, steps);
    if (!next) {
      this.stack.value = emptyStack;
      this.keepSoon();
      complain(texts.editor.cannotUndo);
      return;
    }
    batch(() => {
      this.stack.value = moved(this.stack.value);
      this.show(next, entry.deed);
      this.wanted.value = place;
    });
  }

  private show(cues: readonly Cue[], deed: Deed): void {
    this.cues.value = cues;
    this.deeds.add(deed);
    this.touch();
    // At once: where text is written afterwards, the server looks for words among those that it has.
    if (deed === 'confirm') this.sendSoon(0);
  }

  // A cue that holds nothing is none.
  private unsaved(): Change[] {
    const cues = this.cues.value;
    return changesBetween(this.base, cues.some((cue) => !cue.text) ? cues.filter((cue) => cue.text) : cues);
  }

  private touch(): void {
    if (this.saving.value.state !== 'saving') this.saving.value = { state: 'changed' };
    this.keepSoon();
    this.firstChange ||= Date.now();
    this.sendSoon(Math.min(pauseMs, Math.max(0, this.firstChange + longestMs - Date.now())));
  }

  private keepSoon(): void {
    this.isDraftDue = true;
    this.draft ??= Promise.resolve().then(() => this.keep());
  }

  private async keep(): Promise<void> {
    while (this.isDraftDue) {
      this.isDraftDue = false;
      await this.drafts.keep(this.revision.value, this.base, this.unsaved(), this.stack.value).catch(() => {});
    }
    this.draft = null;
  }

  private sendSoon(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), delayMs);
  }

  // Sends what is unsaved now; what is written meanwhile goes with the next request.
  async save(): Promise<void> {
    clearTimeout(this.timer);
    if (this.isBusy || (this.isComposing && !this.isClosed)) return;
    this.isBusy = true;
    this.sending = this.send();
    await this.sending;
    await this.catchUp();
  }

  private async send(): Promise<void> {
    this.firstChange = 0;
    try {
      for (let tries = 0; tries < triesMax && this.unsaved().length; ++tries) {
        this.saving.value = { state: 'saving' };
        await this.sendOnce();
      }
      this.failures = 0;
      this.saving.value = { state: this.unsaved().length ? 'changed' : 'saved' };
    } catch (problem) {
      this.fail(problem);
    }
    this.isBusy = false;
    this.keepSoon();
  }

  private async sendOnce(): Promise<void> {
    const changes = this.unsaved();
    const deeds = this.deeds;
    this.deeds = new Set();
    try {
      const answer = await patchTranscript(this.job, this.revision.value, wishesOf(changes), texts.editor.summary([...deeds]).slice(0, summaryMax));
      this.accept(changes, changesOfAnswer(changes, answer), answer.revision);
    } catch (problem) {
      for (const deed of deeds) this.deeds.add(deed);
      if (!(problem instanceof Problem && problem.status === 412)) throw problem;
      await this.merge();
    }
  }

  // What was sent is the server's now; what was written meanwhile stays, and so does what was confirmed.
  private accept(changes: readonly Change[], answered: readonly Change[], revision: number): void {
    const news = new Map<Cue, Cue>();
    changes.forEach((change, at) => change.cues.forEach((cue, index) => news.set(cue, withConfirmed(answered[at]!.cues[index]!, cue))));
    this.base = changed(this.base, answered);
    batch(() => {
      this.cues.value = this.cues.value.map((cue) => news.get(cue) ?? cue);
      this.revision.value = revision;
    });
  }

  private fail(problem: unknown): void {
    this.saving.value = { state: 'failed', reason: problem instanceof TypeError ? texts.editor.unreachable : sentence(problem) };
    const isRefused = problem instanceof Problem && problem.status < 500; // it would be refused again
    if (!isRefused && !this.isClosed) this.sendSoon(retryMs[Math.min(this.failures, retryMs.length - 1)]!);
    ++this.failures;
  }

  // Fetches what others changed, and puts what is unsaved here on top of it.
  private async merge(): Promise<void> {
    const { transcript, revision } = await getTranscript(this.job);
    const theirs = withKeys(this.base, cuesOfTranscript(transcript));
    const { cues, conflicts } = rebased(this.base, this.cues.value, theirs);
    this.base = theirs;
    batch(() => {
      this.cues.value = cues;
      this.transcript.value = transcript;
      this.revision.value = revision;
    });
    if (conflicts) say(texts.editor.conflicts(conflicts));
  }

  private async catchUp(): Promise<void> {
    if (this.isBusy || this.isClosed || this.newest <= this.revision.value) return;
    this.isBusy = true;
    await this.merge().catch(() => {}); // the next save or event tries again
    this.newest = this.revision.value;
    this.isBusy = false;
    if (this.unsaved().length) this.touch();
  }

  // Makes an older revision the newest; the way back is to restore the one before, which is returned.
  async restore(wanted: number): Promise<number> {
    await this.save();
    if (this.unsaved().length) throw new Problem('conflict', 409, texts.editor.saveFirst);
    const before = this.revision.value;
    const { revision } = await restoreRevision(this.job, before, wanted);
    this.stack.value = emptyStack;
    this.keepSoon();
    this.newest = Math.max(this.newest, revision);
    await this.catchUp();
    return before;
  }
}
