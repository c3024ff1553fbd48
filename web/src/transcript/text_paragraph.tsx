// One paragraph: as plain text, or as words that can be pointed at.
import { useMemo } from 'preact/hooks';
import { clock } from '../parts/format';
import { texts } from '../texts';
import { isDoubtful, paragraphText, type Paragraph } from './reading';

interface Properties {
  paragraph: Paragraph;
  isWords: boolean;
  found: ReadonlyMap<number, 'found' | 'found-now'>; // words, by index
  onSeek: (time: number) => void;
}

export function TextParagraph({ paragraph, isWords, found, onSeek }: Properties) {
  const content = useMemo(() => (isWords ? <Words paragraph={paragraph} found={found} /> : paragraphText(paragraph)), [paragraph, isWords, found]);
  return (
    <div class="paragraph" data-paragraph={paragraph.first} data-start={paragraph.start}>
      <button type="button" class="paragraph-time number" onClick={() => onSeek(paragraph.start)}>
        {clock(paragraph.start)}
      </button>
      <p dir="auto">{content}</p>
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
