import { createHash } from 'node:crypto';
import type { RecipeInput } from '../../../src/adapt/index.ts';

/** A training whose result is one line of docs/forgetting/cells.jsonl. */
export interface Cell {
  /** `loramoe-512-1`, `rank-2-512-1`: what distinguishes it, its samples, its seed. */
  readonly name: string;
  readonly arm: string;
  readonly size: number;
  readonly seed: number;
  readonly recipe: RecipeInput;
}

const shared = { length: 256, rows: 4, replay: 0, schedule: 'cosine', warmup: 0.03, weightDecay: 0, clipNorm: 1 } as const satisfies RecipeInput;

/** What stays frozen is held in whole numbers, as `lyceum adapt` does where the processor is quick with them; all are measured beside floats. Experts 6 of rank 4 and their routers have as many parameters beside gate, up and down as one branch of rank 27. */
export const arms = {
  full: { ...shared, method: 'full', weights: 'f32' },
  lora: { ...shared, method: 'lora', weights: 'int8', options: { rank: 27, alpha: 54, targets: 'mlp', dropout: 0.05 } },
  'loramoe-free': { ...shared, method: 'loramoe', weights: 'int8', balance: null },
  loramoe: { ...shared, method: 'loramoe', weights: 'int8', balance: {} },
} as const satisfies Record<string, RecipeInput>;
export type Arm = keyof typeof arms;
export const claimed = Object.keys(arms) as Arm[];
export type ArmRates = Readonly<Record<Arm, number>>;

const ablated = (options: RecipeInput['options'], balance: RecipeInput['balance'] = {}): RecipeInput => ({
  ...arms.loramoe,
  ...(options && { options }),
  balance,
});

/** What holds against forgetting, each alone. */
export const protections: Readonly<Record<string, RecipeInput>> = {
  replay: { ...arms.loramoe, replay: 0.1 },
  ewc: { ...arms.loramoe, against: { ewc: { strength: 1000 } } },
  kl: { ...arms.loramoe, against: { kl: {} } },
  localised: { ...arms.loramoe, against: { localised: { blocks: Array.from({ length: 10 }, (_, i) => 20 + i) } } },
};

/** Elastic weight consolidation at ten and a hundred times that strength. */
const strongerEwc: Readonly<Record<string, RecipeInput>> = {
  'ewc-middle': { ...arms.loramoe, against: { ewc: { strength: 1e4 } } },
  'ewc-strong': { ...arms.loramoe, against: { ewc: { strength: 1e5 } } },
};

/** What is pressed besides: those, and KL at ten times its strength. */
const pressedToo: Readonly<Record<string, RecipeInput>> = { ...strongerEwc, 'kl-strong': { ...arms.loramoe, against: { kl: { strength: 10 } } } };

/** One thing changed each. */
export const ablations: Readonly<Record<string, RecipeInput>> = {
  'experts-2': ablated({ experts: 2 }),
  'rank-2': ablated({ rank: 2 }),
  'rank-16': ablated({ rank: 16 }),
  'delta-0': ablated({}, { delta: 0 }),
  'delta-0.3': ablated({}, { delta: 0.3 }),
  'strength-0.01': ablated({}, { strength: 0.01 }),
  'strength-1': ablated({}, { strength: 1 }),
  'sign-intended': ablated({}, { sign: 'intended' }),
};

/** Experts beside the linears of attention too, at parts of LoRAMoE's rate: with more samples the branches of the feed-forward parts alone learn the task less well than full fine-tuning. */
const everywhere = { 'targets-all': 1, 'targets-all-slower': 0.75 } as const;
/** Arms that are LoRAMoE too, and for which its claim is worked out as well. */
export const alsoClaimed: readonly string[] = [...Object.keys(everywhere), 'alpha-128'];

/** The branch scaled by 128 / rank instead of 32 / rank, at half the rate: B takes twice the steps that it had, A and the router half of theirs, which is the pair with the lowest loss of those tried on samples apart. */
const unevenSteps = (rates: ArmRates): RecipeInput => ({ ...ablated({ alpha: 128 }), learningRate: rates.loramoe / 2 });

/** Where forgetting should show if anywhere: twice the rate, twice the epochs, and the last weights instead of the best. */
const harder = (recipe: RecipeInput, rate: number): RecipeInput => ({ ...recipe, learningRate: 2 * rate, epochs: 4, keep: 'last' });

const epochsOf = (size: number): number => (size <= 512 ? 2 : 1);
const cell = (arm: string, size: number, seed: number, recipe: RecipeInput): Cell => ({
  name: `${arm}-${size}-${seed}`,
  arm,
  size,
  seed,
  recipe: { ...recipe, epochs: recipe.epochs ?? epochsOf(size), seed },
});
/** In the order in which they say most soonest: whole comparisons with all seeds, what holds against forgetting, what should make forget, then larger ones and what varies one arm; the latter and what holds against forgetting of LoRAMoE with 512 samples and seed 1; then more linears adapted, with 2048, and LoRAMoE with other steps, as many; then what holds against forgetting where it should show. */
export const cellsOf = (rates: ArmRates): Cell[] => {
  const ofArms = (size: number, seed: number): Cell[] => claimed.map((arm) => cell(arm, size, seed, { ...arms[arm], learningRate: rates[arm] }));
  const ofOne = (recipes: Readonly<Record<string, RecipeInput>>): Cell[] =>
    Object.entries(recipes).map(([name, recipe]) => cell(name, 512, 1, { ...recipe, learningRate: rates.loramoe }));
  return [
    ...ofArms(512, 1),
    ...ofArms(512, 2),
    ...ofArms(512, 3),
    ...ofOne(protections),
    ...claimed.map((arm) => cell(`hard-${arm}`, 512, 1, harder(arms[arm], rates[arm]))),
    ...ofArms(2048, 1),
    ...ofOne(ablations),
    ...ofArms(4096, 1),
    ...ofArms(2048, 2),
    ...ofArms(2048, 3),
    ...Object.entries(everywhere).flatMap(([name, part]) =>
      [1, 2, 3].map((seed) => cell(name, 2048, seed, { ...ablated({ targets: 'all' }), learningRate: part * rates.loramoe })),
    ),
    ...[1, 2, 3].map((seed) => cell('alpha-128', 2048, seed, unevenSteps(rates))),
    ...Object.entries({ ...protections, ...pressedToo }).map(([name, recipe]) => cell(`hard-${name}`, 512, 1, harder(recipe, rates.loramoe))),
    ...ofOne(strongerEwc),
  ];
};

/** Of everything that decides what a cell is: a result of another is not taken for it. */
export const hashOfCell = ({ name, size, seed, recipe }: Pick<Cell, 'name' | 'size' | 'seed' | 'recipe'>, asked: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([name, size, seed, recipe, asked]))
    .digest('hex')
    .slice(0, 12);
