import { z } from 'zod';
import { type Node, parameter } from '../../core/index.ts';
import { hashOf } from '../../train/index.ts';
import type { Method, ReadBase } from '../method.ts';
import { optionsOf } from '../options.ts';
import { parametersNamed } from '../own-values.ts';
import { withVirtualRows, wordTable } from './virtual-rows.ts';

const schema = z.strictObject({
  /** How many virtual tokens there are. */
  tokens: z.number().int().min(1).max(4096).default(20),
});
export type PromptOptions = z.input<typeof schema>;

const kind = 'prompt';

/**
 * Virtual tokens: the ids `vocab`, `vocab + 1`, … mean trained rows of `embed.prompt.table` [tokens, hidden], and whoever runs the model puts them before a text, with positions of their own. Ids of words mean what they did, and
 * no virtual token is ever predicted. No program input is added.
 *
 * Source: arXiv:2104.08691, the rows starting as those of words.
 */
export const prompt = (given: PromptOptions = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  return {
    kind,
    options,
    apply(roots) {
      const edited = withVirtualRows(kind, roots, (table) => parameter('embed.prompt.table', [options.tokens, table.shape[1] as number]));
      return { roots: edited, parameters: parametersNamed(edited, /^embed\.prompt\.table$/), shares: new Map() };
    },
    start: rowsOfWords,
    virtualTokens: options.tokens,
    unmergeable: 'its rows are tokens and stand before the text; they are part of no weight',
  };
};

/** First rows of virtual tokens: those of words drawn by the seed. */
export const rowsOfWords = async ({ shape }: Node, seed: number, base: ReadBase): Promise<Float32Array> => {
  const [rows, columns] = shape as readonly [number, number];
  const table = await base(wordTable);
  const starts = Array.from({ length: rows }, (_, row) => (hashOf(seed, row) % (table.length / columns)) * columns);
  return Float32Array.from(starts.flatMap((at) => [...table.subarray(at, at + columns)]));
};
