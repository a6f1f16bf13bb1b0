import type { Interval } from './adapt-result.ts';

/** What the last token may say once the source's residual stream stands in place of the target's. */
export const orionRoles = ['unaffected', 'request_transfer', 'output_transfer'] as const;
export type OrionRole = (typeof orionRoles)[number];

/** A role at a layer. 1 is what the model does when nothing is replaced. */
export interface OrionPoint {
  /** From 1, the residual stream after the first block. */
  readonly layer: number;
  /** Of the role's token. */
  readonly tokenProb: Interval;
  /** How often the role's token is the likeliest, above lucky guesses; null where the model itself is no better than those. */
  readonly accuracy: Interval | null;
  /** `accuracy`, where a token counts that begins as the answer does. */
  readonly softMatch: Interval | null;
  /** Score of the role's token above that of what another request finds; null where the model's own is not above it. */
  readonly logitDiff: Interval | null;
  /** `tokenProb` of the pairs whose three labels differ; null where there are none. */
  readonly separable: Interval | null;
  readonly separablePairs: number;
}

/** Request transfer at its best layer: the normalised token probability with its interval, and the other measures there. */
export interface OrionTransfer {
  readonly max: number;
  readonly ci95: readonly [low: number, high: number];
  readonly separable: number | null;
  readonly accuracy: number | null;
  readonly softMatch: number | null;
  readonly logitDiff: number | null;
}

/** What patching pairs of a task came to. */
export interface OrionSweep {
  /** The last layer at which the target's own answer still comes; 0 if at none. */
  readonly L1: number;
  /** The layer at which the source's request on the target's text comes most. */
  readonly L2: number;
  /** The first layer at which the source's answer comes; null if at none. */
  readonly L3: number | null;
  readonly requestTransfer: OrionTransfer;
  /** Shares of pairs, in [0, 1], whose labels coincide. */
  readonly floors: { readonly requestIsUnaffected: number; readonly requestIsOutput: number };
  readonly curves: Readonly<Record<OrionRole, readonly OrionPoint[]>>;
}

interface OrionAsked {
  readonly family: string;
  readonly variant: string;
  /** Prompts. */
  readonly n: number;
  /** In [0, 1], when nothing is replaced; so are the next two. */
  readonly accuracy: number;
  /** Share of lucky guesses. */
  readonly guess: number;
  /** Mean probability of right answers. */
  readonly tokenProb: number;
  /** Share of prompts whose likeliest token begins as the answer does. */
  readonly softMatch: number;
  /** Mean score of the right answer above that of what another request finds; null where every request finds it. */
  readonly logitDiff: number | null;
  /** Whether the model knows the task. */
  readonly passed: boolean;
}

export type OrionSwept = OrionAsked & OrionSweep;
/** A task put to a model; nulls where no pairs were patched. */
export type OrionAnswered = OrionAsked & (OrionSweep | { readonly [Key in keyof OrionSweep]: null });

/** Retrieval tasks put to one model. */
export interface OrionResult {
  readonly model: string;
  readonly tasks: readonly OrionAnswered[];
  /** Families with a task that the model knows, and those of them whose request is moved. */
  readonly cells: { readonly passed: number; readonly above70: number };
}

/** How a result came about. */
export interface OrionExtras {
  /** Prompts of a task, as asked for. */
  readonly prompts: number;
  /** Pairs patched at a layer. */
  readonly pairs: number;
  readonly seed: number;
  readonly seconds: number;
  /** How weights are held: `f32`, `int8`. */
  readonly weights: string;
  /** Layers of the model. */
  readonly layers: number;
  /** Tasks that could not be put to the model, and why. */
  readonly skipped: readonly { readonly task: string; readonly reason: string }[];
  /** By `family/variant`: whether prompts went through the model's chat template. */
  readonly chat: Readonly<Record<string, boolean>>;
}

/** A result file: a result and how it came about. */
export interface OrionMeasured extends OrionResult {
  readonly skipped: readonly { readonly family: string; readonly variant: string; readonly reason: string }[];
  readonly weights: string;
  readonly layers: number;
  readonly prompts: number;
  readonly pairs: number;
  readonly seed: number;
}
