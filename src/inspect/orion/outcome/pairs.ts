import { uniformAt } from '../../../generate/index.ts';
import type { Role } from '../role.ts';

/** A source and a target prompt of one dataset, by place, and the block behind which the source's residual stream takes the target's place at the last token: 1 to the number of blocks. */
export interface OrionPair {
  readonly layer: number;
  readonly source: number;
  readonly target: number;
}

/** What a model said to a prompt that nothing was done to. */
export interface OrionBaseline {
  /** Of the token that begins the answer, in [0, 1]. */
  readonly probability: number;
  /** Id of the likeliest token. */
  readonly top: number;
  /** Whether the likeliest token begins as the answer does, but for case and spaces. */
  readonly softMatch: boolean;
  /** Score of the answer's token less that of what another request of the dataset finds; null where every request finds the answer. */
  readonly logitDiff: number | null;
}

/** What it said after the intervention of a pair. */
export interface OrionPairResult extends OrionPair {
  /** Of each role's token, in [0, 1]. */
  readonly probabilities: Readonly<Record<Role, number>>;
  /** Id of the likeliest token. */
  readonly top: number;
  /** Per role, as without intervention. */
  readonly softMatches: Readonly<Record<Role, boolean>>;
  readonly logitDiffs: Readonly<Record<Role, number | null>>;
  /** The token that each role expects. */
  readonly labels: Readonly<Record<Role, number>>;
}

export interface PairOptions {
  /** Pairs for each layer (default 100). */
  readonly count?: number;
  /** The same seed draws the same pairs (default 1). */
  readonly seed?: number;
}

/**
 * Pairs for a sweep: source and target drawn apart, with replacement, anew for every layer; a prompt may be its own source. Those of a layer are the same whatever other layers are swept.
 *
 * Source: arXiv 2312.10091 and its code, there without a seed.
 */
export const drawPairs = (prompts: number, layers: readonly number[], { count = 100, seed = 1 }: PairOptions = {}): OrionPair[] =>
  layers.flatMap((layer) =>
    Array.from({ length: count }, (_, i) => {
      const position = 2 * (layer * count + i);
      return { layer, source: Math.floor(uniformAt(seed, position) * prompts), target: Math.floor(uniformAt(seed, position + 1) * prompts) };
    }),
  );
