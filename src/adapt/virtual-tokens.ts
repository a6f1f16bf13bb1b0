import type { BaseModel } from './base-model.ts';
import type { TokenText } from './data/index.ts';
import type { Method } from './method.ts';

/** A text as it is read: behind the method's virtual tokens, none of which is learnt. */
export const behindVirtual = ({ source }: BaseModel, { virtualTokens = 0 }: Method, text: TokenText): TokenText => {
  const { vocab } = source.member.config;
  const before = Array.from({ length: virtualTokens }, (_, i) => vocab + i);
  return virtualTokens === 0 ? text : { ...text, ids: [...before, ...text.ids], answer: [...before.map(() => false), ...text.answer] };
};
