import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { nameOf } from '../core/index.ts';
import { writeSafetensors } from '../formats/index.ts';
import type { Binding, Engine, TensorData } from '../runtime/index.ts';
import { type AdamW, averageOf, momentOf, type ParameterGroup, varianceOf } from './adamw.ts';
import { compilePrograms } from './bound-programs.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { DivergedError } from './errors.ts';
import { appendMetrics, cutMetrics, syncMetrics } from './metrics-file.ts';
import type { Objective } from './programs.ts';
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
  /** Exponential average of the weights, judged beside them; the better of the two is kept. */
  readonly average?: { readonly decay: number; readonly everySteps: number };
  readonly evaluation?: {
    /** After these epochs (from 1). */
    readonly after: (epoch: number) => boolean;
    /** @param residentOf  name under which the engine holds a parameter */
    readonly judge: (residentOf: (parameter: string) => string) => Promise<Verdict>;
    /** Judgements without a better score after which training stops. */
    readonly patience?: number;
    /** Weights that are kept: of the best score, or those judged last. Default: best. */
    readonly keep?: 'best' | 'last';
  };
  readonly checkpoints?: { readonly everySteps?: number; readonly everySeconds?: number };
  readonly lengths?: Readonly<Record<string, number>>;
  /** Whether the kernels keep frozen weights in their own layout, a private copy: see `CompileOptions`. Default true. */
  readonly prepack?: boolean;
  /** Says what a batch is of, for messages. */
  readonly describe?: (batch: readonly number[]) => string;
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
 *
 * @throws DivergedError where the loss or the norm of the gradients is no number any more: the last checkpoint stays
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
  await using programs = await compilePrograms({
    ...options,
    averaging: average !== undefined,
    accumulate: options.accumulate ?? false,
    lengths: options.lengths,
    prepack: options.prepack ?? true,
  });

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
      // Gradients whose norm is beyond numbers leave no update, or weights that are none: neither is trained on.
      const odd = ['loss', 'gradientNorm'].find((name) => !Number.isFinite(values[name]));
      if (odd)
        throw diverged(options, {
          step,
          epoch,
          batch: batches[position]!,
          what: `${odd === 'loss' ? 'loss' : 'gradient'}, got ${values[odd]}`,
          saved: saved.step,
        });
      let { averaged } = state;
      if (average && step % average.everySteps === 0) {
        averaged++;
        await programs.average(Math.max(1 - average.decay, 1 / averaged));
      }
      const last = position + 1 === batches.length;
      state = { ...state, averaged, epoch: last ? epoch + 1 : epoch, position: last ? 0 : position + 1 };
      let verdict: Verdict | undefined;
      let looked = {};
      if (last && evaluation?.after(epoch + 1)) {
        const now = await evaluation.judge((name) => name);
        const mean = average && (await evaluation.judge(averageOf));
        const averageWins = mean !== undefined && mean.score > now.score;
        verdict = averageWins ? mean : now;
        looked = { score: verdict.score, dev: verdict.metrics, ...(mean && { averaged: averageWins, other: averageWins ? now.metrics : mean.metrics }) };
        const better = evaluation.keep === 'last' || state.best === undefined || verdict.score > state.best.score;
        if (better) await keepBest(join(folder, bestWeights), engine, names, averageWins ? averageOf : (name) => name, epoch + 1);
        state = better ? { ...state, best: { ...verdict, epoch: epoch + 1 }, stale: 0 } : { ...state, stale: state.stale + 1 };
      }
      await appendMetrics(metricsPath, { step, epoch: epoch + 1, ...values, learningRate: factor, ...looked });
      const speed = rate();
      onProgress?.({
        step,
        steps,
        epoch: epoch + 1,
        loss: values['loss']!,
        stepsPerSecond: speed,
        secondsLeft: (steps - step) / speed,
        ...(verdict && { verdict }),
      });
      if (verdict && evaluation?.patience !== undefined && state.stale >= evaluation.patience) return finish('stopped early');
      const { everySteps = Number.POSITIVE_INFINITY, everySeconds = 45 } = options.checkpoints ?? {};
      if (step % everySteps === 0 || performance.now() - saved.at > everySeconds * 1000) await save();
    }
  }
  return finish('finished');
};

/** The weights are lost with the loss; those of the last checkpoint are whole and stay. */
const diverged = (
  { name, folder, describe }: TrainOptions,
  { step, epoch, batch, what, saved }: { step: number; epoch: number; batch: readonly number[]; what: string; saved: number },
): DivergedError =>
  new DivergedError(
    `train ${name}: expected a finite ${what} at step ${step} (epoch ${epoch + 1}, ${describe?.(batch) ?? `batch of ${batch.slice(0, 8).join(', ')}`}); ${saved > 0 ? `the weights of step ${saved} are kept in ${join(folder, 'checkpoints')}` : 'nothing was kept'}; lower the learning rate, or look at these samples`,
  );

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

const keepBest = async (path: string, engine: Engine, names: readonly string[], residentOf: (name: string) => string, epoch: number): Promise<void> => {
  const held = await engine.get(names.map(residentOf));
  await writeSafetensors(path, Object.fromEntries(names.map((name) => [name, held[residentOf(name)]!])), { epoch: String(epoch) });
};
