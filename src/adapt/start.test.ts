import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptPlaces } from './against-forgetting.ts';
import type { TokenPair, TokenText } from './data/index.ts';
import { openAdapted, saveAdapter } from './files/index.ts';
import { logitsOfIds } from './files/testing/sources.ts';
import { firstValues, type Start } from './first-values.ts';
import { adapt } from './method.ts';
import { fisherEntries } from './methods/index.ts';
import { type RecipeInput, recipeOf } from './recipe.ts';
import { tinyTexts } from './testing/tiny-base.ts';
import { tinyTraining } from './testing/tiny-training.ts';
import { openHeldOut, planStep, type TrainAdapterOptions, trainAdapter } from './train-adapter.ts';

const { base, engine, source, work } = await tinyTraining();

const vocab = (): number => source.member.config.vocab;
const optionsOf: Readonly<Record<string, RecipeInput['options']>> = {
  lora: { rank: 4, dropout: 0 },
  dora: { rank: 4, dropout: 0 },
  loramoe: { dropout: 0 },
  mixlora: { dropout: 0 },
  hydralora: { dropout: 0 },
  prompt: { tokens: 3 },
  'instance-prompt': { tokens: 3, inner: 4 },
  'fisher-masked': {
    entries: fisherEntries(new Map([0, 1].map((block) => [`blocks.${block}.mlp.up.weight`, Float32Array.from({ length: 64 }, (_, i) => i)])), 0.5),
  },
};
const recipe = (given: RecipeInput) =>
  recipeOf(
    { weights: 'f32', length: 32, rows: 4, epochs: 2, learningRate: 0.02, recomputed: 0, options: optionsOf[given.method!] ?? {}, ...given },
    { exactBytes: false, model: source.member.config },
  );
let runs = 0;
const run = async (given: RecipeInput, more: Partial<TrainAdapterOptions> = {}) => {
  const folder = more.folder ?? join(work, `run ${runs++}`);
  const own = { base, engine, recipe: recipe(given), start: more.start! };
  await using judge = await openHeldOut({ ...own, texts: tinyTexts(20, vocab()).slice(16), pairs: (more.pairs ?? []).slice(0, 2) });
  const { parameters } = await planStep(base, own.recipe);
  const before = await judge.given(await firstValues(base, own.recipe, parameters, more.start));
  const trained = await trainAdapter({ ...own, texts: tinyTexts(16, vocab()), judge, ...more, folder });
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8');
  return { ...trained, before, folder, text, lines: text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, number>) }; // biome-ignore format: short
};
/** Texts that the others do not look like. */
const general = (count: number, keep = false): TokenText[] =>
  Array.from({ length: count }, (_, n) => {
    const ids = Array.from({ length: 10 }, (_, i) => (7 * n + 11 * i * i) % vocab());
    return { id: `general ${n}`, kind: -1, ids, answer: ids.map((_, i) => i > 0), ...(keep && { keep }) };
  });
const farthest = (a: Start, b: Start): number =>
  Math.max(...[...a].map(([name, values]) => values.reduce((most, value, i) => Math.max(most, Math.abs(value - b.get(name)![i]!)), 0)));

describe('a training that starts from what an earlier one ended with', () => {
  it.each(['lora', 'dora', 'loramoe', 'mixlora', 'hydralora', 'ia3', 'prompt', 'instance-prompt', 'full', 'fisher-masked'])(
    'of %s begins there: its first loss, what it holds, keeps and, with steps of nearly nothing, where it ends',
    async (method) => {
      const learningRate = method === 'full' ? 0.005 : 0.02;
      const first = await run({ method, learningRate });
      // As it is read back from its folder.
      const folder = join(work, `adapter of ${method}`);
      await saveAdapter(folder, {
        method: recipe({ method }).method,
        values: first.values,
        source,
        base: { name: base.name, sha256: base.sha256 },
        training: {},
      });
      const { values: start } = await openAdapted(folder, source, { baseSha256: () => Promise.resolve(base.sha256) });
      expect(farthest(start, first.values)).toBeLessThan(1e-6);
      const kept = general(4, true);
      const second = await run(
        { method, epochs: 1, learningRate: 1e-9, against: { ewc: { strength: 10, samples: 3 }, kl: {} } },
        { start, texts: [...tinyTexts(16, vocab()), ...kept], general: general(4) },
      );
      expect(second.before.loss).toBeCloseTo(-first.best!.score, 5);
      expect(second.lines[0]!['ewc']).toBe(0);
      expect(Math.abs(second.lines[0]!['kept']!)).toBeLessThan(1e-5);
      expect(farthest(second.values, start)).toBeLessThan(1e-7);
      // What is kept is not what the base says: that is another figure.
      const [said] = [...(await keptPlaces(base, engine, recipe({ method }), kept.slice(0, 1), start)).values()];
      const before = Array.from({ length: recipe({ method }).method.virtualTokens ?? 0 }, (_, i) => vocab() + i);
      const { data } = await logitsOfIds(
        source,
        [...before, ...kept[0]!.ids],
        (program) => adapt(program, recipe({ method }).method).program,
        start,
        kept[0]!.ids.slice(0, 1),
      );
      const logits = Array.from(data.slice(before.length * vocab(), (before.length + 1) * vocab()), Number);
      const all = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
      expect(said!.logProbs[0]).toBeCloseTo(Math.max(...logits) - all, 4);
      const [ofBase] = [...(await keptPlaces(base, engine, recipe({ method }), kept.slice(0, 1))).values()];
      expect(Math.abs(ofBase!.logProbs[0]! - said!.logProbs[0]!)).toBeGreaterThan(1e-4);
    },
  );

  it('measures what matters there, virtual tokens before the texts', async () => {
    const against = { ewc: { strength: 1000, samples: 4 } };
    const { values: start } = await run({ method: 'prompt' });
    const [held, free] = [
      await run({ method: 'prompt', against }, { start, general: general(4) }),
      await run({ method: 'prompt', against: { ewc: { strength: 1e-6, samples: 4 } } }, { start, general: general(4) }),
    ];
    expect(Math.max(...free.lines.map(({ ewc }) => ewc!))).toBeGreaterThan(0);
    expect(farthest(held.values, start)).toBeLessThan(farthest(free.values, start));
  });

  it('takes pairs from where the model is then', async () => {
    const pairs = Array.from({ length: 6 }, (_, n): TokenPair => {
      const answered = (side: 'chosen' | 'rejected', by: number): TokenText => {
        const ids = [n, n + 1, n + 2, ...[1, 2, 3].map((i) => (n + 2 + vocab() + by * i) % vocab())];
        return { id: `pair ${n}`, kind: 0, ids, answer: ids.map((_, i) => i > 2), side };
      };
      return { chosen: answered('chosen', 1), rejected: answered('rejected', -1) };
    });
    const { values: start } = await run({ method: 'lora' });
    const second = await run({ method: 'lora' }, { start, texts: [], pairs });
    expect(second.before.loss).toBeCloseTo(Math.LN2, 5);
    expect(second.lines[0]!['loss']).toBeCloseTo(Math.LN2, 5);
  });

  it('goes on after it was cancelled, bit for bit', async () => {
    const { values: start } = await run({ method: 'loramoe' });
    const given: RecipeInput = { method: 'loramoe', options: { dropout: 0.1 }, against: { ewc: { strength: 10, samples: 3 }, kl: {} } };
    const more = { start, texts: [...tinyTexts(16, vocab()), ...general(4, true)], general: general(4) };
    const whole = await run(given, more);
    const stop = new AbortController();
    const first = await run(given, { ...more, signal: stop.signal, onProgress: ({ step }) => step === 3 && stop.abort() });
    expect(first).toMatchObject({ ended: 'cancelled', step: 3 });
    const second = await run(given, { ...more, folder: first.folder });
    expect(second.text).toBe(whole.text);
    expect(second.values).toEqual(whole.values);
  });

  it('refuses what is of another shape or method', async () => {
    const { values } = await run({ method: 'lora' });
    const from = async (given: RecipeInput, start: Start) => {
      const wanted = recipe(given);
      return firstValues(base, wanted, (await planStep(base, wanted)).parameters, start);
    };
    await expect(from({ method: 'lora', options: { rank: 2 } }, values)).rejects.toThrow(/expected blocks\.\S+ \[2, \d+\] to start from, got \d+ values; /);
    await expect(from({ method: 'ia3' }, values)).rejects.toThrow(/to start from, got none; start from a run of the same method and options/);
    await expect(from({ method: 'lora' }, new Map([...values, ['more', new Float32Array(1)]]))).rejects.toThrow(/expected \d+ parameters to start from/);
  });
});
