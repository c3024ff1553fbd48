// The whole recording as a strip: what was speech, what was not, what could not be read, where words
// are doubtful. It is also how one moves through it.
import { useMemo, useRef, useState } from 'preact/hooks';
import { clock } from '../parts/format';
import type { Coverage } from '../server/types';
import { texts } from '../texts';
import type { Player } from './player';
import type { Reading } from './reading';
import './strip.css';

interface Properties {
  player: Player;
  coverage: Coverage[];
  retried: Span[]; // decoded more than once
  reading: Reading;
}

export interface Span {
  start: number;
  end: number;
}

// Neighbours closer than a pixel or two of the widest strip become one.
function mergedSpans(coverage: Coverage[], duration: number): Coverage[] {
  const merged: Coverage[] = [];
  for (const span of coverage) {
    const last = merged.at(-1);
    if (last && last.status === span.status && span.start - last.end < duration / 2000) last.end = span.end;
    else merged.push({ ...span });
  }
  return merged;
}

function Spans({ coverage, reading, duration }: { coverage: Coverage[]; reading: Reading; duration: number }) {
  const known = coverage.filter((span) => span.status !== 'no_speech');
  const spans = known.length ? mergedSpans(known, duration) : mergedSpans(reading.paragraphs.map(({ start, end }) => ({ start, end, status: 'transcribed' as const })), duration);
  return (
    <svg class="strip-spans" viewBox={`0 0 ${duration} 10`} preserveAspectRatio="none" aria-hidden="true">
      {spans.map((span) => (
        <rect key={span.start} class={span.status} x={span.start} width={Math.max(span.end - span.start, duration / 1500)} y={0} height={10} />
      ))}
    </svg>
  );
}

function Doubts({ reading, duration }: { reading: Reading; duration: number }) {
  return (
    <svg class="strip-doubts" viewBox={`0 0 ${duration} 10`} preserveAspectRatio="none" aria-hidden="true">
      {reading.doubts.map((at) => {
        const { start } = reading.words[at]!;
        return <line key={at} x1={start} x2={start} y1={0} y2={10} vector-effect="non-scaling-stroke" />;
      })}
    </svg>
  );
}

function Retried({ retried, duration }: { retried: Span[]; duration: number }) {
  return (
    <svg class="strip-retried" viewBox={`0 0 ${duration} 10`} preserveAspectRatio="none" aria-hidden="true">
      {retried.map(({ start, end }) => (
        <rect key={start} x={start} width={Math.max(end - start, duration / 1500)} y={0} height={10} />
      ))}
    </svg>
  );
}

// Alone, since it moves with every frame.
function Playhead({ player, duration }: { player: Player; duration: number }) {
  return <div class="strip-head" style={{ left: `${Math.min(100, (player.time.value / duration) * 100)}%` }} />;
}

export function Strip({ player, coverage, retried, reading }: Properties) {
  const strip = useRef<HTMLDivElement>(null);
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
    const to = { Home: 0, End: duration, PageUp: player.time.value - 60, PageDown: player.time.value + 60, ArrowUp: player.time.value + 5, ArrowDown: player.time.value - 5 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    player.seek(to);
  };

  const spans = useMemo(() => <Spans coverage={coverage} reading={reading} duration={duration} />, [coverage, reading, duration]);
  const doubts = useMemo(() => <Doubts reading={reading} duration={duration} />, [reading, duration]);
  const again = useMemo(() => <Retried retried={retried} duration={duration} />, [retried, duration]);
  const kinds = useMemo(() => [...new Set(coverage.map((span) => span.status))], [coverage]);

  return (
    <div class="strip-frame">
      <div
        ref={strip}
        class="strip"
        role="slider"
        tabIndex={0}
        aria-label={texts.transcript.strip}
        aria-valuemin={0}
        aria-valuemax={Math.round(duration)}
        aria-valuenow={player.second.value}
        aria-valuetext={texts.transcript.at(clock(player.second.value), clock(duration))}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerLeave={() => setHover(null)}
        onKeyDown={onKeyDown}
      >
        {spans}
        {again}
        {doubts}
        <Playhead player={player} duration={duration} />
        {hover !== null && (
          <div class="strip-hover number" style={{ left: `${(hover / duration) * 100}%` }}>
            {clock(hover)}
          </div>
        )}
      </div>
      <ul class="strip-legend">
        {kinds.map((kind) => (
          <li key={kind} class={kind}>
            {texts.transcript.coverage[kind]}
          </li>
        ))}
        {retried.length > 0 && <li class="retried">{texts.transcript.retried}</li>}
        {reading.doubts.length > 0 && <li class="doubts">{texts.transcript.doubts(reading.doubts.length)}</li>}
      </ul>
    </div>
  );
}
