import { type BaseModel, planStep, type Recipe } from '../../adapt/index.ts';
import { ConfigError, elements } from '../../core/index.ts';

export interface MemoryBudget {
  /** What training may take in all. */
  readonly bytes: number;
  /** What it takes whatever a step is: weights, libraries. */
  readonly besides: number;
  /** Whether pairs of answers are learnt. Default false. */
  readonly pairs?: boolean;
}

const leastLength = 32;
/** Libraries, the graph, and what a session holds beside weights and activations, in bytes. */
const librariesBytes = 450e6;

/** Bytes that training takes whatever a step is: libraries, and the weights as a session holds them. */
export const besidesSteps = ({ source }: BaseModel, { weights, method }: Recipe): number => {
  const values = source.parameters.reduce((sum, { shape }) => sum + elements(shape as readonly number[]), 0);
  return librariesBytes + values * bytesOfValue(weights, method.kind);
};

/**
 * Whole numbers lie there for both ways, as they are and as the kernels pack them; the table of words as floats too. Floats lie there as they are in their file (measured: 4.7). Where all is trained there are moments, what follows
 * each, and a checkpoint on its way (measured: 39). The norms of `dora` want the weights as floats beside what products read (measured: 12 and 17).
 */
const bytesOfValue = (weights: Recipe['weights'], kind: string): number => {
  if (kind === 'full') return 40;
  if (kind === 'dora') return weights === 'int8' ? 12 : 17;
  return weights === 'int8' ? 4 : 5;
};

/** What training beside float weights is kept within where no bound is named, as whole numbers are by themselves: bytes. */
export const usualBytes = 2.5e9;

/**
 * A recipe whose training beside float weights stays within `usualBytes` by computing more blocks again than it says, as few as will do; the same one where it does as it is, or no number of blocks does it.
 *
 * @param budget  `bytes` is `usualBytes` unless told
 */
export const fitUsually = async (
  base: BaseModel,
  recipe: Recipe,
  { bytes = usualBytes, besides, pairs = false }: Partial<MemoryBudget> & Pick<MemoryBudget, 'besides'>,
): Promise<Recipe> => {
  if (recipe.weights !== 'f32') return recipe;
  const { layers } = base.source.member.config;
  const fits = async (recomputed: number): Promise<boolean> => besides + (await planStep(base, { ...recipe, recomputed }, pairs)).peakBytes <= bytes;
  if ((await fits(recipe.recomputed)) || !(await fits(layers))) return recipe;
  return { ...recipe, recomputed: await fewest(recipe.recomputed + 1, layers, fits) };
};

/** The least number from `low` to `high` that fits, where that one does. */
const fewest = async (low: number, high: number, fits: (count: number) => Promise<boolean>): Promise<number> => {
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await fits(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
};

/**
 * A recipe whose step fits into the memory given: first blocks are computed again, as few as will do, then rows one after another. The result of training is the same but for rounding.
 *
 * @throws ConfigError where nothing fits, saying what the least would take, and which shorter rows would fit
 */
export const fitMemory = async (base: BaseModel, recipe: Recipe, { bytes, besides, pairs = false }: MemoryBudget): Promise<Recipe> => {
  const { layers } = base.source.member.config;
  const takes = async (changes: Partial<Recipe>): Promise<number> => besides + (await planStep(base, { ...recipe, ...changes }, pairs)).peakBytes;
  for (let microRows = recipe.microRows; microRows >= 1; microRows = Math.floor(microRows / 2)) {
    if ((await takes({ microRows, recomputed: 0 })) <= bytes) return { ...recipe, microRows, recomputed: 0 };
    if ((await takes({ microRows, recomputed: layers })) > bytes) continue;
    const fits = async (recomputed: number): Promise<boolean> => (await takes({ microRows, recomputed })) <= bytes;
    return { ...recipe, microRows, recomputed: await fewest(1, layers, fits) };
  }
  const least = Math.min(await takes({ microRows: 1, recomputed: layers }), await takes({ microRows: 1, recomputed: 0 })); // of a model of few blocks
  throw new ConfigError(
    `adapt: expected training within ${megabytes(bytes)}, got at least ${megabytes(least)} for one row of ${recipe.length} tokens at a time with everything computed again; ${await smaller(recipe, { bytes, besides }, (length) => takes({ length, microRows: 1, recomputed: layers }), least)}`,
  );
};

/** What to say where training takes more than this machine has to give now; undefined where it fits. @param fitted  whether the recipe was fitted into a bound already */
export const memoryWarning = (bytes: number, free: number, fitted: boolean): string | undefined => {
  if (bytes <= free) return undefined;
  const instead = fitted ? 'close other programs, or take a smaller --memory' : `take --memory ${Math.floor(free / 1e6)}mb, which computes activations again`;
  return `training takes about ${megabytes(bytes)}, and ${megabytes(free)} are free here: it may be ended for want of memory; ${instead}, or fewer --rows, a smaller --length or --size`;
};

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;

/** What to do instead: the longest rows that fit, by halves; else more memory. */
const smaller = async ({ length }: Recipe, { bytes, besides }: MemoryBudget, takes: (length: number) => Promise<number>, least: number): Promise<string> => {
  const more = `give at least --memory ${Math.ceil(least / 1e6)}mb`;
  for (let shorter = Math.floor(length / 2); shorter >= leastLength; shorter = Math.floor(shorter / 2))
    if ((await takes(shorter)) <= bytes) return `take shorter rows (--length ${shorter}), or ${more}`;
  return `${more}${besides > bytes ? ` (weights and libraries alone take ${megabytes(besides)}), or a smaller model` : ', or take fewer experts or a lower rank'}`;
};
