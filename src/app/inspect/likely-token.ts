import type { CausalTokenizer } from '../../formats/index.ts';
import type { Scored } from '../../inspect/index.ts';

export interface LikelyToken {
  readonly id: number;
  /** As it is written in a text; bytes that are no whole character show as �. */
  readonly token: string;
  readonly probability: number;
}

export const likelyTokens = (tokenizer: CausalTokenizer, best: Scored['best'][number]): LikelyToken[] =>
  best.map(({ id, logprob }) => ({ id, token: tokenizer.decode([id]), probability: Math.exp(logprob) }));
