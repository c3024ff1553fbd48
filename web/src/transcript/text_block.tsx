// Some paragraphs. Far from what is seen they are plain text, which is all that finding, copying and
// screen readers need; near it every word can be pointed at. They become words a few in a frame, before
// they are seen, so that scrolling stays smooth.
import { useEffect, useRef, useState } from 'preact/hooks';
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
  onSeek: (time: number) => void;
}

export function TextBlock({ paragraphs, found, onSeek }: Properties) {
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
        <TextParagraph key={paragraph.first} paragraph={paragraph} isWords={at < count} found={found} onSeek={onSeek} />
      ))}
    </div>
  );
}
