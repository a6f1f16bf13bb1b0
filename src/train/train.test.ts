import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openEngine } from '../runtime/index.ts';
import { readCheckpoint } from './checkpoint.ts';
import { tinyRun } from './testing/tiny-run.ts';
import { bestWeights, type TrainOptions, train } from './train.ts';

const folders: string[] = [];
const folder = async (): Promise<string> => {
  const made = await mkdtemp(join(tmpdir(), 'lyceum-train-'));
  folders.push(made);
  return made;
};
afterEach(async () => {
  for (const made of folders.splice(0)) await rm(made, { recursive: true, force: true });
});

const metricsIn = (at: string): Promise<string> => readFile(join(at, 'metrics.jsonl'), 'utf8');
const run = async (at: string, change: Parameters<typeof tinyRun>[2] = {}, more: Partial<TrainOptions> = {}) => {
  await using engine = await openEngine({ threads: 1 });
  return await train({ ...tinyRun(engine, at, change), ...more });
};
/** Trains until the step, as a kill after it would leave things. */
const stoppedAt = async (at: string, step: number): Promise<void> => {
  const stop = new AbortController();
  const result = await run(at, {}, { signal: stop.signal, onProgress: (progress) => progress.step === step && stop.abort() });
  expect(result).toMatchObject({ ended: 'cancelled', step });
};

describe('training', () => {
  it('lowers the loss and keeps the best weights', async () => {
    const at = await folder();
    const result = await run(at, { rate: 0, epochs: 30 });
    const lines = (await metricsIn(at))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const mean = (from: number, to: number) => lines.slice(from, to).reduce((sum, { loss }) => sum + loss, 0) / (to - from);
    expect(lines.map(({ step }) => step)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    expect(mean(110, 120)).toBeLessThan(0.6 * mean(0, 10));
    expect(result).toMatchObject({ ended: 'finished', step: 120, best: { epoch: expect.any(Number) } });
    await expect(readFile(join(at, bestWeights))).resolves.toBeDefined();
  });

  it('goes on after a stop in the middle of an epoch as if it had never stopped, dropout and averages included', async () => {
    const [whole, broken] = [await folder(), await folder()];
    await run(whole);
    await stoppedAt(broken, 5);
    await stoppedAt(broken, 10);
    await run(broken);
    expect(await metricsIn(broken)).toBe(await metricsIn(whole));
    const [a, b] = [await readCheckpoint(join(whole, 'checkpoints')), await readCheckpoint(join(broken, 'checkpoints'))];
    expect(b?.tensors).toEqual(a?.tensors);
    expect(b?.state).toEqual(a?.state);
  });

  it('cuts the metrics back to the checkpoint, whatever a kill left behind it', async () => {
    const [whole, broken] = [await folder(), await folder()];
    await run(whole);
    await stoppedAt(broken, 7);
    const text = await metricsIn(broken);
    await writeFile(join(broken, 'metrics.jsonl'), `${text}{"step":8,"loss":99}\n{"step":9,"lo`);
    await run(broken);
    expect(await metricsIn(broken)).toBe(await metricsIn(whole));
  });

  it('computes with micro-batches what it computes with one', async () => {
    const [one, several] = [await folder(), await folder()];
    await run(one, { rate: 0 });
    await run(several, { rate: 0, micro: 2 });
    const [a, b] = [await metricsIn(one), await metricsIn(several)].map((text) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    for (const [i, line] of a!.entries()) {
      expect(b![i].loss).toBeCloseTo(line.loss, 5);
      expect(b![i].gradientNorm).toBeCloseTo(line.gradientNorm, 5);
    }
  });

  it('does to the weights what AdamW with decoupled decay says', async () => {
    const at = await folder();
    const stop = new AbortController();
    await run(at, { rate: 0 }, { signal: stop.signal, onProgress: () => stop.abort() });
    await using engine = await openEngine({ threads: 1 });
    const { initial } = tinyRun(engine, at);
    const before = (await initial())['up']!.data as Float32Array;
    const { tensors } = (await readCheckpoint(join(at, 'checkpoints')))!;
    const after = tensors['up']!.data as Float32Array;
    const rate = 0.02 / Math.round(0.2 * 16); // first step of the warm-up
    // With bias correction the first step is rate · sign(g), for gradients far above epsilon.
    for (const [i, value] of after.entries()) {
      const moved = value - before[i]! * (1 - rate * 0.1);
      if (Math.abs(tensors['m:up']!.data[i] as number) > 1e-5) expect(Math.abs(moved)).toBeCloseTo(rate, 5);
    }
  });

  it('stops when the score no longer rises', async () => {
    const at = await folder();
    const scores = [3, 2, 1, 9];
    const judged: number[] = [];
    const evaluation = { after: () => true, patience: 2, judge: async () => ({ score: scores[judged.push(1) - 1]!, metrics: {} }) };
    await using engine = await openEngine({ threads: 1 });
    const { average: _, ...options } = tinyRun(engine, at, { epochs: 10 });
    expect(await train({ ...options, evaluation })).toMatchObject({ ended: 'stopped early', step: 12, best: { score: 3, epoch: 1 } });
  });
});
