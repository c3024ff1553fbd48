// The whole recording as a strip: what was speech, what was not, what could not be read, where words
// are doubtful. It is also how one moves through it.
import { useId, useMemo, useRef, useState } from 'preact/hooks';
import { clock } from '../parts/format';
import type { Coverage } from '../server/types';
import { texts } from '../texts';
import { mergedSpans, secondsOf, stateAt, type Span } from './coverage';
import type { Player } from './player';
import type { Reading } from './reading';
import './strip.css';

interface Properties {
  player: Player;
  coverage: readonly Coverage[];
  retried: readonly Span[]; // decoded more than once
  reading: Reading;
}

const words = texts.transcript;
const pixels = 1500; // about, of the widest strip: nothing is narrower than one of them
const doubtsMax = 600; // ticks side by side are no longer told apart
const [step, page] = [5, 60]; // seconds that a key moves by

function Rects({ look, spans, duration }: { look: string; spans: readonly (Span & { status?: string })[]; duration: number }) {
  return (
    <svg class={look} viewBox={`0 0 ${duration} 10`} preserveAspectRatio="none" aria-hidden="true">
      {spans.map(({ start, end, status }) => (
        <rect key={start} class={status} x={start} width={Math.max(end - start, duration / pixels)} y={0} height={10} />
      ))}
    </svg>
  );
}

// While a job runs, nothing but its text is known.
function spansOf(coverage: readonly Coverage[], reading: Reading, duration: number): Coverage[] {
  const read: readonly Coverage[] = coverage.length ? coverage.filter((span) => span.status !== 'no_speech') : reading.paragraphs.map(({ start, end }) => ({ start, end, status: 'transcribed' }));
  const rank = { transcribed: 0, no_speech: 0, uncertain: 1, failed: 2 };
  // What needs attention is drawn over its neighbours, however short it is.
  return mergedSpans(read, duration / pixels).sort((a, b) => rank[a.status] - rank[b.status]);
}

function Doubts({ reading, duration }: { reading: Reading; duration: number }) {
  const every = Math.ceil(reading.doubts.length / doubtsMax);
  return (
    <svg class="strip-doubts" viewBox={`0 0 ${duration} 10`} preserveAspectRatio="none" aria-hidden="true">
      {reading.doubts
        .filter((_, at) => at % every === 0)
        .map((at) => {
          const { start } = reading.words[at]!;
          return <line key={at} x1={start} x2={start} y1={0} y2={10} vector-effect="non-scaling-stroke" />;
        })}
    </svg>
  );
}

// Alone, since it moves with every frame.
function Playhead({ player, duration }: { player: Player; duration: number }) {
  return <div class="strip-head" style={{ left: `${Math.min(100, (player.time.value / duration) * 100)}%` }} />;
}

function Legend({ coverage, retried, reading }: Omit<Properties, 'player'>) {
  return (
    <ul class="strip-legend">
      {secondsOf(coverage).map(([status, seconds]) => (
        <li key={status} class={`number ${status}`}>
          {words.coverage[status]} {clock(Math.ceil(seconds))}
        </li>
      ))}
      {retried.length > 0 && <li class="number retried">{words.retried(retried.length)}</li>}
      {reading.doubts.length > 0 && <li class="number doubts">{words.doubts(reading.doubts.length)}</li>}
    </ul>
  );
}

export function Strip({ player, coverage, retried, reading }: Properties) {
  const strip = useRef<HTMLDivElement>(null);
  const legend = useId();
  const [hover, setHover] = useState<number | null>(null);
  const duration = player.duration.value || 1;

  const timeOf = (event: PointerEvent) => {
    const box = strip.current!.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * duration;
  };
  const onDown = (event: PointerEvent) => {
    strip.current!.setPointerCapture(event.pointerId);
    player.seek(timeOf(event));
  };
  const onMove = (event: PointerEvent) => {
    setHover(timeOf(event));
    if (strip.current!.hasPointerCapture(event.pointerId)) player.seek(timeOf(event));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const now = player.time.value;
    const to = { Home: 0, End: duration, PageUp: now - page, PageDown: now + page, ArrowUp: now + step, ArrowDown: now - step }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    player.seek(to);
  };
  const stateText = (time: number) => words.stateOf(stateAt(coverage, retried, time));

  const drawn = useMemo(
    () => (
      <>
        <Rects look="strip-spans" spans={spansOf(coverage, reading, duration)} duration={duration} />
        <Rects look="strip-retried" spans={retried} duration={duration} />
        <Doubts reading={reading} duration={duration} />
      </>
    ),
    [coverage, retried, reading, duration],
  );
  const second = player.second.value;

  return (
    <div class="strip-frame">
      <div
        ref={strip}
        class="strip"
        role="slider"
        tabIndex={0}
        aria-label={words.strip}
        aria-describedby={legend}
        aria-valuemin={0}
        aria-valuemax={Math.round(duration)}
        aria-valuenow={second}
        aria-valuetext={[words.at(clock(second), clock(duration)), stateText(second)].filter(Boolean).join(', ')}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerLeave={() => setHover(null)}
        onKeyDown={onKeyDown}
      >
        {drawn}
        <Playhead player={player} duration={duration} />
        {hover !== null && (
          <div class="strip-hover number" style={{ left: `clamp(3.5rem, ${(hover / duration) * 100}%, 100% - 3.5rem)` }}>
            {[clock(hover), stateText(hover)].filter(Boolean).join(' \u00b7 ')}
          </div>
        )}
      </div>
      <div id={legend}>
        <Legend coverage={coverage} retried={retried} reading={reading} />
      </div>
    </div>
  );
}
