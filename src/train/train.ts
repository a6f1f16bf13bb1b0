import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { leavesOf, type Node, nameOf, type Program } from '../core/index.ts';
import { writeSafetensors } from '../formats/index.ts';
import type { Binding, Engine, Executable, TensorData } from '../runtime/index.ts';
import { type AdamW, adamwFeeds, averageOf, averageProgram, gradientOf, momentOf, nextOf, type ParameterGroup, varianceOf } from './adamw.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { hashOf } from './hash.ts';
import { appendMetrics, cutMetrics, syncMetrics } from './metrics-file.ts';
import { accumulateProgram, applyProgram, type Objective, stepProgram } from './programs.ts';
import { rateAt, type Schedule } from './schedule.ts';

type Feeds = Readonly<Record<string, TensorData>>;

/** How well the weights do: `score` decides which are kept. */
export interface Verdict {
  readonly score: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly loss: number;
  /** Of this process, warm-up excluded. */
  readonly stepsPerSecond: number;
  readonly secondsLeft: number;
  readonly verdict?: Verdict;
}

export interface TrainOptions {
  readonly engine: Engine;
  /** Gets `metrics.jsonl`, `checkpoints/` and `best.safetensors`. */
  readonly folder: string;
  readonly name: string;
  readonly objective: Objective;
  readonly groups: readonly ParameterGroup[];
  readonly adamw: AdamW;
  readonly schedule: Schedule;
  /** Bindings of the parameters that are in no group. */
  readonly frozen: ReadonlyMap<string, Binding>;
  /** First values of the parameters in groups. */
  readonly initial: () => Promise<Readonly<Record<string, TensorData>>>;
  readonly epochs: number;
  readonly seed: number;
  /** Batches of an epoch (from 0), a pure function. */
  readonly batches: (epoch: number) => readonly (readonly number[])[];
  /** Feeds of a batch, one set for every micro-batch; more than one is added up before the update. `key` is added to them. */
  readonly feeds: (batch: readonly number[]) => readonly Feeds[];
  /** Gradients are accumulated over micro-batches: two programs instead of one. */
  readonly accumulate?: boolean;
  /** Exponential average of the weights, judged and kept in their place. */
  readonly average?: { readonly decay: number; readonly everySteps: number };
  readonly evaluation?: {
    /** After these epochs (from 1). */
    readonly after: (epoch: number) => boolean;
    /** @param residentOf  name under which the engine holds a parameter */
    readonly judge: (residentOf: (parameter: string) => string) => Promise<Verdict>;
    /** Judgements without a better score after which training stops. */
    readonly patience?: number;
  };
  readonly checkpoints?: { readonly everySteps?: number; readonly everySeconds?: number };
  readonly lengths?: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onNote?: (message: string) => void;
}

export interface TrainResult {
  /** `cancelled`: the same call goes on from the checkpoint just written. */
  readonly ended: 'finished' | 'stopped early' | 'cancelled';
  readonly step: number;
  readonly best?: { readonly score: number; readonly epoch: number; readonly metrics: Readonly<Record<string, number>> };
}

interface State {
  readonly epoch: number;
  /** Batches of the epoch that are done. */
  readonly position: number;
  readonly averaged: number;
  readonly best?: { readonly score: number; readonly epoch: number; readonly metrics: Readonly<Record<string, number>> };
  /** Judgements since the best. */
  readonly stale: number;
}

/** File of the best weights in a run's folder. */
export const bestWeights = 'best.safetensors';

/**
 * Trains until the epochs are over, the score stops rising, or the signal says so. Weights and moments stay with the engine; a step moves scalars only. A run
 * that was killed goes on from its last checkpoint with metrics bit-identical to those of a run never killed.
 */
export const train = async (options: TrainOptions): Promise<TrainResult> => {
  const { engine, folder, groups, evaluation, average, signal, onProgress } = options;
  const checkpoints = join(folder, 'checkpoints');
  const metricsPath = join(folder, 'metrics.jsonl');
  const names = groups.flatMap(({ parameters }) => parameters.map(nameOf));
  await mkdir(folder, { recursive: true });
  const found = await readCheckpoint<State>(checkpoints, options.onNote);
  const tensors = found?.tensors ?? firstTensors(await options.initial(), groups, average !== undefined);
  await engine.put(tensors);
  const kept = Object.keys(tensors);
  await cutMetrics(metricsPath, found?.step ?? 0);
  await using programs = await compile(options);

  const steps = countSteps(options);
  let state: State = found?.state ?? { epoch: 0, position: 0, averaged: 0, stale: 0 };
  let step = found?.step ?? 0;
  let saved = { step, at: performance.now() };
  const save = async (): Promise<void> => {
    if (saved.step === step) return;
    await syncMetrics(metricsPath);
    await writeCheckpoint(checkpoints, { step, state, tensors: await engine.get(kept) });
    saved = { step, at: performance.now() };
  };
  const finish = async (ended: TrainResult['ended']): Promise<TrainResult> => {
    await save();
    return { ended, step, ...(state.best && { best: state.best }) };
  };
  const rate = meter();

  while (state.epoch < options.epochs) {
    const { epoch } = state;
    const batches = options.batches(epoch);
    for (let position = state.position; position < batches.length; position++) {
      if (signal?.aborted) return finish('cancelled');
      step++;
      const factor = rateAt(options.schedule, step, steps);
      const values = await programs.step(options.feeds(batches[position]!), step, factor);
      let { averaged } = state;
      if (average && step % average.everySteps === 0) {
        averaged++;
        await programs.average(Math.max(1 - average.decay, 1 / averaged));
      }
      const last = position + 1 === batches.length;
      state = { ...state, averaged, epoch: last ? epoch + 1 : epoch, position: last ? 0 : position + 1 };
      let verdict: Verdict | undefined;
      if (last && evaluation?.after(epoch + 1)) {
        verdict = await evaluation.judge((name) => (average ? averageOf(name) : name));
        const better = state.best === undefined || verdict.score > state.best.score;
        if (better) await keepBest(join(folder, bestWeights), engine, names, average !== undefined, epoch + 1);
        state = better ? { ...state, best: { ...verdict, epoch: epoch + 1 }, stale: 0 } : { ...state, stale: state.stale + 1 };
      }
      await appendMetrics(metricsPath, { step, epoch: epoch + 1, ...values, learningRate: factor, ...(verdict && { score: verdict.score, dev: verdict.metrics }) });
      const speed = rate();
      onProgress?.({ step, steps, epoch: epoch + 1, loss: values['loss']!, stepsPerSecond: speed, secondsLeft: (steps - step) / speed, ...(verdict && { verdict }) });
      if (verdict && evaluation?.patience !== undefined && state.stale >= evaluation.patience) return finish('stopped early');
      const { everySteps = Number.POSITIVE_INFINITY, everySeconds = 45 } = options.checkpoints ?? {};
      if (step % everySteps === 0 || performance.now() - saved.at > everySeconds * 1000) await save();
    }
  }
  return finish('finished');
};

const countSteps = ({ epochs, batches }: TrainOptions): number => {
  let steps = 0;
  for (let epoch = 0; epoch < epochs; epoch++) steps += batches(epoch).length;
  return steps;
};

/** Steps a second over the last twenty. */
const meter = (): (() => number) => {
  const times: number[] = [performance.now()];
  return () => {
    times.push(performance.now());
    if (times.length > 21) times.shift();
    return ((times.length - 1) * 1000) / (times.at(-1)! - times[0]!);
  };
};

const firstTensors = (initial: Readonly<Record<string, TensorData>>, groups: readonly ParameterGroup[], averaged: boolean): Record<string, TensorData> => {
  const tensors: Record<string, TensorData> = {};
  for (const node of groups.flatMap(({ parameters }) => parameters)) {
    const name = nameOf(node);
    const value = initial[name];
    if (!value) throw new Error(`internal: no first value for ${name}`);
    const zeros = (): TensorData => ({ dtype: 'float32', shape: value.shape, data: new Float32Array(value.data.length) });
    tensors[name] = value;
    tensors[momentOf(name)] = zeros();
    tensors[varianceOf(name)] = zeros();
    if (averaged) tensors[averageOf(name)] = value;
  }
  return tensors;
};

const keepBest = async (path: string, engine: Engine, names: readonly string[], averaged: boolean, epoch: number): Promise<void> => {
  const held = await engine.get(names.map((name) => (averaged ? averageOf(name) : name)));
  await writeSafetensors(path, Object.fromEntries(names.map((name) => [name, held[averaged ? averageOf(name) : name]!])), { epoch: String(epoch) });
};

interface Programs extends AsyncDisposable {
  step(feeds: readonly Feeds[], step: number, factor: number): Promise<Record<string, number>>;
  average(share: number): Promise<void>;
}

/** The programs of a run, bound to the tensors that the engine holds. */
const compile = async ({ engine, name, objective, groups, adamw, frozen, average, accumulate = false, seed, lengths }: TrainOptions): Promise<Programs> => {
  const trained = groups.flatMap(({ parameters }) => parameters);
  const names = trained.map(nameOf);
  const bindings = new Map<string, Binding>([...frozen, ...names.map((weight): [string, Binding] => [weight, { kind: 'trainable' }])]);
  const settings = { arena: true, ...(lengths && { lengths }) };

  const open: Executable[] = [];
  const make = async (program: Program): Promise<Executable> => {
    const { parameters } = leavesOf(Object.values(program.outputs));
    const executable = await engine.compile(program, new Map([...bindings].filter(([weight]) => parameters.has(weight))), settings);
    open.push(executable);
    return executable;
  };
  const one = accumulate ? undefined : await make(stepProgram(name, objective, groups, adamw));
  const adding = accumulate ? await make(accumulateProgram(name, objective, groups)) : undefined;
  const applying = accumulate ? await make(applyProgram(name, groups, adamw)) : undefined;
  const averaging = average ? await make(averageProgram(`${name}/average`, trained)) : undefined;
  if (accumulate) await engine.put(Object.fromEntries(trained.map((node) => [gradientOf(nameOf(node)), zerosLike(node)])));

  const moments = names.flatMap((weight) => [momentOf(weight), varianceOf(weight)]);
  const gradients = names.map(gradientOf);
  const averages = names.map(averageOf);
  const own = (list: readonly string[]) => Object.fromEntries(list.map((tensor) => [tensor, tensor]));
  const taken = (list: readonly string[]) => Object.fromEntries(list.map((tensor) => [nextOf(tensor), tensor]));
  const updated = [...names, ...moments];

  return {
    async step(micro, step, factor) {
      const scalars = scalarFeeds(adamwFeeds(groups, adamw, step, factor));
      const keyed = micro.map((feeds, i) => ({ ...feeds, key: key(hashOf(seed, step, i)) }));
      if (one) return numbers(await one.run({ ...keyed[0]!, ...scalars }, { resident: own(updated), keep: taken(updated) }));
      const sums: Record<string, number> = {};
      for (const [i, feeds] of keyed.entries()) {
        const held = scalarFeeds({ held: i === 0 ? 0 : 1 });
        const values = numbers(await adding!.run({ ...feeds, ...held }, { resident: own([...names, ...gradients]), keep: taken(gradients) }));
        for (const [metric, value] of Object.entries(values)) sums[metric] = (sums[metric] ?? 0) + value;
      }
      return { ...sums, ...numbers(await applying!.run(scalars, { resident: own([...updated, ...gradients]), keep: taken(updated) })) };
    },
    async average(share) {
      await averaging?.run(scalarFeeds({ share }), { resident: own([...names, ...averages]), keep: taken(averages) });
    },
    async [Symbol.asyncDispose]() {
      for (const executable of open) await executable[Symbol.asyncDispose]();
    },
  };
};

const zerosLike = (node: Node): TensorData => {
  const shape = node.shape as readonly number[];
  return { dtype: 'float32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
};

const key = (value: number): TensorData => ({ dtype: 'uint32', shape: [1], data: Uint32Array.of(value) });
const scalarFeeds = (values: Readonly<Record<string, number>>): Record<string, TensorData> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { dtype: 'float32', shape: [], data: Float32Array.of(value) }]));
const numbers = (results: Readonly<Record<string, TensorData>>): Record<string, number> =>
  Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]));
