/** A stretch of text with a name for how it is marked. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly mark: string;
}
export interface Segment {
  readonly text: string;
  readonly start: number;
  /** The marks that cover all of it, outermost first. */
  readonly marks: readonly string[];
}

/** Cuts `text` (which begins at `offset` of the document) at the borders of `marks`; pieces together give the text again. */
export function segments(text: string, marks: readonly Mark[], offset = 0): Segment[] {
  const end = offset + text.length;
  const inside = marks
    .map(({ start, end: last, mark }) => ({ start: Math.max(start, offset), end: Math.min(last, end), mark }))
    .filter((mark) => mark.start < mark.end)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const cuts = [...new Set([offset, end, ...inside.flatMap((mark) => [mark.start, mark.end])])].sort((a, b) => a - b);
  const pieces: Segment[] = [];
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from, to] = [cuts[i]!, cuts[i + 1]!];
    const covering = inside.filter((mark) => mark.start <= from && mark.end >= to).map(({ mark }) => mark);
    pieces.push({ text: text.slice(from - offset, to - offset), start: from, marks: covering });
  }
  return pieces;
}
