import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { nameOf } from '../core/index.ts';
import type { CausalSource } from '../models/index.ts';
import { causalInputs } from '../nn/index.ts';
import { DivergedError, readCheckpoint } from '../train/index.ts';
import type { TokenText } from './data/index.ts';
import { folderSource, logitsOfIds } from './files/testing/sources.ts';
import { adapt } from './method.ts';
import { placesText } from './methods/index.ts';
import { type RecipeInput, recipeOf } from './recipe.ts';
import { tinyBase, tinyTexts } from './testing/tiny-base.ts';
import { tinyTraining } from './testing/tiny-training.ts';
import { countSteps, openHeldOut, type TrainAdapterOptions, trainAdapter } from './train-adapter.ts';

const { base, engine, source, work } = await tinyTraining();

const recipe = (given: RecipeInput = {}) =>
  recipeOf(
    {
      method: 'lora',
      weights: 'f32',
      length: 32,
      rows: 4,
      epochs: 3,
      learningRate: 0.02,
      recomputed: 0,
      ...given,
      options: { ...(given.options ?? { rank: 4 }) },
    },
    { exactBytes: false, model: source.member.config },
  );
const vocab = (): number => source.member.config.vocab;
let runs = 0;
const run = async (given: RecipeInput = {}, more: Partial<TrainAdapterOptions> = {}) => {
  const folder = join(work, `run ${runs++}`);
  const texts = tinyTexts(24, vocab());
  const [own, heldOut] = [recipe(given), tinyTexts(30, vocab()).slice(24)];
  await using judge = await openHeldOut({ base, engine, recipe: own, texts: heldOut });
  const options = { base, engine, recipe: own, texts, judge, folder, ...more };
  return { ...options, heldOut, ...(await trainAdapter(options)) };
};
interface Line {
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly balance?: number;
  readonly dev?: { readonly loss: number };
}
const textIn = (folder: string): Promise<string> => readFile(join(folder, 'metrics.jsonl'), 'utf8');
const linesIn = async (folder: string): Promise<Line[]> => (await textIn(folder)).trim().split('\n').map((line) => JSON.parse(line) as Line); // biome-ignore format: short

/** What labels of texts cost by the evaluator, each text alone. */
const lossInTheory = async (texts: readonly TokenText[], { method }: ReturnType<typeof recipe>, own: ReadonlyMap<string, Float32Array>): Promise<number> => {
  const before = Array.from({ length: method.virtualTokens ?? 0 }, (_, i) => vocab() + i);
  let [sum, count] = [0, 0];
  for (const { ids, answer } of texts) {
    const asked = ids.slice(0, Math.min(answer.indexOf(true), method.askedTokens ?? 0));
    const { data } = await logitsOfIds(source, [...before, ...ids], (program) => adapt(program, method).program, own, asked.length > 0 ? asked : [-1]);
    for (const [t, id] of ids.entries()) {
      if (!answer[t]) continue;
      const at = (before.length + t - 1) * vocab();
      const logits = Array.from(data.slice(at, at + vocab()), Number);
      sum += Math.log(logits.reduce((all, logit) => all + Math.exp(logit), 0)) - logits[id]!;
      count++;
    }
  }
  return sum / count;
};

describe('training an adapter', () => {
  it.each(['lora', 'dora', 'loramoe', 'mixlora', 'hydralora', 'ia3', 'prompt', 'instance-prompt', 'full'])(
    'lowers the loss of %s, and its held-out loss is that of each text alone by the evaluator',
    async (method) => {
      const options = method.endsWith('prompt') ? { tokens: 3 } : ['lora', 'dora'].includes(method) ? { rank: 4 } : {};
      const { values, best, folder, heldOut, steps, ...made } = await run({ method, options, learningRate: method === 'full' ? 0.005 : 0.02 }).then((made) => ({
        ...made,
        steps: countSteps(made.texts, made.recipe),
      }));
      const lines = await linesIn(folder);
      expect(lines).toHaveLength(steps);
      const mean = (part: readonly Line[]): number => part.reduce((sum, { loss, balance = 0 }) => sum + loss - 0.1 * balance, 0) / part.length;
      const epoch = steps / 3;
      expect(mean(lines.slice(-epoch))).toBeLessThan(mean(lines.slice(0, epoch)));
      expect(-best!.score).toBeCloseTo(await lossInTheory(heldOut, made.recipe, values), 4);
    },
    60_000,
  );

  it('keeps the weights with the best held-out loss, not the last', async () => {
    const { values, best, folder, heldOut, recipe: used } = await run({ learningRate: 0.3, epochs: 6, schedule: 'constant', warmup: 0 });
    const judged = (await linesIn(folder)).flatMap(({ dev }) => (dev ? [dev.loss] : []));
    expect(judged).toHaveLength(6);
    expect(judged.at(-1)).toBeGreaterThan(Math.min(...judged));
    expect(-best!.score).toBe(Math.min(...judged));
    const given = Object.fromEntries([...values].map(([name, data]) => [name, { dtype: 'float32' as const, shape: shapeOf(name, used), data }]));
    await using judge = await openHeldOut({ base, engine, recipe: used, texts: heldOut });
    expect((await judge.given(given)).loss).toBeCloseTo(Math.min(...judged), 6);
  });

  it('keeps the last weights where told to', async () => {
    const { best, folder } = await run({ learningRate: 0.3, epochs: 6, schedule: 'constant', warmup: 0, keep: 'last' });
    const judged = (await linesIn(folder)).flatMap(({ dev }) => (dev ? [dev.loss] : []));
    expect(judged.at(-1)).toBeGreaterThan(Math.min(...judged));
    expect(best).toMatchObject({ score: -judged.at(-1)!, epoch: 6 });
  });

  it('stops when the held-out loss no longer falls, where told to', async () => {
    const { ended, best } = await run({ learningRate: 0.5, epochs: 30, schedule: 'constant', warmup: 0, patience: 2 });
    expect(ended).toBe('stopped early');
    expect(best!.epoch).toBeLessThan(30);
  });

  it.each([1, 2, 3])('in micro-batches of %i rows is that of whole batches', async (microRows) => {
    const [whole, parts] = [await run({ options: { rank: 4, dropout: 0 } }), await run({ options: { rank: 4, dropout: 0 }, microRows })];
    const [a, b] = [await linesIn(whole.folder), await linesIn(parts.folder)];
    for (const [i, { loss, gradientNorm }] of a.entries()) {
      expect(Math.abs(b[i]!.loss - loss)).toBeLessThan(1e-5);
      expect(Math.abs(b[i]!.gradientNorm / gradientNorm - 1)).toBeLessThan(1e-4);
    }
    expect(Math.abs(b[0]!.loss - a[0]!.loss)).toBeLessThan(1e-6);
  });

  it('with blocks computed again, dropout and balance included, has the same losses', async () => {
    const options = { experts: 4, rank: 2, dropout: 0.2 };
    const [kept, again] = [await run({ method: 'loramoe', options }), await run({ method: 'loramoe', options, recomputed: 2 })];
    const [a, b] = [await linesIn(kept.folder), await linesIn(again.folder)];
    for (const [i, { loss, balance }] of a.entries()) {
      expect(Math.abs(b[i]!.loss - loss)).toBeLessThan(1e-6);
      expect(Math.abs(b[i]!.balance! - balance!)).toBeLessThan(1e-6);
    }
  });

  it.each(['f32', 'int8'] as const)('has kernels copy no float weights, and pack whole numbers: %s', async (weights) => {
    using compile = vi.spyOn(engine, 'compile');
    await run({ weights, epochs: 1 });
    const steps = compile.mock.calls.map(([{ name }, , options]) => [name, options?.prepack]);
    expect(steps).toEqual([['held-out', weights === 'int8'], ['lora/step', weights === 'int8']]); // biome-ignore format: short
  });

  it('balances by what a token counts for its sample, and by the divisor that it is told', async () => {
    const texts = (count: number, length: number): TokenText[] =>
      Array.from({ length: count }, (_, n) => {
        const ids = Array.from({ length }, (_, i) => (5 * n + i * (1 + (n % 3))) % vocab());
        return { id: `text ${n}`, kind: n % 2, ids, answer: ids.map((_, i) => i >= length / 2) };
      });
    const first = async (balance: RecipeInput['balance'], own: readonly TokenText[], length = 32) => {
      const made = await run({ method: 'loramoe', options: { experts: 4, rank: 2, dropout: 0 }, epochs: 1, length, balance: balance! }, { texts: own });
      const lines = await linesIn(made.folder);
      expect(lines).toHaveLength(countSteps(own, made.recipe));
      return { balance: lines[0]!.balance!, steps: lines.length };
    };
    const eight = texts(8, 16); // two a row, one step
    const usual = await first({}, eight);
    expect(usual.steps).toBe(1);
    const values = 8 * 4; // samples × experts
    expect((await first({ variance: 'population' }, eight)).balance / usual.balance).toBeCloseTo((values - 1) / values, 4);
    // Of one length: the dispersion as printed grows with it where tokens add up, and the other does not.
    const printed = await first({ form: 'variance/mean' }, eight);
    expect((await first({ form: 'variance/mean', membership: 'sum' }, eight)).balance / printed.balance).toBeCloseTo(16, 3);
    expect((await first({ membership: 'sum' }, eight)).balance / usual.balance).toBeCloseTo(1, 4);
    // A text a row: where rows have no padding it is the sum, and else it is not.
    const full = texts(4, 64);
    expect((await first({ membership: 'padded' }, full, 64)).balance / (await first({ membership: 'sum' }, full, 64)).balance).toBeCloseTo(1, 4);
    const padded = await first({ membership: 'padded' }, eight, 64);
    expect(padded.steps).toBe(2); // eight rows
    const four = texts(4, 16);
    const apart = [await first({ membership: 'padded' }, four, 64), await first({ membership: 'sum' }, four, 64)].map(({ balance }) => balance);
    expect(Math.abs(apart[0]! / apart[1]! - 1)).toBeGreaterThan(0.01);
  });

  const places = placesText(Array.from({ length: 40 }, (_, i) => 3 * i));
  it.each([
    ['loramoe', { method: 'loramoe', options: { dropout: 0.1 } }],
    ['loramoe, rows one after another', { method: 'loramoe', options: { dropout: 0.1 }, microRows: 1, recomputed: 1 }],
    ['fisher-masked', { method: 'fisher-masked', options: { entries: { 'blocks.0.mlp.up': places, 'blocks.1.attn.k': places } } }],
    ['full', { method: 'full', options: {}, learningRate: 0.005 }],
  ] as const)('goes on after it was cancelled, bit for bit as if it never was: %s', async (_, given) => {
    const whole = await run(given);
    const stop = new AbortController();
    const first = await run(given, { signal: stop.signal, onProgress: ({ step }) => step === 4 && stop.abort() });
    expect(first).toMatchObject({ ended: 'cancelled', step: 4 });
    expect(first.values.size).toBe(first.best ? whole.values.size : 0);
    const second = await run(given, { folder: first.folder });
    expect(second.ended).toBe('finished');
    expect(await textIn(second.folder)).toBe(await textIn(whole.folder));
    expect(second.values).toEqual(whole.values);
  });

  it('ends at a loss that is no number, names the samples, and keeps the checkpoint before', async () => {
    const ill = vocab() - 1;
    const rows = (name: string, values: Float32Array): Float32Array => {
      const width = values.length / vocab();
      return name === 'embed.word.weight' ? values.map((value, i) => (Math.floor(i / width) === ill ? Number.NaN : value)) : values;
    };
    // A table of its own for the head: of the rows looked up, one is ill.
    const spoilt: CausalSource = await folderSource(work, 'gpt-neox');
    const clean = (n: number, id: string): TokenText => ({
      id,
      kind: 0,
      ids: Array.from({ length: 20 }, (_, i) => (n + i) % ill),
      answer: Array.from({ length: 20 }, (_, i) => i > 9),
    });
    const texts = [
      ...Array.from({ length: 11 }, (_, n) => clean(n, `sound ${n}`)),
      { ...clean(3, 'the ill one'), ids: Array.from({ length: 20 }, (_, i) => (i === 5 ? ill : i)) },
    ];
    const folder = join(work, 'diverged');
    const own = { base: await tinyBase(spoilt, rows), engine, recipe: recipe({ rows: 1, length: 20, seed: 2, weights: 'f32' }) };
    await using judge = await openHeldOut({ ...own, texts: [clean(1, 'held out')] });
    const training = trainAdapter({
      ...own,
      texts,
      judge,
      folder,
      checkpointSteps: 1,
    });
    await expect(training).rejects.toThrow(DivergedError);
    await expect(training).rejects.toThrow(/expected a finite loss, got NaN at step \d+ \(epoch 1, samples the ill one\); the weights of step \d+ are kept/);
    const kept = (await readCheckpoint(join(folder, 'checkpoints')))!;
    expect(kept.step).toBe((await linesIn(folder)).length);
    expect(kept.step).toBeGreaterThan(0);
    for (const { data } of Object.values(kept.tensors)) expect((data as Float32Array).every(Number.isFinite)).toBe(true);
  });

  it('ends where gradients overflow, though the loss is a number', async () => {
    await expect(run({ options: { rank: 4, alpha: 1e38 } })).rejects.toThrow(/expected a finite gradient, got \S+ at step 1 \(epoch 1, samples text/);
  });

  it('refuses to judge by nothing', async () => {
    await expect(openHeldOut({ base, engine, recipe: recipe(), texts: [] })).rejects.toThrow(/expected held-out texts/);
  });
});

const shapeOf = (name: string, { method }: ReturnType<typeof recipe>): readonly number[] => {
  const { config, build } = source.member;
  const { parameters } = method.apply([build(causalInputs(config)).logits]);
  return parameters.find((node) => nameOf(node) === name)!.shape as readonly number[];
};
