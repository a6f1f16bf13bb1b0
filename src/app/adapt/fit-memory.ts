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
export const besidesSteps = ({ source }: BaseModel, { weights, method }: Recipe): number =>
  librariesBytes + valuesOf(source) * bytesOfValue(weights, method.kind);

const valuesOf = ({ parameters }: BaseModel['source']): number => parameters.reduce((sum, { shape }) => sum + elements(shape as readonly number[]), 0);

/**
 * Whole numbers lie there for both ways, as they are and as the kernels pack them; the table of words as floats too. Floats lie there as they are in their file (measured: 4.7). Where all is trained there are moments, what follows
 * each, and a checkpoint on its way (measured: 39). The norms of `dora` want the weights as floats beside what products read (measured: 12 and 17).
 */
const bytesOfValue = (weights: Recipe['weights'], kind: string): number => {
  if (kind === 'full') return 40;
  if (kind === 'dora') return weights === 'int8' ? 12 : 17;
  return weights === 'int8' ? 4 : 5;
};

/** Bytes of a value of frozen weights as a session packs it, and of a node: what an engine counts sessions by. */
const packedBytes = ({ weights, method }: Recipe): number => (weights === 'f32' ? 0 : method.kind === 'dora' ? 5.8 : 2.7);
const nodeBytes = 16_384;

/**
 * Bytes of sessions that an engine keeps in training. The step and the held-out loss are never needed at once: whichever runs has the memory to itself. Where rows come one after another a step is two programs, which stay beside
 * each other and beside nothing else: half of another session's weights do not fit.
 *
 * @param nodes  of a step
 */
export const sessionBytes = ({ source }: BaseModel, recipe: Recipe, nodes: number): number =>
  recipe.microRows === recipe.rows ? 1 : 1.5 * valuesOf(source) * packedBytes(recipe) + 1.25 * nodes * nodeBytes;

/** What training is kept within where no bound is named: bytes. */
export const usualBytes = 2.5e9;

export interface UsualBudget extends Omit<MemoryBudget, 'bytes'> {
  /** Default `usualBytes`. */
  readonly bytes?: number;
  /** Rows that are computed at once at least. Default 1. */
  readonly leastRows?: number;
}

/** A recipe whose training stays within what is usual: as `fitMemory`, but that no fewer blocks are computed again than it says. The same one where it does as it is; undefined where nothing fits. */
export const fitUsually = (base: BaseModel, recipe: Recipe, { bytes = usualBytes, leastRows = 1, ...more }: UsualBudget): Promise<Recipe | undefined> =>
  fitting(base, recipe, { ...more, bytes }, { recomputed: recipe.recomputed, leastRows });

/** The recipe that fits with most rows at once, and of these with fewest blocks computed again, from `recomputed` on; undefined where none does. */
const fitting = async (
  base: BaseModel,
  recipe: Recipe,
  { bytes, besides, pairs = false }: MemoryBudget,
  { recomputed: least, leastRows }: { readonly recomputed: number; readonly leastRows: number },
): Promise<Recipe | undefined> => {
  if (besides >= bytes) return undefined;
  const { layers } = base.source.member.config;
  for (let microRows = recipe.microRows; microRows >= leastRows; microRows = Math.floor(microRows / 2)) {
    const fits = async (recomputed: number): Promise<boolean> =>
      besides + (await planStep(base, { ...recipe, microRows, recomputed }, pairs)).peakBytes <= bytes;
    if (await fits(least)) return { ...recipe, microRows, recomputed: least };
    if (await fits(layers)) return { ...recipe, microRows, recomputed: await fewest(least + 1, layers, fits) };
  }
  return undefined;
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
 * A recipe whose step fits into the memory given: first blocks are computed again, as few as will do, then rows one after another. The result of training is the same but for rounding, and but for a balance of experts, which is
 * of the samples that are computed at once.
 *
 * @throws ConfigError where nothing fits, saying what the least would take, and which shorter rows would fit
 */
export const fitMemory = async (base: BaseModel, recipe: Recipe, budget: MemoryBudget): Promise<Recipe> => {
  const fitted = await fitting(base, recipe, budget, { recomputed: 0, leastRows: 1 });
  if (fitted) return fitted;
  const { bytes, besides, pairs = false } = budget;
  const { layers } = base.source.member.config;
  const takes = async (changes: Partial<Recipe>): Promise<number> => besides + (await planStep(base, { ...recipe, ...changes }, pairs)).peakBytes;
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

/** What to say where nothing makes training stay within what is usual. */
export const usualWarning = (bytes: number, besides: number): string =>
  `training takes about ${megabytes(bytes)}: nothing keeps it within ${megabytes(usualBytes)}, ${besides >= usualBytes ? `for weights, what trains them and libraries alone take ${megabytes(besides)}` : 'not even one row at a time with everything computed again'}; it goes on as it is, and another --method, shorter rows (--length) or a smaller model take less`;

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;

/** What to do instead: the longest rows that fit, by halves; else more memory. */
const smaller = async ({ length }: Recipe, { bytes, besides }: MemoryBudget, takes: (length: number) => Promise<number>, least: number): Promise<string> => {
  const more = `give at least --memory ${Math.ceil(least / 1e6)}mb`;
  for (let shorter = Math.floor(length / 2); shorter >= leastLength; shorter = Math.floor(shorter / 2))
    if ((await takes(shorter)) <= bytes) return `take shorter rows (--length ${shorter}), or ${more}`;
  return `${more}${besides > bytes ? ` (weights and libraries alone take ${megabytes(besides)}), or a smaller model` : ', or take fewer experts or a lower rank'}`;
};
