import { type Tensor, tensor } from '../../core/index.ts';
import type { CausalConfig } from '../index.ts';

/** One run of a program with a cache: `logits` of the new tokens, and their `keys` and `values`, layers one after another along the first axis. */
export type Run = (feeds: ReadonlyMap<string, Tensor>) => Promise<Record<string, Tensor>>;

/**
 * Reads texts step by step as a generator would, writing new keys and values into a cache of fixed capacity whose free slots hold nonsense.
 *
 * @param taken  for each step how many tokens of each text it takes; the others of the step are padding, whose slots stay free
 * @returns      logits of the tokens that were read, text by text
 */
export const runCached = async (
  run: Run,
  { layers, kvHeads, headDim, vocab }: CausalConfig,
  texts: readonly (readonly number[])[],
  taken: readonly (readonly number[])[],
  { side, capacity }: { side: 'left' | 'right'; capacity: number },
): Promise<Float64Array[]> => {
  const batch = texts.length;
  const shape = [batch, kvHeads, capacity, headDim];
  const cache = ['keys', 'values'].flatMap((kind) =>
    Array.from({ length: layers }, (_, layer): [string, Tensor] => [
      `past.${kind}.${layer}`,
      tensor(shape, Array(batch * kvHeads * capacity * headDim).fill(50)),
    ]),
  );
  const held = tensor([batch, capacity], Array(batch * capacity).fill(0));
  const read = texts.map(() => 0);
  const logits: number[][] = texts.map(() => []);
  let slot = 0;
  for (const counts of taken) {
    const seq = Math.max(...counts);
    const columns = counts.map((count) => Array.from({ length: seq }, (_, t) => (side === 'left' ? t - (seq - count) : t < count ? t : -1)));
    const each = (value: (b: number, i: number) => number): Tensor =>
      tensor(
        [batch, seq],
        columns.flatMap((row, b) => row.map((i) => value(b, i))),
      );
    const feeds = new Map([...cache])
      .set('past.mask', tensor(held.shape, held.data))
      .set(
        'ids',
        each((b, i) => (i < 0 ? 5 : texts[b]![read[b]! + i]!)),
      )
      .set(
        'positions',
        each((b, i) => (i < 0 ? 2 : read[b]! + i)),
      )
      .set(
        'mask',
        each((_, i) => Number(i >= 0)),
      );
    const made = await run(feeds);
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < seq; t++) {
        if (columns[b]![t]! < 0) continue;
        logits[b]!.push(...made['logits']!.data.slice((b * seq + t) * vocab, (b * seq + t + 1) * vocab));
        held.data[b * capacity + slot + t] = 1;
        for (const [at, [key, { data }]] of cache.entries())
          for (let h = 0; h < kvHeads; h++) {
            const from = made[key.startsWith('past.keys') ? 'keys' : 'values']!.data;
            const start = ((((at % layers) * batch + b) * kvHeads + h) * seq + t) * headDim;
            data.set(from.subarray(start, start + headDim), ((b * kvHeads + h) * capacity + slot + t) * headDim);
          }
      }
    for (const [b, count] of counts.entries()) read[b]! += count;
    slot += seq;
  }
  return logits.map((row) => Float64Array.from(row));
};
