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

/** Whole numbers of 32 bits as int64. */
export const int64 = (shape: readonly number[], values: ArrayLike<number>): TensorData => {
  const data = new BigInt64Array(values.length);
  const halves = new Int32Array(data.buffer); // the lower one first; a BigInt for every value would take ten times as long
  for (let i = 0; i < values.length; i++) {
    halves[2 * i] = values[i]!;
    halves[2 * i + 1] = values[i]! < 0 ? -1 : 0;
  }
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
  readonly rows: ArrayLike<number>;
  readonly columns: ArrayLike<number>;
  /** [tiles, 4, 4]: 1 where both slots are of the beam and the pair is wanted. */
  readonly mask: Uint8Array;
  readonly count: number;
}

/**
 * @param beams   sizes of the beams
 * @param wanted  whether the pair (row, column), counted within a beam, is wanted
 * @returns       `place`: position of a wanted pair in the flattened tiles
 */
export const tilesOf = (
  beams: readonly number[],
  wanted: (row: number, column: number) => boolean,
): Tiles & { readonly place: (beam: number, row: number, column: number) => number } => {
  const blocksOf = (size: number): number => Math.ceil(size / tileSize);
  const most = beams.reduce((sum, size) => sum + blocksOf(size) ** 2, 1);
  const [rows, columns, mask] = [new Int32Array(most * tileSize), new Int32Array(most * tileSize), new Uint8Array(most * tileSize * tileSize)];
  const tileAt = new Int32Array(most).fill(-1); // of all blocks of all beams
  const firstBlock = new Int32Array(beams.length);
  let [offset, block, count] = [0, 0, 0];
  for (const [beam, size] of beams.entries()) {
    const blocks = blocksOf(size);
    firstBlock[beam] = block;
    for (let a = 0; a < blocks; a++)
      for (let b = 0; b < blocks; b++, block++) {
        let found = false;
        for (let i = 0; i < tileSize; i++)
          for (let j = 0; j < tileSize; j++) {
            const [row, column] = [a * tileSize + i, b * tileSize + j];
            if (row >= size || column >= size || !wanted(row, column)) continue;
            mask[(count * tileSize + i) * tileSize + j] = 1;
            found = true;
          }
        if (!found) continue;
        for (let i = 0; i < tileSize; i++) {
          rows[count * tileSize + i] = offset + Math.min(size - 1, a * tileSize + i);
          columns[count * tileSize + i] = offset + Math.min(size - 1, b * tileSize + i);
        }
        tileAt[block] = count++;
      }
    offset += size;
  }
  count = Math.max(1, count); // without any wanted pair there is still one tile, all of it masked
  return {
    rows: rows.subarray(0, count * tileSize),
    columns: columns.subarray(0, count * tileSize),
    mask: mask.subarray(0, count * tileSize * tileSize),
    count,
    place: (beam, row, column) => {
      const tile = tileAt[firstBlock[beam]! + Math.floor(row / tileSize) * blocksOf(beams[beam]!) + Math.floor(column / tileSize)]!;
      return (tile * tileSize + (row % tileSize)) * tileSize + (column % tileSize);
    },
  };
};

/** Bucket of a distance in mentions: 0, 1, 2, 3, 4, 5–7, 8–15, 16–31, 32–63, 64+. */
export const mentionBucket = (distance: number): number => (distance <= 4 ? Math.max(0, distance) : Math.min(9, Math.floor(Math.log2(distance)) + 3));
