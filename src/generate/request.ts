import { ConfigError } from '../core/index.ts';
import type { CausalModel } from './causal-model.ts';
import type { LastToken } from './last-token.ts';
import type { Candidate, Sampling } from './sampling.ts';

/** Says which tokens may come next: what has no place is scored -Infinity. */
export interface TokenMask {
  /** Changes scores [vocab] in place. */
  apply(scores: Float32Array): void;
  /** Takes note of the token that was drawn. */
  accept(id: number): void;
  /** Whether nothing but the end can come: then none is computed. */
  readonly done?: boolean;
}

export interface Request {
  /** At least one. */
  readonly prompt: readonly number[];
  /** Tokens to generate at most, at least 1. */
  readonly maxTokens: number;
  /** Tokens that end the answer; they are not part of it. */
  readonly endIds?: readonly number[];
  readonly sampling?: Sampling;
  readonly mask?: TokenMask;
  /** How many of the most probable tokens to name with each (default 0), and with any number at least the token's own probability. */
  readonly candidates?: number;
  /**
   * Guess tokens from what the text repeats, and check several in one step where that is expected to pay. Each token is still drawn from the model's own scores after those before it, with the number that
   * its place and the seed determine, and guesses that differ are dropped: rejection sampling with a proposal that is certain, made exact by drawing once. So the tokens are those of plain decoding, drawn
   * ones as greedy ones, but where rounding decides: a step of several rows differs in the last bits from a step of one, and how many are checked depends on the texts beside it. Default true.
   */
  readonly speculate?: boolean;
  /** For a generator that was opened with a site for it. */
  readonly lastToken?: LastToken;
  readonly signal?: AbortSignal;
}

export interface Token {
  readonly id: number;
  /** With `candidates` only: natural logarithm of the token's own probability, and of the most probable ones', before penalties. */
  readonly logprob?: number;
  readonly candidates?: readonly Candidate[];
}

export interface Generated {
  readonly tokenIds: readonly number[];
  /** 'stop': an end token, nothing else that the mask allows, or `onToken` said so; 'length': as many as asked for, or the context is full. */
  readonly finishReason: 'stop' | 'length';
  readonly promptTokens: number;
  /** Prompt tokens that were in the cache. */
  readonly cachedTokens: number;
  /** Tokens that were guessed and checked, and how many of them were right. */
  readonly guessedTokens: number;
  readonly rightTokens: number;
}

/** @throws ConfigError for what cannot be generated */
export const checkRequest = ({ prompt, maxTokens }: Request, { config: { positions: context, vocab, virtualTokens = 0 } }: CausalModel): void => {
  if (prompt.length === 0)
    throw new ConfigError('generate: expected a prompt of at least one token, got none; write something, or let the tokenizer add its first token');
  if (prompt.length >= context)
    throw new ConfigError(`generate: expected a prompt of fewer than ${context} tokens (the model's context), got ${prompt.length}; shorten it`);
  if (!Number.isInteger(maxTokens) || maxTokens < 1) throw new ConfigError(`generate: expected maxTokens ≥ 1, got ${maxTokens}`);
  const odd = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocab + virtualTokens);
  if (odd !== undefined) throw new ConfigError(`generate: expected token ids from 0 to ${vocab - 1}, got ${odd}; the tokenizer does not match the model`);
};
