import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parameter } from '../core/index.ts';
import { openSafetensors, readAsFloat32 } from '../formats/index.ts';
import { keptPlaces, withKept } from './against-forgetting.ts';
import { packedFeeds, type TokenText } from './data/index.ts';
import { openAdapted, saveAdapter } from './files/index.ts';
import { logitsOfIds } from './files/testing/sources.ts';
import { adapt, type Method } from './method.ts';
import { type RecipeInput, recipeOf } from './recipe.ts';
import { tinyTexts } from './testing/tiny-base.ts';
import { tinyTraining } from './testing/tiny-training.ts';
import { openHeldOut, type TrainAdapterOptions, trainAdapter } from './train-adapter.ts';

const { base, engine, source, work } = await tinyTraining();

const vocab = (): number => source.member.config.vocab;
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
      options: given.options ?? { rank: 4, dropout: 0 },
    },
    { exactBytes: false, model: source.member.config },
  );
let runs = 0;
const run = async (given: RecipeInput, more: Partial<TrainAdapterOptions> = {}) => {
  const folder = more.folder ?? join(work, `run ${runs++}`);
  const own = recipe(given);
  await using judge = await openHeldOut({ base, engine, recipe: own, texts: tinyTexts(20, vocab()).slice(16) });
  const trained = await trainAdapter({ base, engine, recipe: own, texts: tinyTexts(16, vocab()), judge, ...more, folder });
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8');
  return { ...trained, folder, method: own.method, text, lines: text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, number>) }; // biome-ignore format: short
};

/** Texts that the others do not look like. */
const general = (count: number, keep = false): TokenText[] =>
  Array.from({ length: count }, (_, n) => {
    const ids = Array.from({ length: 10 }, (_, i) => (7 * n + 11 * i * i) % vocab());
    return { id: `general ${n}`, kind: -1, ids, answer: ids.map((_, i) => i > 0), ...(keep && { keep }) };
  });

/** Mean KL(model as it was ‖ adapted) of the next token in texts, by the evaluator. */
const divergence = async (texts: readonly TokenText[], method: Method, own: ReadonlyMap<string, Float32Array>): Promise<number> => {
  let [sum, count] = [0, 0];
  for (const { ids } of texts) {
    const [before, after] = [
      await logitsOfIds(source, ids, (program) => program, new Map()),
      await logitsOfIds(source, ids, (program) => adapt(program, method).program, own),
    ];
    for (let t = 0; t < ids.length - 1; t++) {
      const [p, q] = [before, after].map(({ data }) => logProbs(Array.from(data.slice(t * vocab(), (t + 1) * vocab()), Number))) as [number[], number[]];
      sum += p.reduce((total, one, i) => total + Math.exp(one) * (one - q[i]!), 0);
      count++;
    }
  }
  return sum / count;
};
const logProbs = (logits: readonly number[]): number[] => {
  const all = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return logits.map((logit) => logit - all);
};

describe('texts that are kept', () => {
  it('are told by the likeliest tokens of the model as it was', async () => {
    const texts = general(2, true);
    const places = await keptPlaces(base, engine, recipe(), texts);
    for (const { id, ids } of texts) {
      const { data } = await logitsOfIds(source, ids, (program) => program, new Map());
      const { tokens, logProbs: said } = places.get(id)!;
      const count = tokens.length / (ids.length - 1);
      for (let t = 0; t < ids.length - 1; t++) {
        const wanted = logProbs(Array.from(data.slice(t * vocab(), (t + 1) * vocab()), Number));
        const order = [...wanted.keys()].sort((a, b) => wanted[b]! - wanted[a]!);
        for (let k = 0; k < count; k++) expect(said[t * count + k]).toBeCloseTo(wanted[order[k]!]!, 4);
        expect(Number(tokens[t * count])).toBe(order[0]);
      }
    }
  });

  it('are no labels: weights of the others add up to 1 over the parts of a step, and so do their own', async () => {
    const [learnt, kept] = [tinyTexts(3, vocab()), general(2, true)];
    const rows = [[learnt[0]!, kept[0]!], [learnt[1]!], [kept[1]!, learnt[2]!]];
    const places = await keptPlaces(base, engine, recipe(), kept);
    const count = places.get('general 0')!.tokens.length / 9;
    const parts = withKept(packedFeeds(rows, { microRows: 2 }), [rows.slice(0, 2), rows.slice(2)], places, count);
    const sum = (name: string): number => parts.reduce((total, part) => total + Array.from(part[name]!.data, Number).reduce((a, b) => a + b, 0), 0);
    expect(sum('weights')).toBeCloseTo(1, 5);
    expect(sum('keptWeights')).toBeCloseTo(1, 5);
    // A kept place is where a label of its text would be: the text's ids stand there.
    const [first] = parts;
    const seq = first!.ids.shape[1]!;
    expect(Array.from(first!['keptRows']!.data as BigInt64Array).slice(0, 9)).toEqual(Array.from({ length: 9 }, (_, i) => BigInt(learnt[0]!.ids.length + i)));
    expect(seq).toBeGreaterThanOrEqual(32);
  });

  it('begin without any divergence and stay nearer to it than where nothing holds them', async () => {
    const kept = general(6, true);
    const texts = [...tinyTexts(16, vocab()), ...kept];
    const against = (strength: number) => ({ against: { kl: { strength } } });
    const [held, free] = [await run(against(3), { texts }), await run(against(1e-6), { texts })];
    expect(Math.abs(held.lines[0]!['kept']!)).toBeLessThan(1e-5);
    expect(Math.max(...free.lines.map(({ kept }) => kept!))).toBeGreaterThan(0.01);
    const [near, far] = [await divergence(kept, held.method, held.values), await divergence(kept, free.method, free.values)];
    expect(near).toBeLessThan(far / 2);
    expect(held.lines.at(-1)!['loss']).toBeLessThan(held.lines[0]!['loss']!);
  });

  it('in micro-batches are those of whole batches', async () => {
    const texts = [...tinyTexts(12, vocab()), ...general(4, true)];
    const [whole, parts] = [await run({ against: { kl: {} } }, { texts }), await run({ against: { kl: {} }, microRows: 1 }, { texts })];
    for (const [i, { loss, kept }] of whole.lines.entries()) {
      expect(Math.abs(parts.lines[i]!['loss']! - loss!)).toBeLessThan(1e-5);
      expect(Math.abs(parts.lines[i]!['kept']! - kept!)).toBeLessThan(1e-5);
    }
  });

  it('are kept by a run that goes on after it was cancelled, bit for bit', async () => {
    const given: RecipeInput = { against: { kl: { strength: 1 } } };
    const texts = [...tinyTexts(16, vocab()), ...general(4, true)];
    const whole = await run(given, { texts });
    const stop = new AbortController();
    const first = await run(given, { texts, signal: stop.signal, onProgress: ({ step }) => step === 3 && stop.abort() });
    expect(first).toMatchObject({ ended: 'cancelled', step: 3 });
    const second = await run(given, { texts, folder: first.folder });
    expect(second.text).toBe(whole.text);
    expect(second.values).toEqual(whole.values);
  });

  it('are refused where the recipe keeps none', async () => {
    await expect(run({}, { texts: [...tinyTexts(4, vocab()), ...general(1, true)] })).rejects.toThrow(/expected texts that are learnt, got 1 that are kept/);
  });
});

describe('elastic weight consolidation', () => {
  /** ½ Σ F (θ − θ*)² of what was trained. */
  const moved = async (folder: string, values: ReadonlyMap<string, Float32Array>, method: Method): Promise<number> => {
    const file = await openSafetensors(join(folder, 'fisher.safetensors'));
    let sum = 0;
    for (const [name, now] of values) {
      const { data: fisher } = await readAsFloat32(file, name);
      const node = parameter(name, file.tensors.get(name)!.shape);
      const start = await method.start(node, 1, source.values);
      for (let i = 0; i < now.length; i++) sum += 0.5 * fisher[i]! * (now[i]! - start[i]!) ** 2;
    }
    return sum;
  };

  it.each(['lora', 'full'])('holds what matters to general texts where it began, with %s', async (method) => {
    const given = { method, options: method === 'full' ? {} : { rank: 4, dropout: 0 }, learningRate: method === 'full' ? 0.005 : 0.02 };
    const against = (strength: number) => ({ ...given, against: { ewc: { strength, samples: 5 } } });
    const [held, free] = [await run(against(300), { general: general(8) }), await run(against(1e-6), { general: general(8) })];
    expect(held.lines[0]!['ewc']).toBe(0);
    const [near, far] = [await moved(held.folder, held.values, held.method), await moved(free.folder, free.values, free.method)];
    expect(far).toBeGreaterThan(0);
    expect(near).toBeLessThan(far / 2);
  });

  it('goes on after it was cancelled, bit for bit', async () => {
    const given: RecipeInput = { against: { ewc: { strength: 10, samples: 3 }, kl: { strength: 1 } } };
    const texts = [...tinyTexts(16, vocab()), ...general(4, true)];
    const whole = await run(given, { texts, general: general(4) });
    const stop = new AbortController();
    const first = await run(given, { texts, general: general(4), signal: stop.signal, onProgress: ({ step }) => step === 3 && stop.abort() });
    expect(first).toMatchObject({ ended: 'cancelled', step: 3 });
    const second = await run(given, { texts, general: general(4), folder: first.folder });
    expect(second.text).toBe(whole.text);
    expect(second.values).toEqual(whole.values);
  });

  it('needs general texts', async () => {
    await expect(run({ against: { ewc: {} } })).rejects.toThrow(/expected at least one sample to estimate the Fisher information from/);
  });
});

describe('training of chosen blocks', () => {
  it('changes no other, with experts in their groups, and the adapter opens as it was', async () => {
    const { values, method, lines } = await run({ method: 'loramoe', options: { experts: 2, rank: 2 }, against: { localised: { blocks: [1] } } });
    expect([...values.keys()].every((name) => name.startsWith('blocks.1.'))).toBe(true);
    expect(lines[0]!['balance']).toBeDefined();
    const folder = join(work, 'adapter of a block');
    await saveAdapter(folder, { method, values, source, base: { name: base.name, sha256: base.sha256 }, training: {} });
    const opened = await openAdapted(folder, source, { baseSha256: () => Promise.resolve(base.sha256) });
    expect(opened.values).toEqual(values);
    expect(opened.method).toMatchObject({ kind: 'localised', options: method.options });
  });

  it('refuses blocks that the model has not', () => {
    expect(() => recipe({ against: { localised: { blocks: [0, 9] } } })).toThrow(/expected blocks from 0 to 1, got 9/);
  });
});
