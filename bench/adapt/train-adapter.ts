import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveModel } from '../../src/app/models/resolve-model.ts';
import type { BenchOptions } from '../harness.ts';
import { samplePapers } from '../language/sample-papers.ts';
import { type Form, fastestForm, interleaved, median, ratiosOf } from '../reader/compare.ts';
import { alone, log, type Row } from '../reader/row.ts';
import { relative } from '../reader/same.ts';
import { openAdapter, openTorchAdapter, type Worker } from '../reader/worker.ts';

type Kind = 'lora' | 'loramoe';
type Weights = 'f32' | 'int8';

const [rows, length, batchCount] = [4, 256, 4];
const shared = { experts: 6, alpha: 32, groups: [3, 3], delta: 0.1, strength: 0.1 };
/** Ranks: of the peer's LoRA and ours, of an expert, and of the LoRA that has as many parameters as the six experts with their routers. */
const ranks = { lora: 24, loramoe: 4, alike: 27 };
const optimiser = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clipNorm: 1, learningRate: 2e-4 };
const checked = ['blocks.0.mlp.gate', 'blocks.14.mlp.down', 'blocks.29.mlp.up'];
const checkedParts: Readonly<Record<Kind, readonly string[]>> = { lora: ['lora.a', 'lora.b'], loramoe: ['loramoe.a', 'loramoe.b', 'loramoe.route'] };
/** What float32 and whole numbers may be apart by: norm of the difference of gradients over their norm. */
const tolerance = { f32: { loss: 1e-4, gradients: 1e-3 }, int8: { loss: 1e-2, gradients: 0.3 } } as const;

interface Batch {
  readonly ids: readonly (readonly number[])[];
  readonly kinds: readonly number[];
}
interface Gradients {
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}
type Learnt = { readonly trainable: number; readonly membership: readonly (readonly number[])[] };

/**
 * A training step of an adapter on SmolLM2's feed-forward linears, four full rows of 256 tokens, all learnt: tokens a second and peak memory against PEFT (LoRA) and against the same mixture written in PyTorch (LoRAMoE).
 *
 * @throws Error where the two sides do not compute the same loss and gradients in float32, or whole numbers are too far from them
 */
const trainAdapter = async ({ threads, runs = 7 }: BenchOptions, kind: Kind): Promise<Row[]> => {
  const { path: file } = await resolveModel('smollm2-135m-instruct');
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-bench-'));
  try {
    const values = join(folder, 'values.safetensors');
    const batches = await batchesOf(threads);
    const learn = async (weights: Weights, own: Kind = kind, rank = ranks[own]): Promise<{ worker: Worker; learnt: Learnt }> => {
      const worker = openAdapter();
      await worker.ask('open', { model: file, threads });
      return { worker, learnt: await worker.ask<Learnt>('learn', { kind: own, weights, options: { ...shared, rank }, optimiser, batches, values }) };
    };
    const { torch, version } = await sameThing(kind, learn, { file, threads, values, batches });
    const turn = async (worker: Worker, run: number): Promise<number> =>
      (await worker.ask<{ seconds: number }>('step', { batch: run % batches.length })).seconds;
    const { best, trials } = await fastestForm(torch, (worker) => turn(worker, 0));
    for (const { form, seconds, note } of trials) log(`  PyTorch ${version} ${form}: ${seconds === undefined ? '' : `${seconds.toFixed(2)} s a step`} ${note}`);
    const tried = trials.map(({ form, seconds }) => `${form} ${seconds?.toFixed(2) ?? 'failed'}`).join(', ');
    const tokens = rows * length;
    const found: Row[] = [];
    const common = { peerName: kind === 'lora' ? `PEFT ${best.form}` : `PyTorch ${best.form}`, peerVersion: version };
    await using peer = best.worker;
    for (const weights of ['int8', 'f32'] as const) {
      const { worker } = await learn(weights);
      await using ours = worker;
      const times = await interleaved(
        runs,
        (run) => turn(ours, run),
        (run) => turn(peer, run),
      );
      const [oursPeak, peerPeak] = [(await ours.ask<{ peakBytes: number }>('memory')).peakBytes, (await peer.ask<{ peakBytes: number }>('memory')).peakBytes];
      const gate = weights === 'int8';
      const name = (row: string): string => (gate ? `train-${kind}/${row}` : `train-${kind}/${row}/${weights}`);
      const note = `frozen weights ${weights}; peer forms, s a step: ${tried}`;
      found.push(
        {
          name: name('time'),
          metric: 'rate',
          unit: 'tokens/s',
          ours: tokens / median(times.ours),
          peer: tokens / median(times.peer),
          ...ratiosOf(times),
          ...common,
          runs,
          gate,
          note,
        },
        {
          name: name('memory'),
          metric: 'memory',
          unit: 'bytes',
          ours: oursPeak,
          peer: peerPeak,
          ratio: peerPeak / oursPeak,
          ratioP25: null,
          ratioP75: null,
          ...common,
          runs,
          gate,
          note: 'largest resident size of the whole process that trains, libraries included',
        },
      );
    }
    if (kind === 'lora') return found;
    const [mixture, plain] = [await learn('int8'), await learn('int8', 'lora', ranks.alike)];
    await using ours = mixture.worker;
    await using other = plain.worker;
    const times = await interleaved(
      runs,
      (run) => turn(ours, run),
      (run) => turn(other, run),
    );
    const counts = `${mixture.learnt.trainable} trained parameters against ${plain.learnt.trainable}`;
    found.push({
      name: 'train-loramoe/over-lora',
      metric: 'time',
      unit: 's/step',
      ours: median(times.ours),
      ...alone,
      peer: median(times.peer),
      peerName: `our LoRA of rank ${ranks.alike}`,
      ...ratiosOf(times),
      runs,
      gate: true,
      note: counts,
    });
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Full rows of prose, half of them of one kind and half of the other. */
const batchesOf = async (threads: number): Promise<Batch[]> => {
  await using ours = openAdapter();
  const { path: model } = await resolveModel('smollm2-135m-instruct');
  await ours.ask('open', { model, threads });
  const { ids } = await ours.ask<{ ids: number[] }>('tokens', { text: await samplePapers() });
  const at = (i: number): number => ids[i % ids.length]!; // the papers over and over, each time from another word on
  return Array.from({ length: batchCount }, (_, b) => ({
    ids: Array.from({ length: rows }, (_, r) => Array.from({ length }, (_, i) => at((b * rows + r) * length + i))),
    kinds: [0, 1, 0, 1],
  }));
};

/** Refuses to time two sides that differ. */
const sameThing = async (
  kind: Kind,
  learn: (weights: Weights) => Promise<{ worker: Worker; learnt: Learnt }>,
  { file, threads, values, batches }: { file: string; threads: number; values: string; batches: readonly Batch[] },
) => {
  const names = checked.flatMap((site) => checkedParts[kind].map((part) => `${site}.${part}`));
  const found = new Map<Weights, Gradients>();
  let membership: Learnt['membership'] = [];
  for (const weights of ['f32', 'int8'] as const) {
    const { worker, learnt } = await learn(weights);
    await using ours = worker;
    membership = learnt.membership;
    found.set(weights, await ours.ask<Gradients>('gradients', { batch: 0, names }));
  }
  let version = '';
  const torch = async (form: Form): Promise<Worker> => {
    const worker = openTorchAdapter(threads);
    ({ version } = await worker.ask<{ version: string }>('open', { file, threads }));
    const shaped = batches.map((batch, b) => ({ ...batch, membership: byRow(membership[b]!, batch.ids.length, batch.ids[0]!.length) }));
    await worker.ask('learn', { kind, form, options: { ...shared, rank: ranks[kind] }, values, batches: shaped, optimiser });
    return worker;
  };
  await using peer = await torch('f32');
  const theirs = await peer.ask<Gradients>('gradients', { batch: 0, names });
  for (const [weights, ours] of found) {
    const loss = relative(ours.loss, theirs.loss);
    const apart = Math.max(...names.map((name) => apartBy(ours.gradients[name]!, theirs.gradients[name]!)));
    log(
      `  same thing, ${weights}: loss ${ours.loss.toFixed(4)} and ${theirs.loss.toFixed(4)}, relative difference ${loss.toExponential(1)}; gradients ${apart.toExponential(1)}`,
    );
    if (!(loss <= tolerance[weights].loss && apart <= tolerance[weights].gradients))
      throw new Error(
        `bench train-${kind}: expected ${weights} within ${tolerance[weights].loss} of the peer's loss and ${tolerance[weights].gradients} of its gradients, got ${loss} and ${apart}; nothing was timed`,
      );
  }
  return { torch, version };
};

/** [samples, batch, seq] as nested lists. */
const byRow = (flat: readonly number[], batch: number, seq: number): number[][][] =>
  Array.from({ length: flat.length / (batch * seq) }, (_, sample) =>
    Array.from({ length: batch }, (_, row) => flat.slice((sample * batch + row) * seq, (sample * batch + row + 1) * seq)),
  );

const apartBy = (ours: readonly number[], theirs: readonly number[]): number => {
  let [difference, size] = [0, 0];
  for (const [i, value] of theirs.entries()) {
    difference += (ours[i]! - value) ** 2;
    size += value * value;
  }
  return Math.sqrt(difference / Math.max(size, 1e-30));
};

export const trainLora = (options: BenchOptions): Promise<Row[]> => trainAdapter(options, 'lora');
export const trainLoramoe = (options: BenchOptions): Promise<Row[]> => trainAdapter(options, 'loramoe');
