import { z } from 'zod';
import { ConfigError } from '../core/index.ts';
import type { FrozenWeights } from './base-model.ts';
import type { Method } from './method.ts';
import { localised, methodOf } from './methods/index.ts';
import type { BalanceOptions } from './objectives/index.ts';
import { optionsOf } from './options.ts';

export type Size = 'small' | 'medium' | 'large';
/** What a size stands for. */
const sizes: Readonly<Record<Size, { length: number; rows: number; epochs: number; rank: number; expertRank: number; prompt: number }>> = {
  small: { length: 256, rows: 4, epochs: 2, rank: 8, expertRank: 4, prompt: 16 },
  medium: { length: 512, rows: 4, epochs: 3, rank: 16, expertRank: 8, prompt: 32 },
  large: { length: 1024, rows: 4, epochs: 3, rank: 32, expertRank: 16, prompt: 64 },
};

/** Learning rates that suit what is trained in a model of width `rateWidth`: few new parameters take larger steps than all old ones. Those of matrices fall as the model gets wider, as Adam wants. */
const rates = { matrices: 2e-3, weights: 2e-4, ia3: 5e-3, prompt: 3e-3 };
const rateWidth = 576;
/** Pairs are learnt from in smaller steps: what tells two answers apart is soon found, and then only leads away. */
const pairShare = 0.1;

const balanceSchema = z.strictObject({
  /** β, what the constraint counts beside the loss of the labels. */
  strength: z.number().min(0).default(0.1),
  delta: z.number().min(0).max(1).default(0.1),
  form: z.enum(['variance/mean²', 'variance/mean']).default('variance/mean²'),
  sign: z.enum(['faithful', 'intended']).default('faithful'),
  /** Over linears: added up, as in the authors' code, or averaged. */
  modules: z.enum(['sum', 'mean']).default('sum'),
  /** Divisor of the variance of K values: K − 1 (`unbiased`, usual) or K. */
  variance: z.enum(['unbiased', 'population']).optional(),
  /** What a token counts for its sample: 1 / length (`mean`, usual), 1 (`sum`, as printed), or 1 with the padding of its row (`padded`, as the authors' code counts): then each row holds one text. */
  membership: z.enum(['mean', 'sum', 'padded']).optional(),
});

const againstSchema = z.strictObject({
  /** Elastic weight consolidation: what mattered to general texts is held, by the Fisher information of so many of them. */
  ewc: z.strictObject({ strength: z.number().positive().default(1e4), samples: z.number().int().min(1).max(4096).default(64) }).optional(),
  /** The divergence from the model as it was, on general texts that make up this share of the tokens besides; it is told by the likeliest tokens of each place. */
  kl: z.strictObject({ strength: z.number().positive().default(1), share: z.number().gt(0).lt(1).default(0.1) }).optional(),
  /** Only these blocks are changed. */
  localised: z.strictObject({ blocks: z.array(z.number().int().min(0)).min(1) }).optional(),
});
export type Against = z.output<typeof againstSchema>;

const preferencesSchema = z.strictObject({
  /** β of `dpo`: how dear it is to leave the model as it was. */
  beta: z.number().positive().default(0.1),
  /** Share of the pairs that are taken to be the wrong way round. */
  labelSmoothing: z.number().min(0).lt(0.5).default(0),
});
export type Preferences = z.output<typeof preferencesSchema>;

const schema = z.strictObject({
  method: z.string().default('loramoe'),
  /** Of the method: see its file. */
  options: z.record(z.string(), z.json()).default({}),
  size: z.enum(['small', 'medium', 'large']).default('small'),
  /** How the frozen weights are held. Full fine-tuning changes them and takes float32. Default: whole numbers where the processor adds them exactly. */
  weights: z.enum(['f32', 'int8']).optional(),
  /** Tokens of a row, into which samples are packed. */
  length: z.number().int().min(16).max(8192).optional(),
  /** Rows of a step. */
  rows: z.number().int().min(1).max(1024).optional(),
  /** Rows computed at once; more than these are added up. Default: all rows of a step. */
  microRows: z.number().int().min(1).optional(),
  epochs: z.number().int().min(1).max(1000).optional(),
  learningRate: z.number().positive().max(1).optional(),
  schedule: z.enum(['cosine', 'linear', 'constant']).default('cosine'),
  warmup: z.number().min(0).max(0.5).default(0.03),
  weightDecay: z.number().min(0).max(1).default(0),
  clipNorm: z.number().positive().default(1),
  /** Of a mixture of experts; null: none. */
  balance: balanceSchema.nullable().optional(),
  /** Share of the trained tokens that are general ones, in [0, 1). */
  replay: z.number().min(0).lt(1).default(0.1),
  /** Against forgetting, beside replay. */
  against: againstSchema.default({}),
  /** How pairs of answers are learnt, where the data holds any. */
  preferences: preferencesSchema.default({ beta: 0.1, labelSmoothing: 0 }),
  /** Blocks whose activations are computed again; the rest keep theirs. Default: `usuallyRecomputed`. */
  recomputed: z.number().int().min(0).optional(),
  /** Judgements without a better held-out loss after which training stops. */
  patience: z.number().int().min(1).optional(),
  /** Weights that are kept: of the epoch with the lowest held-out loss, or of the last. */
  keep: z.enum(['best', 'last']).default('best'),
  seed: z.number().int().min(0).default(1),
});
/** Numbers of the blocks whose activations are computed again unless told otherwise: the first tenth: what a block keeps is little once its passes over values are computed again (`light` of `recompute`). */
export const usuallyRecomputed = (layers: number): number[] => Array.from({ length: Math.round(0.1 * layers) }, (_, i) => i);

export type RecipeInput = z.input<typeof schema>;

/** Everything that decides what is trained and how; JSON but for the method. */
export interface Recipe {
  readonly method: Method;
  readonly weights: FrozenWeights;
  readonly length: number;
  readonly rows: number;
  readonly microRows: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly schedule: 'cosine' | 'linear' | 'constant';
  readonly warmup: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** `membership`: what a token counts for its sample, where it is not the mean. */
  readonly balance: (BalanceOptions & { readonly strength: number; readonly membership?: 'sum' | 'padded' }) | undefined;
  readonly replay: number;
  readonly against: Against;
  readonly preferences: Preferences;
  readonly recomputed: number;
  readonly patience: number | undefined;
  readonly keep: 'best' | 'last';
  readonly seed: number;
}

/** Fewest tokens of a text that is worth a row. */
const leastText = 16;

/** Methods that put tokens before every text. */
const prompts = new Set(['prompt', 'instance-prompt']);

/** Methods that change weights of the model itself. */
const changesWeights = new Set(['full', 'fisher-masked']);

/**
 * A recipe from what was asked for, the rest filled in.
 *
 * @param exactBytes  whether the processor adds products of bytes in 32 bits, where whole numbers are the faster way
 * @param model       blocks of the model, and its width; without them nothing is asked of them
 * @param pairs       whether pairs of answers are learnt
 * @throws ConfigError naming what does not fit
 */
export const recipeOf = (
  given: RecipeInput,
  {
    exactBytes,
    model,
    pairs = false,
  }: { readonly exactBytes: boolean; readonly model?: { readonly layers: number; readonly hidden: number }; readonly pairs?: boolean },
): Recipe => {
  const { layers, hidden } = model ?? { layers: Number.POSITIVE_INFINITY, hidden: rateWidth };
  const asked = optionsOf('adapt', schema, given);
  const size = sizes[asked.size];
  const kind = asked.method;
  if (kind === 'arrow')
    throw new ConfigError(
      'adapt: expected a method that is trained, got arrow, which mixes adapters that are; `lyceum adapt combine RUN RUN` mixes finished runs',
    );
  const whole = methodOf(kind, { ...sized(kind, size), ...asked.options });
  const { blocks } = asked.against.localised ?? {};
  const beyond = blocks?.find((block) => block >= layers);
  if (beyond !== undefined) throw new ConfigError(`adapt: expected blocks from 0 to ${layers - 1}, got ${beyond}; the model has ${layers}`);
  const method = blocks ? localised(whole, { blocks }) : whole;
  if (method.untrainable) throw new ConfigError(`adapt: expected a method that is trained, got ${kind}: ${method.untrainable}`);
  if (changesWeights.has(kind) && asked.weights === 'int8')
    throw new ConfigError(`adapt: expected weights f32 with ${kind}, which changes them, got int8; leave --weights out`);
  if (asked.keep === 'last' && asked.patience !== undefined)
    throw new ConfigError(`adapt: expected no patience where the last weights are kept, got ${asked.patience}; leave out one of them`);
  const length = asked.length ?? size.length;
  const virtual = method.virtualTokens ?? 0;
  if (length - virtual < leastText)
    throw new ConfigError(
      `adapt: expected room for at least ${leastText} tokens of text beside ${virtual} virtual ones, got rows of ${length}; take longer rows, or fewer virtual tokens`,
    );
  const groups = (whole.options as { groups?: readonly number[] }).groups;
  if (asked.balance && !groups) throw new ConfigError(`adapt: expected a mixture in groups of experts to balance, got ${kind}; leave the balance out`);
  const rows = asked.rows ?? size.rows;
  const balance = groups && asked.balance !== null ? balanceOf(asked.balance ?? {}, groups) : undefined;
  if (balance?.membership === 'padded' && pairs)
    throw new ConfigError('adapt: expected a balance of membership mean or sum where pairs are learnt, which share a row, got padded; leave it out');
  return {
    method,
    weights: asked.weights ?? (exactBytes && !changesWeights.has(kind) ? 'int8' : 'f32'),
    length,
    rows,
    microRows: Math.min(rows, asked.microRows ?? rows),
    epochs: asked.epochs ?? size.epochs,
    learningRate: asked.learningRate ?? usualRate(kind, hidden) * (pairs ? pairShare : 1),
    schedule: asked.schedule,
    warmup: asked.warmup,
    weightDecay: asked.weightDecay,
    clipNorm: asked.clipNorm,
    balance: balance && balance.strength > 0 ? balance : undefined,
    replay: asked.replay,
    against: asked.against,
    preferences: asked.preferences,
    recomputed: Math.min(layers, asked.recomputed ?? (model ? usuallyRecomputed(layers).length : 0)),
    patience: asked.patience,
    keep: asked.keep,
    seed: asked.seed,
  };
};

/** A constraint; what is usual of its later options is left out, so that a run is known by what it was known by before there were any. */
const balanceOf = (given: z.input<typeof balanceSchema>, groups: readonly number[]): NonNullable<Recipe['balance']> => {
  const { variance, membership, ...rest } = optionsOf('adapt: balance', balanceSchema, given);
  return { ...rest, ...(variance === 'population' && { variance }), ...(membership !== undefined && membership !== 'mean' && { membership }), groups };
};

const usualRate = (kind: string, hidden: number): number => {
  if (kind === 'ia3') return rates.ia3;
  if (prompts.has(kind)) return rates.prompt;
  return (rates[changesWeights.has(kind) ? 'weights' : 'matrices'] * rateWidth) / hidden;
};

/** Options of a method that a size decides. */
const sized = (kind: string, { rank, expertRank, prompt }: (typeof sizes)[Size]): Record<string, number> => {
  if (['loramoe', 'mixlora', 'hydralora'].includes(kind)) return { rank: expertRank };
  if (['lora', 'dora'].includes(kind)) return { rank, alpha: 2 * rank };
  return prompts.has(kind) ? { tokens: prompt } : {};
};
