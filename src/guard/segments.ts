/** A piece of a document that is judged by itself: `text` is what stands in the document from `start` to `end` (UTF-16 positions). */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Characters of the longest segment. */
export const longestSegment = 400;
// A piece with fewer letters and digits says nothing alone ("Hi,", "2.", "}").
const fewestLetters = 8;

type Kind = 'text' | 'row' | 'code';
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly kind: Kind;
  /** An empty line stands before it. */
  readonly apart: boolean;
}

const lineEnd = /\r\n|[\n\r\v\f\u2028\u2029]/g;
const fence = /^\s*(?:```|~~~)/;
const row = /^\s*\|.*\|\s*$|^[^|]*\|[^|]*\|.*$|\t.*\t/;
// What prose seldom has: an indent, an end in a sign of code, a start with a word of code, a call or an assignment.
const code =
  /^(?: {4}|\t)\s*\S|[;{}]\s*$|^\s*(?:def|class|import|from \S+ import|return|elif|else|try|except|for \S.* in|while|if|with|print|const|let|var|function|public|private|#include|@\w+)\b.*[:;()={}]\s*$|^\s*(?:import \S+|return\b.{0,40}|[\w.[\]'"]+\s*[-+*/]?=\s*\S.*|[\w.]+\(.*\)\s*)$/;
const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const mayEnd = /[.!?\u2026\u3002\uFF01\uFF1F\u0964\u061F][\s\S]*\S/;
// "… to this email.If you …": a space was lost, or left out on purpose.
const lostSpace = /(?<=[\p{Ll}\d)]{2}[.!?])(?=\p{Lu}\p{Ll})/gu;
const letters = (text: string): number => text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;

/**
 * The sentences and lines of a document, in order: a line break ends one; a row of a table is one; lines of code stand together, with their fence; pieces over 400
 * characters are cut at white space; pieces of fewer than 8 letters are joined to a neighbour of their paragraph. Spans do not overlap and hold every character that
 * is not white space.
 */
export const segmentsOf = (document: string): Segment[] =>
  joinTiny(
    document,
    [...piecesOf(document)].flatMap((piece) => cut(document, piece)),
  ).map(({ start, end }) => ({ start, end, text: document.slice(start, end) }));

function* linesOf(document: string): Generator<{ readonly start: number; readonly end: number }> {
  let start = 0;
  for (const { index, 0: found } of document.matchAll(lineEnd)) {
    yield { start, end: index };
    start = index + found.length;
  }
  yield { start, end: document.length };
}

function* piecesOf(document: string): Generator<Piece> {
  let fenced = false;
  let apart = false;
  let block: Piece | undefined;
  for (const line of linesOf(document)) {
    const text = document.slice(line.start, line.end);
    if (text.trim() === '') {
      apart = true;
      continue;
    }
    const mark = fence.test(text);
    const kind: Kind = fenced || mark || (!row.test(text) && code.test(text)) ? 'code' : row.test(text) ? 'row' : 'text';
    // A fence opens a block of its own, and what follows its end another.
    const opens = mark && !fenced;
    if (mark) fenced = !fenced;
    if (block && (kind !== 'code' || opens || (apart && !fenced && !mark) || line.end - block.start > longestSegment)) {
      yield block;
      block = undefined;
    }
    if (kind === 'code') {
      block = block ? { ...block, end: line.end } : { ...trimmed(document, line.start, line.end), kind, apart };
      if (mark && !opens) {
        yield block;
        block = undefined;
      }
    } else if (kind === 'row') yield { ...trimmed(document, line.start, line.end), kind, apart };
    else yield* sentencesOf(document, line.start, line.end, apart);
    apart = false;
  }
  if (block) yield block;
}

function* sentencesOf(document: string, start: number, end: number, apart: boolean): Generator<Piece> {
  const line = document.slice(start, end);
  // The segmenter costs more than all else here, and most short lines are one sentence.
  const proposed = mayEnd.test(line) ? Array.from(sentences.segment(line), ({ index, segment }) => ({ index, segment })) : [{ index: 0, segment: line }];
  let first = apart;
  for (const { index, segment } of proposed) {
    const ends = [...Array.from(segment.matchAll(lostSpace), (found) => found.index), segment.length];
    for (const [i, to] of ends.entries()) {
      const span = trimmed(document, start + index + (ends[i - 1] ?? 0), start + index + to);
      if (span.end <= span.start) continue;
      yield { ...span, kind: 'text', apart: first };
      first = false;
    }
  }
}

const trimmed = (document: string, start: number, end: number): { readonly start: number; readonly end: number } => {
  const text = document.slice(start, end);
  return { start: start + text.length - text.trimStart().length, end: start + text.trimEnd().length };
};

const cut = (document: string, piece: Piece): Piece[] => {
  const parts: Piece[] = [];
  let { start, end } = trimmed(document, piece.start, piece.end);
  while (end - start > longestSegment) {
    const space = document.slice(start, start + longestSegment + 1).search(/\s\S*$/);
    let to = start + (space > longestSegment / 2 ? space : longestSegment);
    // Never between the two halves of one character.
    if (/[\uDC00-\uDFFF]/.test(document[to]!) && /[\uD800-\uDBFF]/.test(document[to - 1]!)) to--;
    parts.push({ ...piece, ...trimmed(document, start, to), apart: parts.length === 0 && piece.apart });
    ({ start, end } = trimmed(document, to, end));
  }
  parts.push({ ...piece, start, end, apart: parts.length === 0 && piece.apart });
  return parts;
};

const joinTiny = (document: string, pieces: readonly Piece[]): Piece[] => {
  const joined: (Piece & { readonly count: number })[] = [];
  for (const piece of pieces) {
    const count = letters(document.slice(piece.start, piece.end));
    const last = joined.at(-1);
    const tiny = last && Math.min(count, last.count) < fewestLetters;
    if (tiny && !piece.apart && last.kind === piece.kind && piece.end - last.start <= longestSegment)
      joined[joined.length - 1] = { ...last, end: piece.end, count: last.count + count };
    else joined.push({ ...piece, count });
  }
  return joined;
};
