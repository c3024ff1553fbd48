// A cue's text cut where its look changes: doubtful words, and what was found. Pure.
export interface Mark {
  from: number;
  to: number;
  look: 'doubt' | 'found' | 'found-now';
}

export interface Piece {
  text: string;
  looks: string; // of all marks that cover it
}

export function piecesOf(text: string, marks: readonly Mark[]): Piece[] {
  const borders = [...new Set([0, text.length, ...marks.flatMap((mark) => [mark.from, mark.to])])].filter((at) => at <= text.length).sort((a, b) => a - b);
  const pieces: Piece[] = [];
  for (let at = 0; at + 1 < borders.length; ++at) {
    const [from, to] = [borders[at]!, borders[at + 1]!];
    const looks = marks.filter((mark) => mark.from <= from && mark.to >= to).map((mark) => mark.look);
    pieces.push({ text: text.slice(from, to), looks: looks.join(' ') });
  }
  return pieces;
}
