import { ConfigError } from '../../core/index.ts';
import { epochOrder } from '../../train/index.ts';

export interface PackOptions {
  /** Most tokens a row. */
  readonly length: number;
  readonly seed: number;
  readonly epoch: number;
  /** Several texts a row; false: one text a row, as where padding is to be counted. Default true. */
  readonly together?: boolean;
}

/**
 * Texts put into rows, first fit by decreasing length: each goes into the first row with room. Texts of one length come in an order of their own in each epoch, and so do the rows and what stands in them.
 *
 * @param lengths  of every text in tokens; of texts that stay in one row together, as the answers of a pair do, their sum
 * @returns  rows of indices, a function of lengths, seed and epoch alone
 * @throws ConfigError where a text is longer than a row
 */
export const packRows = (lengths: readonly number[], { length, seed, epoch, together = true }: PackOptions): number[][] => {
  const unfit = lengths.findIndex((own) => !(own >= 1 && own <= length));
  if (unfit >= 0)
    throw new ConfigError(`packRows: expected texts of 1 to ${length} tokens, got ${lengths[unfit]} in text ${unfit}; cut it, or take longer rows`);
  const order = epochOrder(seed, epoch, lengths.length);
  if (!together) return order.map((text) => [text]);
  const rows: number[][] = [];
  const firstFit = rowsWithRoom(lengths.length, length);
  for (const text of order.toSorted((a, b) => lengths[b]! - lengths[a]!)) {
    const row = firstFit(lengths[text]!);
    if (row === rows.length) rows.push([]);
    rows[row]!.push(text);
  }
  return epochOrder(seed + 1, epoch, rows.length).map((row) => epochOrder(seed + 2 + row, epoch, rows[row]!.length).map((i) => rows[row]![i]!));
};

/** Finds the first of `count` rows with room for so many tokens, and takes the room. A tree over the rows knows the most room below each of its nodes. */
const rowsWithRoom = (count: number, length: number): ((tokens: number) => number) => {
  const leaves = 2 ** Math.ceil(Math.log2(Math.max(1, count)));
  const room = new Float64Array(2 * leaves).fill(length);
  return (tokens) => {
    let node = 1;
    while (node < leaves) node = room[2 * node]! >= tokens ? 2 * node : 2 * node + 1;
    const row = node - leaves;
    room[node]! -= tokens;
    for (node >>= 1; node >= 1; node >>= 1) room[node] = Math.max(room[2 * node]!, room[2 * node + 1]!);
    return row;
  };
};

/** Rows of an epoch in batches of `rows`; the last may hold fewer. @returns batches of rows of indices of texts */
export const packBatches = (lengths: readonly number[], { rows, ...options }: PackOptions & { readonly rows: number }): number[][][] => {
  if (!(Number.isInteger(rows) && rows >= 1)) throw new ConfigError(`packBatches: expected a whole number of rows from 1 on, got ${rows}`);
  const packed = packRows(lengths, options);
  return Array.from({ length: Math.ceil(packed.length / rows) }, (_, i) => packed.slice(i * rows, (i + 1) * rows));
};

/** A batch of rows as one list of numbers, −1 between rows: how `train` passes batches on. */
export const flatBatch = (rows: readonly (readonly number[])[]): number[] => rows.flatMap((row, i) => (i === 0 ? row : [-1, ...row]));

/** The rows of such a list. */
export const rowsOfBatch = (flat: readonly number[]): number[][] => {
  const rows: number[][] = [[]];
  for (const number of flat)
    if (number < 0) rows.push([]);
    else rows.at(-1)!.push(number);
  return rows;
};
