// Some paragraphs. Far from what is seen they are plain text, which is all that finding, copying and
// screen readers need; near it every word can be pointed at. They become words a few in a frame, before
// they are seen, so that scrolling stays smooth.
import { Fragment } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Coverage } from '../server/types';
import { Gaps } from './gaps';
import type { Paragraph } from './reading';
import { TextParagraph } from './text_paragraph';

type Watch = (isNear: boolean) => void;

const watches = new WeakMap<Element, Watch>();
const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) watches.get(entry.target)?.(entry.isIntersecting);
  },
  { rootMargin: '1200px 0px' },
);

export const paragraphsOfBlock = 8;
const paragraphsOfFrame = 2;

interface Properties {
  paragraphs: readonly Paragraph[];
  found: ReadonlyMap<number, 'found' | 'found-now'>; // words, by index
  gaps: ReadonlyMap<number | null, readonly Coverage[]>; // by the first word of the paragraph that follows
  onSeek: (time: number) => void;
}

export function TextBlock({ paragraphs, found, gaps, onSeek }: Properties) {
  const element = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(false);
  const [count, setCount] = useState(0); // of paragraphs that are words

  useEffect(() => {
    const own = element.current!;
    watches.set(own, setNear);
    observer.observe(own);
    return () => observer.unobserve(own);
  }, []);
  useEffect(() => {
    if (!isNear) return setCount(0);
    if (count >= paragraphs.length) return;
    const frame = requestAnimationFrame(() => setCount(count + paragraphsOfFrame));
    return () => cancelAnimationFrame(frame);
  }, [isNear, count, paragraphs.length]);

  return (
    <div ref={element} class="text-block">
      {paragraphs.map((paragraph, at) => (
        <Fragment key={paragraph.first}>
          <Gaps spans={gaps.get(paragraph.first)} />
          <TextParagraph paragraph={paragraph} isWords={at < count} found={found} onSeek={onSeek} />
        </Fragment>
      ))}
    </div>
  );
}
