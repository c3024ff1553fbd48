// All cues. They stand in blocks; a block far from what is seen keeps its place and holds nothing, so that
// a recording of ten hours is as light as one of ten minutes.
import { effect, signal, useComputed, type Signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { cueAt, type Cue } from './cue';
import './cue_list.css';
import { CueRow } from './cue_row';
import type { Mark } from './pieces';
import type { Writer } from './writer';

const blockSize = 40;
const rowHeight = 48; // about, of one line
const lineHeight = 28;
const lettersOfLine = 62;

function height(cues: readonly Cue[]): number {
  return cues.reduce((sum, cue) => sum + rowHeight + lineHeight * Math.floor(cue.text.length / lettersOfLine), 0);
}

interface Block {
  first: number;
  cues: readonly Cue[];
}

// Blocks that hold the same cues as before stay the same.
function useBlocks(cues: readonly Cue[]): Block[] {
  const before = useRef<Block[]>([]);
  return useMemo(() => {
    const blocks: Block[] = [];
    for (let first = 0; first < cues.length; first += blockSize) {
      const own = cues.slice(first, first + blockSize);
      const there = before.current[blocks.length];
      const isSame = there?.cues.length === own.length && own.every((cue, at) => cue === there.cues[at]);
      blocks.push(isSame ? there : { first, cues: own });
    }
    before.current = blocks;
    return blocks;
  }, [cues]);
}

function useFound(writer: Writer): ReadonlyMap<number, Mark[]> {
  const [places, now] = [writer.found.value, writer.foundNow.value];
  return useMemo(() => {
    const found = new Map<number, Mark[]>();
    places.forEach(({ cue, from, to }, at) => {
      const mark: Mark = { from, to, look: at === now ? 'found-now' : 'found' };
      found.set(cue, [...(found.get(cue) ?? []), mark]);
    });
    return found;
  }, [places, now]);
}

interface BlockProperties {
  at: number;
  block: Block;
  previousEnd: number;
  near: Signal<ReadonlySet<number>>;
  heights: number[];
  observer: IntersectionObserver;
  found: ReadonlyMap<number, Mark[]>;
  writer: Writer;
}

function CueBlock({ at, block, previousEnd, near, heights, observer, found, writer }: BlockProperties) {
  const element = useRef<HTMLOListElement>(null);
  const isShown = useComputed(() => near.value.has(at)).value;
  useEffect(() => {
    const own = element.current!;
    observer.observe(own);
    return () => observer.unobserve(own);
  }, []);
  useEffect(() => {
    if (isShown) heights[at] = element.current!.offsetHeight;
  });
  // Only marks of its own make a block new.
  const marks = block.cues.map((_, index) => found.get(block.first + index));
  const rows = useMemo(
    () =>
      isShown &&
      block.cues.map((cue, index) => <CueRow key={cue.key} cue={cue} previousEnd={index ? block.cues[index - 1]!.end : previousEnd} found={marks[index]} writer={writer} />),
    [isShown, block, previousEnd, ...marks.flat(), marks.length],
  );
  return (
    <ol ref={element} class="cue-block" data-block={at} style={{ minHeight: isShown ? undefined : `${heights[at] ?? height(block.cues)}px` }}>
      {rows}
    </ol>
  );
}

function nearBlocks(): { near: Signal<ReadonlySet<number>>; observer: IntersectionObserver } {
  const near = signal<ReadonlySet<number>>(new Set());
  const observer = new IntersectionObserver(
    (entries) => {
      const next = new Set(near.peek());
      for (const { target, isIntersecting } of entries) {
        const at = Number((target as HTMLElement).dataset.block);
        // What holds the focus stays.
        if (isIntersecting) next.add(at);
        else if (!target.contains(document.activeElement)) next.delete(at);
      }
      near.value = next;
    },
    { rootMargin: '900px 0px' },
  );
  return { near, observer };
}

const [clearTop, clearBottom] = [160, 200]; // pixels that bars and panels may cover
const triesMax = 12;
const tryEveryMs = 50;

export function CueList({ writer, openAt }: { writer: Writer; openAt: number | null }) {
  const cues = writer.edited.cues.value;
  const list = useRef<HTMLDivElement>(null);
  const { near, observer } = useMemo(nearBlocks, []);
  const heights = useRef<number[]>([]).current;
  const blocks = useBlocks(cues);
  const found = useFound(writer);

  // To a cue, which may come to be there only on the way.
  const bring = (at: number, tries = triesMax) => {
    const cue = writer.edited.cues.peek()[at];
    const block = list.current?.querySelector(`[data-block="${Math.floor(at / blockSize)}"]`);
    if (!cue || !block) return;
    const row = block.querySelector(`[data-cue="${cue.key}"]`);
    const { top, bottom } = (row ?? block).getBoundingClientRect();
    if (row && top > clearTop && bottom < window.innerHeight - clearBottom) return;
    (row ?? block).scrollIntoView({ block: row ? 'center' : 'start', behavior: 'instant' });
    if (tries > 0) setTimeout(() => bring(at, tries - 1), tryEveryMs);
  };

  useEffect(() => {
    if (openAt !== null) bring(cueAt(cues, openAt));
    return () => observer.disconnect();
  }, []);
  useEffect(
    () =>
      effect(() => {
        const place = writer.wanted.value;
        if (place) bring(place.cue);
      }),
    [],
  );
  // What is being said; it is followed unless somebody writes.
  useEffect(() => {
    let shown: Element | null = null;
    let said = -1;
    return effect(() => {
      const at = cueAt(writer.edited.cues.value, writer.player.time.value);
      if (at === said && shown?.isConnected) return;
      shown?.classList.remove('said');
      shown = list.current?.querySelector(`[data-cue="${writer.edited.cues.peek()[at]?.key}"]`) ?? null;
      shown?.classList.add('said');
      if (said !== at && writer.player.isPlaying.peek() && !writer.isWriting.peek()) bring(at);
      said = at;
    });
  }, []);

  return (
    <div ref={list} class="cue-list">
      {blocks.map((block, at) => (
        <CueBlock key={at} at={at} block={block} previousEnd={blocks[at - 1]?.cues.at(-1)?.end ?? 0} near={near} heights={heights} observer={observer} found={found} writer={writer} />
      ))}
    </div>
  );
}
