import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochBatches } from '../../train/index.ts';
import { openEncoder } from './encoder.ts';
import { goldRows, readGold } from './gold-rows.ts';
import { rowLength } from './grid.ts';
import { type TrainReaderOptions, trainReader } from './train-reader.ts';
import { trainingConfig } from './training-config.ts';

export interface TrainingPrice {
  readonly steps: number;
  /** Measured on this machine, over a few steps of average length. */
  readonly secondsPerStep: number;
  readonly minutes: number;
  /** Largest resident memory of the process so far. */
  readonly memoryBytes: number;
}

const warm = 2;
const timed = 4;

/** What a training would cost, from a few measured steps; nothing is written to `outDir`. @throws as `trainReader` */
export const priceOfTraining = async (options: Omit<TrainReaderOptions, 'outDir' | 'onProgress'>): Promise<TrainingPrice> => {
  const { dataDir, threads: _, device: __, process: ___, signal: ____, onNote: _____, ...given } = options;
  const { batch, epochs, seed, reader } = trainingConfig(given);
  const { documents } = await readGold(dataDir, 'train.json');
  const lengths = goldRows(documents, (await openEncoder()).tokenizer, reader.window).map(rowLength);
  const steps = Array.from({ length: epochs }, (_one, epoch) => epochBatches(lengths, { seed, epoch, batch }).length).reduce((a, b) => a + b, 0);
  const outDir = await mkdtemp(join(tmpdir(), 'lyceum-price-'));
  const stop = new AbortController();
  const times: number[] = [];
  try {
    await trainReader({
      ...options,
      outDir,
      process: false,
      signal: options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal,
      onProgress: ({ step }) => {
        times.push(performance.now());
        if (step >= warm + timed) stop.abort();
      },
    });
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
  options.signal?.throwIfAborted();
  const secondsPerStep = (times.at(-1)! - times[Math.min(warm, times.length) - 1]!) / 1000 / Math.max(1, times.length - warm);
  return { steps, secondsPerStep, minutes: (steps * secondsPerStep) / 60, memoryBytes: process.resourceUsage().maxRSS * 1024 };
};
