import { ConfigError } from '../core/index.ts';
import type { EncodedPrompt, Parts } from '../inspect/index.ts';
import type { Suspect } from './screen.ts';
import type { UnseenSpan } from './unseen.ts';

export interface WeighedSpan extends UnseenSpan {
  /** Factor on the attention that its tokens get, from 0, unread, to 1, as it is. */
  readonly weight: number;
}

/**
 * How much of the attention to a segment is left: the more it is like an instruction or like what is asked for, the less.
 *
 * @param likeness  0..1 more that the segment may be like, an answer's beginning for instance
 * @param sharpness power of what is left; the higher, the more only what is unlike is read
 */
export const readingWeight = (
  { injected, restated }: Pick<Suspect, 'injected' | 'restated'>,
  { likeness = 0, sharpness = 1 }: { readonly likeness?: number; readonly sharpness?: number } = {},
): number => (1 - Math.min(1, Math.max(0, injected, restated, likeness))) ** sharpness;

/**
 * What the last token of a prompt comes to where it attends less to some tokens before it: each row of its attention is multiplied by their weights and divided by what is then left of it. What the tokens between made of them stays.
 * Where spans overlap, the least weight holds; with a weight of 0 it is `lastTokenWithout`.
 *
 * @param from  block from which on it does, from 0
 * @returns the residual stream after each block [hidden], from what enters the first
 * @throws ConfigError for a weight below 0 or above 1
 */
export const lastTokenWeighed = async (
  parts: Parts,
  { ids, last, keys, values }: EncodedPrompt,
  spans: readonly WeighedSpan[],
  { from = 0 }: { readonly from?: number } = {},
): Promise<readonly Float32Array[]> => {
  const strange = spans.find(({ weight }) => !(weight >= 0 && weight <= 1));
  if (strange) throw new ConfigError(`lastTokenWeighed: expected weights from 0 to 1, got ${strange.weight}`);
  const length = ids.length - 1;
  const keyFactors = new Float32Array(length + 1).fill(1);
  for (const { start, end, weight } of spans) for (let i = start; i < Math.min(end, length); i++) keyFactors[i] = Math.min(keyFactors[i]!, weight);
  const streams = last.slice(0, from + 1);
  for (let block = from; block < parts.config.layers; block++) {
    const past = { keys: keys[block]!, values: values[block]! };
    streams.push((await parts.block(block, { stream: streams[block]!, positions: [length], past, keyFactors })).stream);
  }
  return streams;
};
