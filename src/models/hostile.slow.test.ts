import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LyceumError } from '../core/index.ts';
import { type GgufFile, type GgufTensor, openSafetensors, writeSafetensors } from '../formats/index.ts';
import { mutate } from '../formats/testing/hostile.ts';
import { bertConfig, causalMember, causalSource, ggufForm } from './index.ts';
import { fixtureFolder } from './testing/fixture-folder.ts';
import { jsonValues, metadataValues, spoil } from './testing/spoil.ts';

const many = 10_000;
const longestMs = 250;
const memoryBytes = 64 * 2 ** 20;
const families = ['llama', 'llama3', 'mistral', 'qwen2', 'qwen3', 'gpt-neox', 'gpt2', 'gemma3'];

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lyceum-hostile-'));
  for (const name of families) await fixtureFolder(join(home, name), name);
});
afterAll(() => rm(home, { recursive: true }));

const configOf = async (name: string): Promise<object> => JSON.parse(await readFile(join(home, name, 'config.json'), 'utf8'));

/** Every seed's model is opened or refused: at once, within memory, and in a sentence that says what was expected, what came and what to do. Answers how many were opened. */
const hold = async (open: (seed: number) => unknown): Promise<number> => {
  const before = process.memoryUsage();
  let opened = 0;
  for (let seed = 0; seed < many; seed++) {
    const start = process.cpuUsage(); // of this process: what else runs on the machine does not count
    try {
      await open(seed);
      opened++;
    } catch (error) {
      if (!(error instanceof LyceumError)) throw new Error(`seed ${seed}`, { cause: error });
      if (!/^[^:].*: expected .+, got .+; .+$/s.test(error.message) || error.message.length > 2500 || /internal:/.test(error.message))
        expect.fail(`seed ${seed}: ${error.message}`);
    }
    const { user, system } = process.cpuUsage(start);
    if (user + system > longestMs * 1000) expect.fail(`seed ${seed}: took ${(user + system) / 1000} ms`);
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    if (arrayBuffers - before.arrayBuffers > memoryBytes) expect.fail(`seed ${seed}: buffers grew to ${arrayBuffers} bytes`);
    if (heapUsed - before.heapUsed > 4 * memoryBytes) expect.fail(`seed ${seed}: the heap grew to ${heapUsed} bytes`);
  }
  return opened;
};

it(`${many} damaged config.json of every family are a model of the weights beside them, or refused`, async () => {
  const configs = await Promise.all(families.map(configOf));
  const opened = await hold(async (seed) => {
    const name = families[seed % families.length]!;
    const json = spoil(configs[seed % families.length]!, jsonValues, seed);
    causalMember(json, 'config.json');
    await writeFile(join(home, name, 'config.json'), JSON.stringify(json));
    (await causalSource({ kind: 'folder', folder: join(home, name) })).hubConfig();
  });
  for (const [i, name] of families.entries()) await writeFile(join(home, name, 'config.json'), JSON.stringify(configs[i]));
  expect(opened).toBeGreaterThan(many / 50);
  expect(opened).toBeLessThan(many / 2);
});

it(`${many} damaged config.json of encoders are read, or refused`, async () => {
  const { metadata } = await openSafetensors(join(import.meta.dirname, 'fixtures/bert-tiny.safetensors'));
  const config = JSON.parse(metadata['config']!) as object;
  const opened = await hold((seed) => bertConfig(spoil(config, jsonValues, seed)));
  expect(opened).toBeGreaterThan(many / 50);
  expect(opened).toBeLessThan(many / 2);
});

it(`${many} damaged keys and tables of tensors of GGUF files are a model, or refused`, async () => {
  // A Gemma 3 as published: others have no GGUF.
  const {
    layer_types: _,
    rope_parameters: __,
    ...gemma
  } = (await configOf('gemma3')) as { layer_types?: unknown; rope_parameters?: unknown; head_dim: number };
  const published = { ...gemma, query_pre_attn_scalar: gemma.head_dim, rope_theta: 1e6, rope_local_base_freq: 1e4, sliding_window_pattern: 2 };
  await writeFile(join(home, 'gemma3', 'config.json'), JSON.stringify(published));
  const heads = await Promise.all(
    ['llama', 'llama3', 'qwen2', 'qwen3', 'gemma3'].map(async (name) => {
      const { metadata, tensors } = ggufForm(await causalSource({ kind: 'folder', folder: join(home, name) }), 'here');
      const keys = Object.fromEntries([...metadata].map(([key, { value }]) => [key, value]));
      const table = tensors.map(({ name, shape }): [string, GgufTensor] => [
        name,
        { name, type: 'F32', shape, offset: 0, sizeBytes: shape.length === 1 ? 4 * shape[0]! : 0 },
      ]);
      return { keys: { ...keys, 'tokenizer.ggml.tokens': ['a', 'b'] }, table: Object.fromEntries(table) };
    }),
  );
  // Factors of rotary embeddings are read from the file: as they should be, and as they should not.
  const path = join(home, 'factors');
  const opened = await hold(async (seed) => {
    const { keys, table } = heads[seed % heads.length]!;
    if (table['rope_freqs.weight'])
      await writeFile(
        path,
        Float32Array.of(1, 1, 8, 8, 8, 8, 8, 8).fill([8, 0, Number.NaN, -1, Number.POSITIVE_INFINITY, 1e-40][seed % 6]!, 3, seed % 7 === 0 ? 3 : 4),
      );
    const metadata = new Map(Object.entries(spoil(keys, metadataValues, seed))) as unknown as GgufFile['metadata'];
    const tensors = new Map(Object.entries(table));
    if (seed % 4 === 0) {
      const [name, info] = [...tensors][seed % tensors.size]!;
      tensors.delete(name);
      if (seed % 8 === 0) tensors.set(name, { ...info, shape: [2 ** 40] });
    }
    return causalSource({ kind: 'gguf', gguf: { path, version: 3, sizeBytes: 0, metadata, tensors } });
  });
  expect(opened).toBeGreaterThan(many / 50);
  expect(opened).toBeLessThan(many / 2);
});

it.skipIf(process.platform === 'win32')(`${many} damaged indices of weights in shards give the model, or are refused`, async () => {
  const folder = await fixtureFolder(join(home, 'sharded'), 'llama');
  const whole = await openSafetensors(join(folder, 'model.safetensors'));
  const index: Record<string, string> = {};
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  for (const [odd, shard] of shards.entries()) {
    const names = [...whole.tensors.keys()].filter((_, i) => i % 2 === odd);
    const tensors = await Promise.all(names.map(async (name) => [name, await whole.read(name)] as const));
    await writeSafetensors(join(folder, shard), Object.fromEntries(tensors));
    for (const name of names) index[name] = shard;
  }
  await rm(join(folder, 'model.safetensors'));
  // What an index may lead to: nothing, folders, pipes that nobody writes into, links in a circle, files cut short, huge ones, the same tensors again.
  await mkdir(join(folder, 'folder.safetensors'));
  execFileSync('mkfifo', [join(folder, 'pipe.safetensors')]);
  await symlink('circle.safetensors', join(folder, 'circle.safetensors'));
  await symlink('/dev/zero', join(folder, 'zero.safetensors'));
  await writeFile(join(folder, 'short.safetensors'), (await readFile(join(folder, shards[0]))).subarray(0, 100));
  await writeFile(join(folder, 'huge.safetensors'), Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127));
  await truncate(join(folder, 'huge.safetensors'), 2 ** 40);
  await symlink(shards[0], join(folder, 'again.safetensors'));
  const places = ['folder', 'pipe', 'circle', 'zero', 'short', 'huge', 'again', 'none', '../llama/model', '/dev/zero', `${'x'.repeat(400)}`];
  const values = [...places.map((name) => `${name}.safetensors`), '..', './model.safetensors', ...jsonValues];
  const json = join(folder, 'model.safetensors.index.json');
  const good = { metadata: { total_size: 1 }, weight_map: index };
  const text = new TextEncoder().encode(JSON.stringify(good));
  const open = () => causalSource({ kind: 'folder', folder });
  await writeFile(json, text);
  await open();
  const opened = await hold(async (seed) => {
    const bytes = seed % 4 === 0 ? text.subarray(0, Math.imul(seed, 7919) % text.length) : mutate(text, seed);
    await writeFile(json, seed % 2 === 0 ? bytes : JSON.stringify(spoil(good, values, seed)));
    await open();
  });
  expect(opened).toBeGreaterThan(many / 50);
  expect(opened).toBeLessThan(many / 2);
});
