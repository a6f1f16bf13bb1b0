import { join } from 'node:path';
import { ConfigError, type Node, nameOf, type Program, plan, sizeOf } from '../core/index.ts';
import { openSafetensors, readAsFloat32 } from '../formats/index.ts';
import type { Binding, Engine, TensorData } from '../runtime/index.ts';
import { accumulateProgram, applyProgram, bestWeights, type Progress, stepProgram, type TrainResult, train } from '../train/index.ts';
import { generalFisher, type KeptPlaces, keptCount, keptPlaces, withKept } from './against-forgetting.ts';
import type { BaseModel } from './base-model.ts';
import { countLabels, flatBatch, packBatches, packedFeeds, rowsOfBatch, type TokenPair, type TokenText } from './data/index.ts';
import { firstValues, type Start } from './first-values.ts';
import { type PairLogProbs, referencePairs, textsOfPair, withPairs } from './preferences.ts';
import type { Recipe } from './recipe.ts';
import { stepLengths, type TrainingGraph, type TrainingGraphOptions, trainingGraph } from './training-graph.ts';
import { behindVirtual, withAsked } from './virtual-tokens.ts';

export interface TrainAdapterOptions {
  readonly base: BaseModel;
  readonly engine: Engine;
  readonly recipe: Recipe;
  /** What is learnt, replayed texts among it. */
  readonly texts: readonly TokenText[];
  /** Pairs of answers to learn from besides. */
  readonly pairs?: readonly TokenPair[];
  /** General texts, by which elastic weight consolidation tells what matters. */
  readonly general?: readonly TokenText[];
  /** What an earlier training of the same method ended with: this one begins from it, and holds and keeps what was then. Default: the method's own first values. */
  readonly start?: Start;
  /** Judges after every epoch, see `openHeldOut`: the best weights are kept. */
  readonly judge: HeldOutJudge;
  /** Of the run: checkpoints, metrics, best weights. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** Steps between checkpoints. Default: by time, 45 s. */
  readonly checkpointSteps?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly onNote?: (message: string) => void;
}

export interface TrainedAdapter extends TrainResult {
  /** Of every parameter of the method, float32, the best that were judged, or the last (`keep`). Empty where training was cancelled before that. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** Tokens trained on in one epoch, those of prompts and replay included. */
  readonly tokens: number;
}

/** Mean loss of a label in nats, and the share of labels that are the likeliest token; of pairs, that of a pair, and the share whose better answer gained more than the other. */
export interface HeldOutLoss {
  readonly loss: number;
  readonly right: number;
}

const numbered = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const scalar = (value: number): TensorData => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

const lengthsOf = ({ microRows, length }: Recipe) => stepLengths(microRows, length);

/** Float weights stay in their file: a step has rows enough to read them as they lie there. */
const prepacks = ({ weights }: Recipe): boolean => weights === 'int8';

const graphOf = (
  base: BaseModel,
  { method, weights, balance, recomputed }: Recipe,
  still = false,
  more: Pick<TrainingGraphOptions, 'ewc' | 'kept' | 'preferences' | 'forwardOnly'> = {},
): Promise<TrainingGraph> =>
  trainingGraph(base, { method, weights, ...more, ...(balance && !still && { balance }), ...(still ? { still } : { recomputed: numbered(recomputed) }) });

/** What the recipe holds a training to besides its labels. */
const besidesLabels = async ({ base, engine, recipe, texts, pairs = [], general = [], start, folder }: TrainAdapterOptions) => {
  const { ewc, kl } = recipe.against;
  const kept = texts.filter(({ keep }) => keep);
  if (kept.length > 0 && !kl)
    throw new ConfigError(`adapt: expected texts that are learnt, got ${kept.length} that are kept; give the recipe a strength of kl`);
  const places = kept.length > 0 ? await keptPlaces(base, engine, recipe, kept, start) : undefined;
  const count = keptCount(base);
  const references = pairs.length > 0 ? await referencePairs(base, engine, recipe, pairs, start) : undefined;
  const told = { ...(places && { kept: { places, count } }), ...(references && { references }) };
  const costs = { ...(places && { kept: { strength: kl!.strength, count } }), ...(references && { preferences: recipe.preferences }) };
  if (!ewc) return { told, more: costs };
  const { parameters } = await graphOf(base, recipe, true);
  const values = await firstValues(base, recipe, parameters, start);
  const fisher = await generalFisher(join(folder, 'fisher.safetensors'), { base, engine, recipe, texts: general.slice(0, ewc.samples), values });
  const anchors = new Map(Object.entries(values).map(([name, { data }]) => [name, data as Float32Array]));
  return { told, more: { ...costs, ewc: { strength: ewc.strength, anchors, fisher } } };
};

const groupsOf = (graph: TrainingGraph, { learningRate, weightDecay }: Recipe) => [
  { name: 'adapter', parameters: graph.parameters, learningRate, weightDecay },
];
const adamwOf = ({ clipNorm }: Recipe) => ({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clipNorm });

/**
 * What a step is before it is compiled: what it trains, and the most memory that its activations, gradients and updates take at once, by the planner's count, in bytes. Weights and the libraries come on top.
 *
 * @param recipe  its rows, length and recomputed blocks
 * @param pairs   whether it learns from pairs of answers
 * @returns       `nodes` of its programs besides
 */
export const planStep = async (
  base: BaseModel,
  recipe: Recipe,
  pairs = false,
): Promise<{ readonly parameters: readonly Node[]; readonly peakBytes: number; readonly nodes: number }> => {
  const { kl, ewc } = recipe.against;
  const kept = kl && { strength: kl.strength, count: keptCount(base) };
  const graph = await graphOf(base, recipe, false, { ...(pairs && { preferences: recipe.preferences }), ...(kept && { kept }) });
  const lengths = lengthsOf(recipe);
  const groups = groupsOf(graph, recipe);
  // Rows that come one after another are two programs, whose memory stays beside each other.
  const programs: Program[] =
    recipe.microRows < recipe.rows
      ? [accumulateProgram('price', graph.objective, groups), applyProgram('price', groups, adamwOf(recipe))]
      : [stepProgram('price', graph.objective, groups, adamwOf(recipe))];
  const held = ewc ? graph.parameters.reduce((sum, { shape }) => sum + 8 * (sizeOf(shape) as number), 0) : 0; // where each began, and how much it matters
  const planned = programs.map((program) => plan(program, { lengths }));
  return {
    parameters: graph.parameters,
    peakBytes: planned.reduce((sum, one) => sum + one.peakBytes(lengths), held),
    nodes: planned.reduce((sum, { order }) => sum + order.length, 0),
  };
};

/** Texts that stand in one row: one, or both answers of a pair. */
type Together = readonly TokenText[];
const togetherOf = (texts: readonly TokenText[], pairs: readonly TokenPair[] = []): Together[] => [...texts.map((text) => [text]), ...pairs.map(textsOfPair)];

/** Batches of an epoch: rows packed anew in each. */
const batchesOf = (learnt: readonly Together[], { method, length, rows, seed, balance }: Recipe, epoch: number): number[][] =>
  packBatches(
    learnt.map((own) => own.reduce((sum, { ids }) => sum + ids.length + (method.virtualTokens ?? 0), 0)),
    { length, rows, seed, epoch, ...(balance?.membership === 'padded' && { together: false }) },
  ).map(flatBatch);

/** Steps of a run. */
export const countSteps = (texts: readonly TokenText[], recipe: Recipe, pairs?: readonly TokenPair[]): number =>
  numbered(recipe.epochs).reduce((sum, epoch) => sum + batchesOf(togetherOf(texts, pairs), recipe, epoch).length, 0);

/**
 * Trains a method's parameters on packed texts; the same call goes on where an earlier one ended.
 *
 * @throws DivergedError where the loss is no number any more · ConfigError where there is nothing to learn
 */
export const trainAdapter = async (options: TrainAdapterOptions): Promise<TrainedAdapter> => {
  const { base, engine, recipe, judge, folder, signal, checkpointSteps, onProgress, onNote } = options;
  const { told, more } = await besidesLabels(options);
  const learnt = togetherOf(options.texts, options.pairs);
  const graph = await graphOf(base, recipe, false, more);
  const { method, microRows, rows, schedule, warmup, seed, epochs, patience, keep } = recipe;
  const result = await train({
    engine,
    folder,
    name: method.kind,
    objective: graph.objective,
    groups: groupsOf(graph, recipe),
    adamw: adamwOf(recipe),
    schedule: { kind: schedule, warmup },
    frozen: frozenOf(graph),
    initial: () => firstValues(base, recipe, graph.parameters, options.start),
    epochs,
    seed,
    batches: (epoch) => batchesOf(learnt, recipe, epoch),
    feeds: (batch) => feedsOf(base, recipe, textsOf(learnt, batch), told),
    accumulate: microRows < rows,
    evaluation: {
      after: () => true,
      judge: async (residentOf) => {
        const { loss, right } = await judge.resident(residentOf);
        return { score: -loss, metrics: { loss, right } };
      },
      keep,
      ...(patience !== undefined && { patience }),
    },
    lengths: lengthsOf(recipe),
    prepack: prepacks(recipe),
    describe: (batch) => `samples ${shortList([...new Set(textsOf(learnt, batch).flatMap((row) => row.map(({ id }) => id)))])}`,
    ...(checkpointSteps !== undefined && { checkpoints: { everySteps: checkpointSteps } }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onNote && { onNote }),
  });
  const values = result.best ? await valuesIn(join(folder, bestWeights)) : new Map<string, Float32Array>();
  return { ...result, values, tokens: learnt.flat().reduce((sum, { ids }) => sum + ids.length, 0) };
};

const shortList = (names: readonly string[]): string => names.slice(0, 6).join(', ') + (names.length > 6 ? ` and ${names.length - 6} more` : '');

/** Parameters that are trained are bound by whoever trains them. */
const frozenOf = ({ frozen, parameters }: TrainingGraph): ReadonlyMap<string, Binding> => {
  const trained = new Set(parameters.map(nameOf));
  return new Map([...frozen].filter(([name]) => !trained.has(name)));
};

/** The texts of a batch, row by row. */
const textsOf = (learnt: readonly Together[], batch: readonly number[]): TokenText[][] => rowsOfBatch(batch).map((row) => row.flatMap((i) => learnt[i]!));

/** What the model as it was says of texts that are kept, and of pairs. */
interface Told {
  readonly kept?: { readonly places: ReadonlyMap<string, KeptPlaces>; readonly count: number };
  readonly references?: ReadonlyMap<string, PairLogProbs>;
}

const feedsOf = (
  base: BaseModel,
  { method, microRows, balance }: Recipe,
  rows: readonly (readonly TokenText[])[],
  { kept, references }: Told = {},
): Record<string, TensorData>[] => {
  const read = rows.map((row) => row.map((text) => behindVirtual(base, method, text)));
  const plain = packedFeeds(read, { microRows, ...(balance?.membership && { membership: balance.membership }) });
  const rowsOfParts = plain.map((_, i) => read.slice(i * microRows, (i + 1) * microRows));
  const packed = withAsked(base, method, plain, rowsOfParts);
  const withTexts = kept ? withKept(packed, rowsOfParts, kept.places, kept.count) : packed;
  const parts = references ? withPairs(withTexts, rowsOfParts, references) : withTexts;
  return parts.map((part) => ({ ...part, micro: scalar(1 / parts.length) }));
};

/** Judges weights by held-out texts. */
export interface HeldOutJudge extends AsyncDisposable {
  /**
   * What the labels cost, nothing dropped.
   *
   * @param residentOf  name under which the engine holds a parameter
   */
  resident(residentOf: (parameter: string) => string): Promise<HeldOutLoss>;
  /** The same with values of one's own. */
  given(values: Readonly<Record<string, TensorData>>): Promise<HeldOutLoss>;
}

/**
 * Makes a program that judges weights, once for all times it does.
 *
 * @param pairs  where there are any, only these are judged by, measured from the model as training finds it (`start`)
 * @throws ConfigError without texts
 */
export const openHeldOut = async ({
  base,
  engine,
  recipe: given,
  texts,
  pairs = [],
  start,
}: Pick<TrainAdapterOptions, 'base' | 'engine' | 'recipe' | 'texts' | 'pairs' | 'start'>): Promise<HeldOutJudge> => {
  const recipe = { ...given, balance: undefined }; // nothing is balanced here, and texts may share rows
  const judged = togetherOf(pairs.length > 0 ? [] : texts, pairs);
  if (judged.length === 0) throw new ConfigError('adapt: expected held-out texts to judge by, got none; hold a part of the data out');
  const references = pairs.length > 0 ? await referencePairs(base, engine, recipe, pairs, start) : undefined;
  const graph = await graphOf(base, recipe, true, { forwardOnly: true, ...(references && { preferences: recipe.preferences }) });
  const names = graph.parameters.map(nameOf);
  const { loss, metrics } = graph.objective;
  const program = await engine.compile(
    { name: 'held-out', outputs: { loss, right: metrics[references ? 'accuracy' : 'right']! } },
    new Map<string, Binding>([...frozenOf(graph), ...names.map((name): [string, Binding] => [name, { kind: 'trainable' }])]),
    { lengths: lengthsOf(recipe), prepack: prepacks(recipe) },
  );
  const batches = batchesOf(judged, { ...recipe, rows: recipe.microRows }, 0).map((batch) => textsOf(judged, batch));
  const judge = async (values: Readonly<Record<string, TensorData>>, resident: Readonly<Record<string, string>>): Promise<HeldOutLoss> => {
    let [cost, right, all] = [0, 0, 0];
    for (const rows of batches) {
      const count = references ? rows.flat().length / 2 : rows.flat().reduce((sum, text) => sum + countLabels(text), 0);
      const [feeds] = feedsOf(base, recipe, rows, references && { references });
      const given = { ...feeds, ...values };
      const read = Object.fromEntries(program.inputs.flatMap(({ name }) => (given[name] ? [[name, given[name]]] : [])));
      const found = await program.run(read, { resident });
      cost += count * Number(found['loss']!.data[0]);
      right += (references ? count : 1) * Number(found['right']!.data[0]); // a share of pairs, or so many labels
      all += count;
    }
    return { loss: cost / all, right: right / all };
  };
  return {
    resident: (residentOf) => judge({}, Object.fromEntries(names.map((name) => [name, residentOf(name)]))),
    given: (values) => judge(values, {}),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
};

const valuesIn = async (path: string): Promise<Map<string, Float32Array>> => {
  const file = await openSafetensors(path);
  const found = new Map<string, Float32Array>();
  for (const name of file.tensors.keys()) found.set(name, (await readAsFloat32(file, name)).data);
  return found;
};
