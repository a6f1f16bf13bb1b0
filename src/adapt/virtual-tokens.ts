import type { TensorData } from '../runtime/index.ts';
import type { BaseModel } from './base-model.ts';
import type { PackedFeeds, TokenText } from './data/index.ts';
import type { Method } from './method.ts';

/** A text as it is read: behind the method's virtual tokens, none of which is learnt. */
export const behindVirtual = ({ source }: BaseModel, { virtualTokens = 0 }: Method, text: TokenText): TokenText => {
  const { vocab } = source.member.config;
  const before = Array.from({ length: virtualTokens }, (_, i) => vocab + i);
  return virtualTokens === 0 ? text : { ...text, ids: [...before, ...text.ids], answer: [...before.map(() => false), ...text.answer] };
};

/** Words of an instance are filled up to a multiple, so that shapes repeat. */
const wordBucket = 32;

/**
 * Feeds of a step whose virtual tokens are made of what is asked: every text is an instance, whose virtual ids follow those of the one before, and `asked` [instances, words] holds what stands before its first answer. Of any other
 * method they stay as they are.
 *
 * @param rows  of each part, its texts as they are read, row by row
 */
export const withAsked = (
  { source }: BaseModel,
  { virtualTokens = 0, askedTokens }: Method,
  parts: readonly PackedFeeds[],
  rows: readonly (readonly (readonly TokenText[])[])[],
): readonly PackedFeeds[] => {
  if (askedTokens === undefined) return parts;
  const { vocab } = source.member.config;
  return parts.map((part, p) => {
    const ids = (part.ids.data as BigInt64Array).slice();
    const seq = part.ids.shape[1]!;
    const asked: (readonly number[])[] = [];
    for (const [b, row] of rows[p]!.entries()) {
      let at = b * seq;
      for (const text of row) {
        for (let i = 0; i < virtualTokens; i++) ids[at + i] = BigInt(vocab + virtualTokens * asked.length + i);
        const first = text.answer.indexOf(true);
        asked.push(text.ids.slice(virtualTokens, Math.min(first < 0 ? text.ids.length : first, virtualTokens + askedTokens)));
        at += text.ids.length;
      }
    }
    const words = Math.ceil(Math.max(1, ...asked.map(({ length }) => length)) / wordBucket) * wordBucket;
    const filled = new BigInt64Array(asked.length * words).fill(-1n);
    for (const [k, own] of asked.entries()) filled.set(BigInt64Array.from(own, BigInt), k * words);
    const int64 = (shape: readonly number[], data: BigInt64Array): TensorData => ({ dtype: 'int64', shape, data });
    return { ...part, ids: int64(part.ids.shape, ids), asked: int64([asked.length, words], filled) };
  });
};
