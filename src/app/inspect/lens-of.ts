import { logitLens } from '../../inspect/index.ts';
import { type LikelyToken, likelyTokens } from './likely-token.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

export interface LensOf {
  /** The text's tokens; a reading at a place tells what would come after it. */
  readonly tokens: readonly string[];
  /** From 0, what enters the first block, to the number of blocks. */
  readonly layers: readonly { readonly layer: number; readonly places: readonly { readonly place: number; readonly top: readonly LikelyToken[] }[] }[];
}

export interface LensOfOptions {
  /** How many of the text's last places are read. Default: all. */
  readonly last?: number | undefined;
  /** Likeliest tokens told, at most 10. Default 3. */
  readonly top?: number | undefined;
  /** Whether the text gets what the model's tokenizer adds. Default true. */
  readonly special?: boolean | undefined;
}

/** The logit lens of a text. @throws as `logitLens` */
export const lensOf = async (
  { tokenizer, blocks }: InspectedLanguageModel,
  prompt: string,
  { last, top = 3, special = true }: LensOfOptions = {},
): Promise<LensOf> => {
  const ids = tokenizer.encode(prompt, { special });
  const readings = await logitLens(blocks, ids, { places: [...ids.keys()].slice(last === undefined ? 0 : -last), top });
  return {
    tokens: ids.map((id) => tokenizer.decode([id])),
    layers: [...Map.groupBy(readings, ({ layer }) => layer)].map(([layer, own]) => ({
      layer,
      places: own.map(({ place, best }) => ({ place, top: likelyTokens(tokenizer, best) })),
    })),
  };
};
