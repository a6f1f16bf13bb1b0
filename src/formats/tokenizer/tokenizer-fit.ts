import { ConfigError } from '../../core/index.ts';
import type { CausalTokenizer } from './tokenizer-causal.ts';

/** Rows that a table of words may have beyond the tokens: it is padded to a multiple of up to 256, or keeps up to a sixteenth for tokens to come. */
const spareRows = (vocab: number): number => Math.max(256, Math.floor(vocab / 16));

/**
 * Holds a tokenizer against the rows of a model's table of words.
 *
 * @param vocab  rows of the table
 * @returns      ids below `vocab` that no token has: nothing may be written with them
 * @throws ConfigError for ids beyond the table, and where more rows have no token than padding and reserve explain: 256, or a sixteenth of the rows
 */
export const unnamedIds = (tokenizer: Pick<CausalTokenizer, 'vocabSize' | 'tokenOf'>, vocab: number, where: string): number[] => {
  const refuse = (expected: string, got: string): never => {
    throw new ConfigError(`${where}: expected a tokenizer of ${expected}, got ${got}; tokenizer and weights are of two models, fetch both from one place`);
  };
  if (tokenizer.vocabSize > vocab) refuse(`at most ${vocab} tokens`, `${tokenizer.vocabSize}`);
  const unnamed: number[] = [];
  for (let id = 0; id < vocab; id++) if (tokenizer.tokenOf(id) === undefined) unnamed.push(id);
  const spare = spareRows(vocab);
  if (unnamed.length > spare || unnamed.length === vocab)
    refuse(`${Math.max(1, vocab - spare)} to ${vocab} tokens (the model has ${vocab} rows for them, at most ${spare} to spare)`, `${vocab - unnamed.length}`);
  return unnamed;
};
