// One paragraph. Far from what is seen it is plain text, which is all that finding, copying and
// screen readers need; near it every word can be pointed at.
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock } from '../parts/format';
import { texts } from '../texts';
import { isDoubtful, paragraphText, type Paragraph } from './reading';

type Watch = (isNear: boolean) => void;

const watches = new WeakMap<Element, Watch>();
const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) watches.get(entry.target)?.(entry.isIntersecting);
  },
  { rootMargin: '800px 0px' },
);

interface Properties {
  paragraph: Paragraph;
  found: ReadonlyMap<number, 'found' | 'found-now'>; // words, by index
  onSeek: (time: number) => void;
}

export function TextParagraph({ paragraph, found, onSeek }: Properties) {
  const element = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(false);

  useEffect(() => {
    const own = element.current!;
    watches.set(own, setNear);
    observer.observe(own);
    return () => observer.unobserve(own);
  }, []);

  return (
    <div ref={element} class="paragraph" data-paragraph={paragraph.first} data-start={paragraph.start}>
      <button type="button" class="paragraph-time number" onClick={() => onSeek(paragraph.start)}>
        {clock(paragraph.start)}
      </button>
      <p dir="auto">{isNear ? <Words paragraph={paragraph} found={found} /> : paragraphText(paragraph)}</p>
    </div>
  );
}

function Words({ paragraph, found }: Pick<Properties, 'paragraph' | 'found'>) {
  return (
    <>
      {paragraph.words.map((word, at) => {
        const index = paragraph.first + at;
        const mark = found.get(index);
        const isDoubt = isDoubtful(word);
        const look = [isDoubt && 'doubt', mark].filter(Boolean).join(' ');
        const space = at > 0 && /^\s/.test(word.text) ? ' ' : '';
        return [
          space,
          <span key={index} data-word={index} class={look || undefined} title={isDoubt ? texts.transcript.certainty(`${Math.round(word.probability * 100)} %`) : undefined}>
            {word.text.trim()}
          </span>,
        ];
      })}
    </>
  );
}
