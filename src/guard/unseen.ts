import type { Blockwise, EncodedPrompt } from '../inspect/index.ts';

export interface UnseenSpan {
  /** Places of tokens. */
  readonly start: number;
  readonly end: number;
}

/**
 * What the last token of a prompt comes to where it does not attend to some tokens before it: each row of its attention loses these and is divided by what is left of it. What the tokens between made of them stays.
 *
 * @param unseen  places that it does not read
 * @param from    block from which on it does not, from 0
 * @returns the residual stream after each block [hidden], from what enters the first
 */
export const lastTokenWithout = async (
  model: Blockwise,
  { ids, last, keys, values }: EncodedPrompt,
  unseen: readonly UnseenSpan[],
  { from = 0 }: { readonly from?: number } = {},
): Promise<readonly Float32Array[]> => {
  const { layers, kvHeads, headDim } = model.config;
  const length = ids.length - 1;
  const kept = Array.from({ length }, (_, i) => i).filter((i) => !unseen.some(({ start, end }) => i >= start && i < end));
  const rowsOf = (of: Float32Array): Float32Array => {
    const made = new Float32Array(kvHeads * kept.length * headDim);
    for (let head = 0; head < kvHeads; head++)
      for (const [to, i] of kept.entries()) {
        const row = (head * length + i) * headDim;
        made.set(of.subarray(row, row + headDim), (head * kept.length + to) * headDim);
      }
    return made;
  };
  const streams = last.slice(0, from + 1);
  for (let block = from; block < layers; block++) {
    const past = { keys: rowsOf(keys[block]!), values: rowsOf(values[block]!) };
    streams.push((await model.block(block, { stream: streams[block]!, positions: [length], past })).stream);
  }
  return streams;
};
