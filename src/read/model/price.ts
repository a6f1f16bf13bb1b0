import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PretrainOptions, pretrainEncoder } from './pretrain-encoder.ts';
import { type TrainReaderOptions, trainReader } from './train-reader.ts';

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
export const priceOfTraining = (options: Omit<TrainReaderOptions, 'outDir' | 'onProgress'>): Promise<TrainingPrice> =>
  priceOf(options.signal, (own) => trainReader({ ...options, ...own }));

/** What a pre-training would cost, measured likewise. @throws as `pretrainEncoder` */
export const priceOfPretraining = (options: Omit<PretrainOptions, 'outDir' | 'onProgress'>): Promise<TrainingPrice> =>
  priceOf(options.signal, (own) => pretrainEncoder({ ...options, ...own }));

const priceOf = async (
  signal: AbortSignal | undefined,
  run: (own: Required<Pick<PretrainOptions, 'outDir' | 'process' | 'signal' | 'onProgress'>>) => Promise<unknown>,
): Promise<TrainingPrice> => {
  const outDir = await mkdtemp(join(tmpdir(), 'lyceum-price-'));
  const stop = new AbortController();
  const times: number[] = [];
  let steps = 0;
  try {
    await run({
      outDir,
      process: false,
      signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
      onProgress: (progress) => {
        steps = progress.steps;
        times.push(performance.now());
        if (progress.step >= warm + timed) stop.abort();
      },
    });
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
  signal?.throwIfAborted();
  const secondsPerStep = (times.at(-1)! - times[Math.min(warm, times.length) - 1]!) / 1000 / Math.max(1, times.length - warm);
  return { steps, secondsPerStep, minutes: (steps * secondsPerStep) / 60, memoryBytes: process.resourceUsage().maxRSS * 1024 };
};
