import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/index.ts';
import { causalSource } from '../../models/index.ts';
import { CancelledError } from '../../runtime/index.ts';
import { showModel } from '../models/show-model.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { measureWeights } from './measure-weights.ts';
import { type MeasuredWeights, perplexityText, readMeasured } from './measured-weights.ts';
import { openLanguageModel } from './open-language-model.ts';
import { perplexityOf } from './perplexity.ts';
import { autoChoice, chooseWeights } from './weights.ts';

const own = ownHome();
let folder: string;
beforeAll(async () => {
  folder = await writeTinyModel(join(own.path, 'tiny'));
});

const figures = (perplexity: readonly [number, number, number], decode: readonly [number, number, number], read = [10, 30, 20]): MeasuredWeights => {
  const mode = (i: 0 | 1 | 2) => ({ perplexity: perplexity[i], decodePerSecond: decode[i], readPerSecond: read[i]! });
  const rest = { format: 1 as const, code: '', text: '', sha256: '', tokens: 1, threads: 1, measuredAt: '' };
  return { ...rest, modes: { f32: mode(0), int8: mode(1), int4: mode(2) } };
};

describe('auto', () => {
  it.each([
    ['the fastest', figures([20, 20.1, 20.1], [5, 10, 8]), { weights: 'int8', longPrompts: 'int8' }],
    ['whole numbers where they are as fast', figures([20, 20.1, 20.1], [5, 9.6, 10]), { weights: 'int8', longPrompts: 'int8' }],
    ['none that loses more than 1 %', figures([20, 20.21, 20.21], [5, 10, 11]), { weights: 'f32' }],
    ['the fastest of those that lose less', figures([20, 20.21, 20.19], [5, 12, 11]), { weights: 'int4' }],
    ['float32 where it is fastest', figures([20, 20, 20], [9, 8, 7]), { weights: 'f32' }],
    ['whole numbers for long prompts, where they read faster', figures([20, 20, 20], [5, 7, 9]), { weights: 'int4', longPrompts: 'int8' }],
    ['not where they read slower', figures([20, 20, 20], [5, 7, 9], [10, 15, 20]), { weights: 'int4' }],
  ] as const)('takes, by what was measured, %s', async (_, measured, wanted) => {
    const source = await causalSource({ kind: 'folder', folder });
    expect(autoChoice(source, measured)).toEqual(wanted);
    expect(chooseWeights(source, 'int8', measured)).toEqual({ weights: 'int8', longPrompts: 'int8' });
  });
});

describe('perplexity', () => {
  it('is e to the mean surprise, over windows that fit the context', async () => {
    const windows: [number, number][] = [];
    const encode = (text: string) => (text === '' ? [7] : [7, ...Array.from(text, (_, i) => i)].slice(1));
    const score = async (tokens: readonly number[], from: number) => {
      windows.push([tokens.length, from]);
      return new Float64Array(tokens.length - from).fill(-2);
    };
    expect(await perplexityOf('x'.repeat(20), { encode, bos: 7 }, 9, score)).toEqual({ perplexity: Math.exp(2), tokens: 20 });
    expect(windows).toEqual([
      [9, 1],
      [9, 1],
      [5, 1],
    ]);
    windows.length = 0;
    expect((await perplexityOf('x'.repeat(20), { encode: (text) => (text === '' ? [] : encode(text)), bos: undefined }, 9, score)).tokens).toBe(17);
    await expect(perplexityOf('', { encode: () => [], bos: undefined }, 9, score)).rejects.toThrow(ConfigError);
  });

  it('of a model is the chain of its own probabilities', async () => {
    await using model = await openLanguageModel(folder, { threads: 1, weights: 'f32' });
    const text = 'The ferry leaves the harbour.';
    const { logprob, tokenIds } = await model.logprobs('', text);
    expect(await model.perplexity(text)).toEqual({ perplexity: expect.closeTo(Math.exp(-logprob / tokenIds.length), 4), tokens: text.length - 1 });
  });
});

describe('measureWeights', () => {
  it('measures every mode once, keeps it for models show and auto, and forgets it with the file', async () => {
    const before = await showModel(folder);
    expect(before.modes).toMatchObject({ auto: { weights: 'f32' }, measured: null });
    const [parameters, head] = [before.parameters, 264 * 32];
    const rest = { how: 'inPlace', tensors: 5, sizeBytes: 4 * 5 * 32 }; // norms
    expect(before.modes!.held.f32).toEqual([{ how: 'inPlace', tensors: 20, sizeBytes: 4 * parameters }]);
    // The table of words stays beside the head that is made of it.
    const blocks = parameters - head - 5 * 32;
    expect(before.modes!.held.int4).toEqual([
      { ...rest, tensors: 6, sizeBytes: rest.sizeBytes + 4 * head },
      { how: 'rounded', tensors: 15, sizeBytes: blocks / 2 + (4 * blocks) / 32 + head + (4 * head) / 32 },
    ]);
    const steps: number[] = [];
    const measured = await measureWeights({ kind: 'folder', path: folder, name: 'tiny' }, before.sha256, {
      threads: 1,
      device: 'cpu',
      onProgress: (done, total) => void steps.push(done / total),
    });
    expect(steps.at(-1)).toBe(1);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    const { measured: shown, auto } = (await showModel(folder)).modes!;
    expect(shown).toEqual(measured);
    await using model = await openLanguageModel(folder, { threads: 1, weights: 'f32' });
    const text = await perplexityText();
    expect(measured.modes.f32.perplexity).toBeCloseTo((await model.perplexity(text)).perplexity, 2);
    expect(measured.tokens).toBe((await model.perplexity(text)).tokens);
    expect(measured.modes.int4.perplexity).not.toBe(measured.modes.f32.perplexity);
    for (const { readPerSecond, decodePerSecond } of Object.values(measured.modes)) expect(Math.min(readPerSecond, decodePerSecond)).toBeGreaterThan(0);
    await using chosen = await openLanguageModel(folder, { threads: 1 });
    expect(chosen.info.weights).toBe(auto.weights);

    const files = [join(folder, 'model.safetensors')];
    expect(await readMeasured(files)).toEqual(measured);
    expect(await readMeasured(files, 'webgpu')).toBeUndefined();
    const kept = join(process.env['LYCEUM_HOME']!, 'measured');
    const [name] = await readdir(kept);
    const own = await readFile(join(kept, name!), 'utf8');
    for (const damaged of [own.slice(0, 40), own.replace('"code": "', '"code": "another '), own.replace(/"perplexity": [\d.]+/, '"perplexity": -1')]) {
      await writeFile(join(kept, name!), damaged);
      expect(await readMeasured(files)).toBeUndefined();
    }
    await writeFile(join(kept, name!), own);
    expect(await readMeasured(files)).toEqual(measured);
    await utimes(files[0]!, new Date(), new Date(Date.now() + 5000));
    expect(await readMeasured(files)).toBeUndefined();
  });

  it('stops when told to, and keeps nothing', async () => {
    const other = await writeTinyModel(join(folder, '..', 'other'));
    const abort = new AbortController();
    const measuring = measureWeights({ kind: 'folder', path: other, name: 'other' }, '', {
      threads: 1,
      device: 'cpu',
      signal: abort.signal,
      onProgress: (done) => done === 1 && abort.abort(new CancelledError('enough')),
    });
    await expect(measuring).rejects.toThrow('enough');
    expect(await readMeasured([join(other, 'model.safetensors')])).toBeUndefined();
  });
});
