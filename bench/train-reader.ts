import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Form, fastestForm, interleaved, median, ratiosOf } from './reader/compare.ts';
import { benchLines, trainingBatches } from './reader/documents.ts';
import { log, type Row } from './reader/row.ts';
import { largestDifference, relative } from './reader/same.ts';
import { openTorch, openTrainer, type Worker } from './reader/worker.ts';

const batchSize = 4;
const batchCount = 10;

interface Opened {
  readonly tokenizer: string;
  readonly sizes: object;
  readonly rates: object;
  readonly weights: readonly number[];
  readonly optimiser: object;
}
interface Checked {
  readonly loss: number;
  readonly losses: readonly number[];
}
interface Peer {
  readonly version: string;
  readonly instructionSet: string;
}

const documentsOf = (batch: string): unknown[] => batch.split('\n').map((line) => JSON.parse(line) as unknown);

/**
 * The training step of the reader, batches of four abstracts, dropout on, clipping and AdamW included: time and peak memory against PyTorch.
 *
 * @throws Error where the two sides do not compute the same losses (1e-4) and gradients (1e-3)
 */
export const trainReader = async ({ threads, runs = 30 }: { readonly threads: number; readonly runs?: number }): Promise<Row[]> => {
  const batches = trainingBatches(benchLines(), batchCount, batchSize);
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-bench-'));
  try {
    const weights = join(folder, 'weights.safetensors');
    const { opened, peerOf } = await sameThing(folder, weights, batches, threads);
    log(`train-reader: ${batches.length} batches of ${batchSize} documents, ${threads} threads`);

    let version = '';
    const make = async (form: Form): Promise<Worker> => {
      const worker = openTorch(threads);
      ({ version } = await peerOf(worker));
      await worker.ask('learn', { form, batches: batches.map(documentsOf), weights: opened.weights, optimiser: opened.optimiser });
      return worker;
    };
    const turn = async (worker: Worker, run: number): Promise<number> =>
      (await worker.ask<{ seconds: number }>('step', { batch: run % batches.length })).seconds;
    const { best, trials } = await fastestForm(make, (worker) => turn(worker, Math.floor(batches.length / 2)));
    for (const { form, seconds, note } of trials) log(`  torch ${version} ${form}: ${seconds === undefined ? '' : `${seconds.toFixed(3)} s a step`} ${note}`);

    await using peer = best.worker;
    await using ours = openTrainer();
    await ours.ask('open', { threads });
    await ours.ask('learn', { batches });
    const times = await interleaved(
      runs,
      (run) => turn(ours, run),
      (run) => turn(peer, run),
    );
    const [oursPeak, peerPeak] = [(await ours.ask<{ peakBytes: number }>('memory')).peakBytes, (await peer.ask<{ peakBytes: number }>('memory')).peakBytes];
    const tried = trials.map(({ form, seconds }) => `${form} ${seconds?.toFixed(3) ?? 'failed'}`).join(', ');
    const common = { peerName: `PyTorch ${best.form}`, peerVersion: version, runs, gate: true };
    return [
      {
        name: 'train-reader/time',
        metric: 'time',
        unit: 's/step',
        ours: median(times.ours),
        peer: median(times.peer),
        ...ratiosOf(times),
        ...common,
        note: `peer forms, s a step: ${tried}`,
      },
      {
        name: 'train-reader/memory',
        metric: 'memory',
        unit: 'bytes',
        ours: oursPeak,
        peer: peerPeak,
        ratio: peerPeak / oursPeak,
        ratioP25: null,
        ratioP75: null,
        ...common,
        note: 'largest resident size of the whole process that trains, on either side, libraries included',
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Refuses to time two sides that differ. Every batch's losses, one batch's gradients. */
const sameThing = async (folder: string, weights: string, batches: readonly string[], threads: number) => {
  await using ours = openTrainer();
  const opened = await ours.ask<Opened>('open', { threads });
  await ours.ask('export', { file: weights });
  const { tokenizer, sizes, rates } = opened;
  const peerOf = (worker: Worker): Promise<Peer> => worker.ask<Peer>('open', { weights, tokenizer, sizes, rates, threads });
  await using torch = openTorch(threads);
  await peerOf(torch);
  for (const at of [0, Math.floor(batches.length / 2), batches.length - 1]) {
    const batch = batches[at]!;
    const files = { ours: join(folder, 'ours.safetensors'), peer: join(folder, 'peer.safetensors') };
    const a = await ours.ask<Checked>('check', { lines: batch, gradients: files.ours });
    const b = await torch.ask<Checked>('check', { documents: documentsOf(batch), weights: opened.weights, gradients: files.peer });
    const losses = Math.max(relative(a.loss, b.loss), ...a.losses.map((loss, i) => relative(loss, b.losses[i]!)));
    const slopes = await largestDifference(files.ours, files.peer);
    log(
      `  same thing, batch ${at}: loss ${a.loss.toFixed(4)}, relative difference ${losses.toExponential(1)}; gradients ${slopes.relative.toExponential(1)} (${slopes.where})`,
    );
    if (!(losses <= 1e-4))
      throw new Error(`bench train-reader: expected losses equal to 1e-4, got ${a.losses.join(', ')} and ${b.losses.join(', ')}; nothing was timed`);
    if (!(slopes.relative <= 1e-3))
      throw new Error(`bench train-reader: expected gradients equal to 1e-3, got ${slopes.relative} in ${slopes.where}; nothing was timed`);
  }
  return { opened, peerOf };
};
