import { ConfigError } from '../../core/index.ts';
import { sweep, type TokenScores } from '../../inspect/index.ts';
import { type LikelyToken, likelyTokens } from './likely-token.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

export interface PatchedPair {
  /** The likeliest next tokens of either prompt as it is, the best first. */
  readonly sourceTop: readonly LikelyToken[];
  readonly targetTop: readonly LikelyToken[];
  /** Of the target, with the residual stream after `layer` blocks at its last token replaced by the source's; from 1 to the number of blocks. */
  readonly layers: readonly { readonly layer: number; readonly top: readonly LikelyToken[] }[];
}

export interface PatchPairOptions {
  /** Likeliest tokens told for each layer, at most 10. Default 5. */
  readonly top?: number | undefined;
  /** Whether prompts get what the model's tokenizer adds to a text. Default true. */
  readonly special?: boolean | undefined;
}

/**
 * One pair of prompts, patched after every block: before some block the target's answer stands, then the source's request is answered from the target's text, at last the source's answer is handed over.
 *
 * @throws ConfigError for a prompt without tokens, or longer than the model's context
 */
export const patchPair = async (
  { tokenizer, blocks }: InspectedLanguageModel,
  source: string,
  target: string,
  { top = 5, special = true }: PatchPairOptions = {},
): Promise<PatchedPair> => {
  const prompts = [source, target].map((text) => tokenizer.encode(text, { special }));
  for (const [i, ids] of prompts.entries())
    if (ids.length === 0) throw new ConfigError(`inspect patch: expected a ${i === 0 ? 'source' : 'target'} of at least one token, got an empty text`);
  const runs = Array.from({ length: blocks.config.layers }, (_, i) => ({ source: 0, target: 1, layer: i + 1 }));
  const { plain, patched } = await sweep(blocks, prompts, runs, undefined, { top });
  const likely = ({ best }: TokenScores): LikelyToken[] => likelyTokens(tokenizer, best);
  return {
    sourceTop: likely(plain[0]!),
    targetTop: likely(plain[1]!),
    layers: patched.map((scores, i) => ({ layer: runs[i]!.layer, top: likely(scores) })),
  };
};
