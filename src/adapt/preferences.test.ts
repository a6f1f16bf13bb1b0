import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packedFeeds, type TokenPair, type TokenText } from './data/index.ts';
import { logitsOfIds } from './files/testing/sources.ts';
import { firstValues } from './first-values.ts';
import { referencePairs, withPairs } from './preferences.ts';
import { type RecipeInput, recipeOf } from './recipe.ts';
import { tinyTexts } from './testing/tiny-base.ts';
import { tinyTraining } from './testing/tiny-training.ts';
import { openHeldOut, planStep, type TrainAdapterOptions, trainAdapter } from './train-adapter.ts';

const { base, engine, source, work } = await tinyTraining();

const vocab = (): number => source.member.config.vocab;
/** Prompts with two answers: the chosen one counts up, the rejected one, a token longer, down. */
const pairsOf = (count: number): TokenPair[] =>
  Array.from({ length: count }, (_, n) => {
    const prompt = Array.from({ length: 3 + (n % 3) }, (_, i) => (5 * n + 7 * i) % vocab());
    const answered = (side: 'chosen' | 'rejected', answer: readonly number[]): TokenText => ({
      id: `pair ${n}`,
      kind: n % 2,
      ids: [...prompt, ...answer.map((id) => (id + vocab()) % vocab())],
      answer: [...prompt.map(() => false), ...answer.map(() => true)],
      side,
    });
    const last = prompt.at(-1)!;
    return { chosen: answered('chosen', [last + 1, last + 2, last + 3]), rejected: answered('rejected', [last - 1, last - 2, last - 3, last - 4]) };
  });

const recipe = (given: RecipeInput = {}) =>
  recipeOf(
    { method: 'lora', weights: 'f32', length: 48, rows: 4, epochs: 4, learningRate: 0.02, recomputed: 0, options: { rank: 4, dropout: 0 }, ...given },
    { exactBytes: false, model: source.member.config },
  );
let runs = 0;
const run = async (given: RecipeInput = {}, more: Partial<TrainAdapterOptions> = {}) => {
  const folder = join(work, `run ${runs++}`);
  const pairs = pairsOf(32);
  await using judge = await openHeldOut({ base, engine, recipe: recipe(given), texts: [], pairs: pairs.slice(24) });
  const options = { base, engine, recipe: recipe(given), texts: [], pairs: pairs.slice(0, 24), judge, folder, ...more };
  const trained = await trainAdapter(options);
  const text = await readFile(join(options.folder, 'metrics.jsonl'), 'utf8');
  const lines = text.trim().split('\n').map((line) => JSON.parse(line) as Record<'loss' | 'accuracy' | 'margin', number> & { dev?: { loss: number; right: number } }); // biome-ignore format: short
  return { ...options, ...trained, text, lines };
};

/** Sum of the log-probabilities of an answer by the evaluator, the text alone. */
const inTheory = async ({ ids, answer }: TokenText): Promise<number> => {
  const { data } = await logitsOfIds(source, [...ids], (program) => program, new Map());
  return ids.reduce((sum, id, t) => {
    if (!answer[t]) return sum;
    const logits = Array.from(data.slice((t - 1) * vocab(), t * vocab()), Number);
    return sum + logits[id]! - Math.log(logits.reduce((all, logit) => all + Math.exp(logit), 0));
  }, 0);
};

describe('pairs of answers', () => {
  it('have the log-probabilities of each answer alone, however they are packed', async () => {
    const pairs = pairsOf(7);
    const found = await referencePairs(base, engine, recipe(), pairs);
    for (const { chosen, rejected } of pairs) {
      const [better, worse] = found.get(chosen.id)!;
      expect(better).toBeCloseTo(await inTheory(chosen), 3);
      expect(worse).toBeCloseTo(await inTheory(rejected), 3);
    }
    await expect(referencePairs(base, engine, recipe(), [pairs[0]!, pairs[0]!])).rejects.toThrow(/got pair 0 twice/);
  });

  it('are no labels: their places count by pair, weights of pairs add up to 1 over a step, and other texts keep their share', () => {
    const [one, two] = pairsOf(2).map(({ chosen, rejected }) => [chosen, rejected]);
    const other = tinyTexts(1, vocab())[0]!;
    const rows = [[...one!, other], [...two!]];
    const parts = withPairs(packedFeeds(rows, { microRows: 1 }), [[rows[0]!], [rows[1]!]], new Map([['pair 1', [-3, -4]]]));
    expect(parts.map((part) => Array.from(part['pairWeights']!.data, Number))).toEqual([[0.5], [0.5]]);
    expect(parts.map((part) => Array.from(part['reference']!.data, Number))).toEqual([
      [0, 0],
      [-3, -4],
    ]);
    const labels = other.answer.filter(Boolean).length;
    const belongs = Array.from(parts[0]!['sampleOf']!.data as BigInt64Array, Number);
    expect(belongs.slice(0, 7 + labels)).toEqual([0, 0, 0, 1, 1, 1, 1, ...Array(labels).fill(-1)]);
    const counted = Array.from(parts[0]!.weights.data, Number);
    expect(counted.slice(0, 7)).toEqual(Array(7).fill(0));
    expect(counted.reduce((a, b) => a + b, 0)).toBeCloseTo(labels / (labels + 14), 6);
  });

  it.each(['lora', 'loramoe', 'full'])('begin at ln 2, and %s learns which is the better one', async (method) => {
    const options = method === 'lora' ? { rank: 4, dropout: 0 } : {};
    const { lines, best } = await run({ method, options, learningRate: method === 'full' ? 0.005 : 0.02, balance: null });
    expect(lines[0]!.loss).toBeCloseTo(Math.LN2, 4);
    expect(Math.abs(lines[0]!.margin)).toBeLessThan(1e-3);
    const judged = lines.flatMap(({ dev }) => dev ?? []);
    expect(-best!.score).toBeLessThan(0.6);
    expect(judged.at(-1)!.right).toBeGreaterThan(0.8);
    expect(lines.at(-1)!.margin).toBeGreaterThan(0.5);
  });

  it('cost in micro-batches, and with general texts beside them, what they cost in whole batches', async () => {
    const texts = tinyTexts(6, vocab());
    const [whole, parts] = [await run({}, { texts }), await run({ microRows: 1 }, { texts })];
    for (const [i, { loss, margin }] of whole.lines.entries()) {
      expect(Math.abs(parts.lines[i]!.loss - loss)).toBeLessThan(1e-4);
      expect(Math.abs(parts.lines[i]!.margin - margin)).toBeLessThan(1e-4);
    }
    expect(Math.max(...whole.lines.map(({ loss }) => loss))).toBeGreaterThan(Math.LN2 + 0.1); // labels cost besides
  });

  it('that may be the wrong way round never cost less than the entropy of that', async () => {
    const [sure, smooth] = [await run({ epochs: 12 }), await run({ epochs: 12, preferences: { labelSmoothing: 0.3 } })];
    expect(-sure.best!.score).toBeLessThan(0.4);
    // The least that a smoothed pair can cost is the entropy of the smoothing.
    const entropy = -(0.3 * Math.log(0.3) + 0.7 * Math.log(0.7));
    for (const { dev } of smooth.lines) if (dev) expect(dev.loss).toBeGreaterThan(entropy - 1e-6);
  });

  it('go on after they were cancelled, bit for bit', async () => {
    const whole = await run();
    const stop = new AbortController();
    const first = await run({}, { signal: stop.signal, onProgress: ({ step }) => step === 3 && stop.abort() });
    expect(first).toMatchObject({ ended: 'cancelled', step: 3 });
    const second = await run({}, { folder: first.folder });
    expect(second.text).toBe(whole.text);
    expect(second.values).toEqual(whole.values);
  });

  it('are judged by themselves where there are any', async () => {
    await using judge = await openHeldOut({ base, engine, recipe: recipe(), texts: tinyTexts(2, vocab()), pairs: pairsOf(3) });
    const { parameters } = await planStep(base, recipe(), true);
    const { loss } = await judge.given(await firstValues(base, recipe(), parameters));
    expect(loss).toBeCloseTo(Math.LN2, 5);
  });
});
