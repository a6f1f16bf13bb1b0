// Frozen means frozen: a run of any method changes what is its own, and not a byte of the weights beneath.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dtype, input, mean, nameOf, square, type Tensor } from '../../core/index.ts';
import { openSafetensors, writeSafetensors } from '../../formats/index.ts';
import { type Binding, type Engine, openEngine, type TensorData, tensorOf } from '../../runtime/index.ts';
import { defaultAdamW, readCheckpoint, train } from '../../train/index.ts';
import { baseNames, methodCases, prepared } from '../testing/method-cases.ts';
import { tinyModel, tinyModelNames } from '../testing/tiny-models.ts';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'lyceum-frozen-'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const sha256 = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
const dtypes: Readonly<Record<string, Dtype>> = { ids: 'int64', positions: 'int64', asked: 'int64', mask: 'bool' };
const feed = ([name, { shape, data }]: [string, Tensor]): [string, TensorData] => [name, tensorOf(dtypes[name] ?? 'float32', shape, data)];

/** Bindings of the weights to a file of them. */
const inFile = async (path: string, weights: ReadonlyMap<string, Tensor>): Promise<Map<string, Binding>> => {
  await writeSafetensors(path, new Map([...weights].map(([name, { shape, data }]) => [name, { dtype: 'float32', shape, data: Float32Array.from(data) }])));
  const { tensors } = await openSafetensors(path);
  return new Map([...tensors].map(([name, { shape, offset }]) => [name, { kind: 'frozen', file: path, offset, dtype: 'float32', shape }]));
};

describe.each(tinyModelNames)('three steps on %s', (modelName) => {
  it.each(Object.keys(methodCases))('%s', async (name) => {
    const model = await tinyModel(modelName);
    const method = methodCases[name]!.make(model);
    if (method.untrainable) return;
    const { feeds, start } = await prepared(method, model);
    const { roots, parameters } = method.apply([model.root], { key: input('key', [1], 'uint32') });
    const file = join(folder, `${modelName} ${name}.safetensors`);
    const weights = await inFile(file, model.weights);
    const before = await sha256(file);
    const at = join(folder, `${modelName} ${name}`);
    const ended = await train({
      engine,
      folder: at,
      name,
      objective: { loss: mean(square(roots[0]!), [0, 1, 2]), metrics: {} },
      groups: [{ name: 'all', parameters, learningRate: 0.01, weightDecay: 0 }],
      adamw: defaultAdamW,
      schedule: { kind: 'linear', warmup: 0 },
      frozen: new Map(baseNames(roots[0]!, start).map((key) => [key, weights.get(key)!])),
      initial: async () => Object.fromEntries([...start].map(feed)),
      epochs: 1,
      seed: 3,
      batches: () => [[0], [1], [2]],
      feeds: () => [Object.fromEntries([...feeds].map(feed))],
    });
    expect(ended).toMatchObject({ ended: 'finished', step: 3 });
    expect(await sha256(file)).toBe(before);
    const { tensors } = (await readCheckpoint(join(at, 'checkpoints')))!;
    const own = parameters.map(nameOf);
    expect(Object.keys(tensors).sort()).toEqual(own.flatMap((key) => [key, `m:${key}`, `v:${key}`]).sort());
    for (const key of own) expect([...(tensors[key]!.data as Float32Array)], key).not.toEqual([...Float32Array.from(start.get(key)!.data)]);
  });
});
