import type { TensorData } from '../../runtime/index.ts';
import { tileSize } from './network/tiles.ts';
import type { Pieces, Window } from './windows.ts';

/** One window to read, as a row of a batch. */
export interface Row {
  readonly pieces: Pieces;
  readonly window: Window;
}

/** A sentence of the batch: word numbers count over the batch. */
export interface GridSentence {
  readonly row: number;
  readonly start: number;
  readonly end: number;
}

/** A batch laid out as a grid of words × widths; cell = word · widths + width − 1. */
export interface Grid {
  readonly feeds: Readonly<Record<'ids' | 'mask' | 'tokenWord' | 'wordFirst' | 'wordLast', TensorData>>;
  readonly widths: number;
  /** A multiple of `widths`: the last are no words where the batch has fewer. */
  readonly words: number;
  /** Per row: number of its first word in the batch, and of that word in its document. */
  readonly rows: readonly { readonly offset: number; readonly start: number; readonly words: number }[];
  /** Sentences whose spans count, rows in order. */
  readonly sentences: readonly GridSentence[];
}

export const int64 = (shape: readonly number[], values: ArrayLike<number>): TensorData => {
  const data = new BigInt64Array(values.length);
  for (let i = 0; i < values.length; i++) data[i] = BigInt(values[i]!);
  return { dtype: 'int64', shape, data };
};
export const bool = (shape: readonly number[], values: ArrayLike<number>): TensorData => ({ dtype: 'bool', shape, data: Uint8Array.from(values) });

/** Number of subwords of a row, [CLS] and [SEP] included. */
export const rowLength = ({ pieces, window }: Row): number => {
  let length = 2;
  for (let word = window.start; word < window.end; word++) length += pieces.subwords[word]!.length;
  return length;
};

/**
 * Lays rows side by side.
 *
 * @param special       ids of [CLS] and [SEP]
 * @param options.seq   columns; default: of the longest row
 */
export const gridOf = (rows: readonly Row[], widths: number, special: { readonly cls: number; readonly sep: number }, { seq }: { seq?: number } = {}): Grid => {
  const columns = seq ?? Math.max(...rows.map(rowLength));
  const counted = rows.reduce((sum, { window }) => sum + window.end - window.start, 0);
  const blocks = Math.ceil(counted / widths);
  const total = blocks * widths; // what is past the last word is no part of any span
  const ids = new Int32Array(rows.length * columns);
  const mask = new Uint8Array(ids.length);
  const tokenWord = new Int32Array(ids.length).fill(total);
  const [wordFirst, wordLast] = [new Int32Array(total), new Int32Array(total)];
  const placed: { offset: number; start: number; words: number }[] = [];
  const sentences: GridSentence[] = [];
  let word = 0;
  for (const [row, { pieces, window }] of rows.entries()) {
    let at = row * columns;
    const put = (id: number) => {
      ids[at] = id;
      mask[at++] = 1;
    };
    placed.push({ offset: word, start: window.start, words: window.end - window.start });
    for (const { start, end } of window.sentences) sentences.push({ row, start: start - window.start + word, end: end - window.start + word });
    put(special.cls);
    for (let from = window.start; from < window.end; from++, word++) {
      wordFirst[word] = at;
      for (const id of pieces.subwords[from]!) {
        tokenWord[at] = word;
        put(id);
      }
      wordLast[word] = at - 1;
    }
    put(special.sep);
  }
  const shape = [rows.length, columns];
  return {
    feeds: {
      ids: int64(shape, ids),
      mask: bool(shape, mask),
      tokenWord: int64(shape, tokenWord),
      wordFirst: int64([blocks, widths], wordFirst),
      wordLast: int64([blocks, widths], wordLast),
    },
    widths,
    words: total,
    rows: placed,
    sentences,
  };
};

/** Cells of the spans of a sentence, by first word, then width. */
export const cellsOf = ({ start, end }: { start: number; end: number }, widths: number): number[] => {
  const cells: number[] = [];
  for (let word = start; word < end; word++) for (let width = 0; width < widths && word + width < end; width++) cells.push(word * widths + width);
  return cells;
};

/** First and last word of a cell. */
export const spanOf = (cell: number, widths: number): { first: number; last: number } => {
  const first = Math.floor(cell / widths);
  return { first, last: first + (cell % widths) };
};

/** Beam size: max(1, floor(ratio · words)), never more than there are spans. The small term undoes what binary fractions lose (0.3 · 10). */
export const beamSize = (ratio: number, words: number, spans: number): number => Math.min(spans, Math.max(1, Math.floor(ratio * words + 1e-9)));

/** Square tiles over the pairs of beams that lie end to end in one list of slots. */
export interface Tiles {
  /** [tiles, 4] slots along rows and along columns. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  /** [tiles, 4, 4]: 1 where both slots are of the beam and the pair is wanted. */
  readonly mask: readonly number[];
  readonly count: number;
}

/**
 * @param beams   sizes of the beams
 * @param wanted  whether the pair (row, column), counted within a beam, is wanted
 */
export const tilesOf = (
  beams: readonly number[],
  wanted: (row: number, column: number) => boolean,
): Tiles & { readonly place: (beam: number, row: number, column: number) => number | undefined } => {
  const [rows, columns, mask]: [number[], number[], number[]] = [[], [], []];
  const tileAt: Map<number, number>[] = [];
  let [offset, count] = [0, 0];
  for (const size of beams) {
    const blocks = Math.ceil(size / tileSize);
    const found = new Map<number, number>();
    tileAt.push(found);
    for (let a = 0; a < blocks; a++)
      for (let b = 0; b < blocks; b++) {
        const cells: number[] = [];
        for (let i = a * tileSize; i < (a + 1) * tileSize; i++)
          for (let j = b * tileSize; j < (b + 1) * tileSize; j++) cells.push(i < size && j < size && wanted(i, j) ? 1 : 0);
        if (!cells.includes(1)) continue;
        found.set(a * blocks + b, count++);
        for (let i = 0; i < tileSize; i++) {
          rows.push(offset + Math.min(size - 1, a * tileSize + i));
          columns.push(offset + Math.min(size - 1, b * tileSize + i));
        }
        for (const cell of cells) mask.push(cell);
      }
    offset += size;
  }
  const place = (beam: number, row: number, column: number): number | undefined => {
    const blocks = Math.ceil(beams[beam]! / tileSize);
    const tile = tileAt[beam]!.get(Math.floor(row / tileSize) * blocks + Math.floor(column / tileSize));
    return tile === undefined ? undefined : (tile * tileSize + (row % tileSize)) * tileSize + (column % tileSize);
  };
  if (count === 0) {
    // A batch without any wanted pair still has one tile, all of it masked.
    for (let i = 0; i < tileSize; i++) {
      rows.push(0);
      columns.push(0);
    }
    for (let i = 0; i < tileSize * tileSize; i++) mask.push(0);
    count = 1;
  }
  return { rows, columns, mask, count, place };
};

/** Bucket of a distance in mentions: 0, 1, 2, 3, 4, 5–7, 8–15, 16–31, 32–63, 64+. */
export const mentionBucket = (distance: number): number => (distance <= 4 ? Math.max(0, distance) : Math.min(9, Math.floor(Math.log2(distance)) + 3));
