import { ConfigError } from '../core/index.ts';
import type { Executable } from '../runtime/index.ts';
import type { CausalModel } from './causal-model.ts';
import { createKeyValueCache } from './key-value-cache.ts';
import { runStep } from './run-step.ts';
import { logSumExp } from './sampling.ts';

const rowsAtOnce = 64; // each is a whole vocabulary

/**
 * Natural logarithms of the probabilities of tokens[from …], each given those before it.
 *
 * @throws ConfigError where `from` is not from 1 to the last token, or the context is too short
 */
export const scoreTokens = async (step: Executable, { config }: CausalModel, tokens: readonly number[], from: number): Promise<Float64Array> => {
  if (!(from >= 1 && from < tokens.length)) throw new ConfigError(`score: expected a first token from 1 to ${tokens.length - 1}, got ${from}`);
  if (tokens.length > config.positions)
    throw new ConfigError(`score: expected at most ${config.positions} tokens (the model's context), got ${tokens.length}; shorten the text`);
  const cache = createKeyValueCache(config);
  cache.reserve(1, tokens.length);
  const found = new Float64Array(tokens.length - from);
  const most = tokens.length - 1; // the last token predicts nothing that is asked for
  for (let at = 0; at < most; ) {
    const end = Math.min(at + rowsAtOnce, most);
    const rows = Array.from({ length: end - at }, (_, i) => i).filter((i) => at + i + 1 >= from);
    const scores = await runStep(step, cache, { first: 0, tokens: [tokens.slice(at, end)], rows: rows.length > 0 ? rows : [end - at - 1], short: true });
    for (const [k, i] of rows.entries()) {
      const own = scores.subarray(k * config.vocab, (k + 1) * config.vocab);
      found[at + i + 1 - from] = own[tokens[at + i + 1]!]! - logSumExp(own);
    }
    at = end;
  }
  return found;
};
