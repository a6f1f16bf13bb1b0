import type { Interval } from '../../evaluate/index.ts';
import type { ValueHead } from './value-heads.ts';

/** Runs on the target's stories: the target itself, the same with the source's residual stream after a block, the two of attention patterns, and what all of them should come to. */
export const retrievalRuns = ['target', 'patched', 'patterns', 'valuePatterns', 'chimera'] as const;
export type RetrievalRun = (typeof retrievalRuns)[number];

export interface RetrievalOutcome {
  /** Mean probability of the source's request answered from the target's story. */
  readonly requested: Interval;
  /** Of the target's own answer. */
  readonly own: Interval;
  /** Logit of the first less the mean logit of the story's other values. */
  readonly difference: Interval;
}

export interface RetrievalResult {
  readonly source: string;
  readonly target: string;
  readonly layers: number;
  readonly heads: number;
  readonly prompts: number;
  readonly resamples: number;
  readonly seed: number;
  readonly layer: number;
  /** Mean probabilities after patching at every layer; null where the layer was given. */
  readonly curves: readonly { readonly layer: number; readonly requested: number; readonly own: number; readonly sources: number }[] | null;
  /** Shares of prompts that the model answers rightly by itself. */
  readonly accuracy: { readonly target: number; readonly source: number; readonly chimera: number };
  readonly outcomes: Readonly<Record<RetrievalRun, RetrievalOutcome>>;
  /** Logit difference less that of the baseline's residual streams: what effects are shares of. */
  readonly totalEffect: { readonly target: number; readonly source: number; readonly chimera: number };
  /** In the order of the model. */
  readonly components: readonly RetrievalComponent[];
  /** Heads with more than 0.01 of the total effect towards the requested value and more than 0.1 of their attention on it, in the unpatched target or the patched. */
  readonly movers: readonly string[];
  /** Medians over those heads: attention on the requested value after patching, less that before (of the chimera), divided by it. */
  readonly attentionChange: { readonly fromTarget: number | null; readonly fromChimera: number | null };
  /** Effects in the patched target less those in the chimera, summed. */
  readonly change: { readonly heads: number; readonly mlps: number };
  /** Intersection over union of components above 3 % of the total effect, prompt by prompt. */
  readonly overlap: { readonly patched: Interval; readonly resampled: Interval; readonly others: Interval; readonly strong: number };
  readonly values: RetrievalValues;
}

/** Heads of single values: those whose direct effect in the chimera differs between stories of one requested value and the others, as `valueHeads` finds them. */
export interface RetrievalValues {
  /** Values that enough stories have to be told of. */
  readonly told: readonly { readonly value: string; readonly stories: number }[];
  readonly heads: readonly ({ readonly name: string } & Omit<ValueHead, 'at'>)[];
}

/** Direct effects as shares of the total effect: of the target towards its own answer, of the others towards the requested value; `before` is the target towards the requested value. Attention is on the requested value, null for what has none. */
export interface RetrievalComponent {
  readonly name: string;
  readonly kind: 'head' | 'mlp';
  readonly layer: number;
  readonly head: number | null;
  readonly effects: { readonly target: number; readonly source: number; readonly chimera: number; readonly before: number; readonly patched: number };
  readonly attention: { readonly before: number; readonly after: number; readonly chimera: number } | null;
}
