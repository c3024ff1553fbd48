// Words that a person has confirmed stay certain, whatever the server makes of a text that was changed
// before it heard of that. Pure.
import { placesOf, type Cue } from './cue';
import { retimed } from './retimed';

export function withConfirmed(fresh: Cue, known: Cue): Cue {
  if (fresh === known || !known.words.some((word) => word.isConfirmed)) return fresh;
  const words = fresh.text === known.text ? known.words : retimed(known.words, fresh.text, fresh.start, fresh.end);
  const confirmed = new Set(placesOf(words).filter((_, at) => words[at]!.isConfirmed).map(({ from, to }) => `${from}-${to}`));
  const places = placesOf(fresh.words);
  const isMissed = fresh.words.map((word, at) => word.probability < 1 && confirmed.has(`${places[at]!.from}-${places[at]!.to}`));
  if (!isMissed.includes(true)) return fresh;
  return { ...fresh, words: fresh.words.map((word, at) => (isMissed[at] ? { ...word, probability: 1, isConfirmed: true } : word)) };
}
