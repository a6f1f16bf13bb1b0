import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameOf, type Tensor, tensor } from '../core/index.ts';
import { openSafetensors, readAsFloat32, writeGguf } from '../formats/index.ts';
import { inTheory } from '../nn/edits/testing/tiny-bert.ts';
import { causalInputs } from '../nn/index.ts';
import { putBack } from './arrange.ts';
import {
  arrange,
  type CausalSource,
  causalMember,
  causalSource,
  ggufForm,
  hubTensors,
  type LlamaConfig,
  mergedSource,
  openAdapter,
  openCausalFiles,
} from './index.ts';
import { causalFixture, relativeDifference } from './testing/causal-fixture.ts';
import { adapterFixture, fixtureFolder } from './testing/fixture-folder.ts';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'lyceum-forms-'));
});
afterAll(() => rm(work, { recursive: true }));

const open = async (name: string): Promise<CausalSource> => causalSource({ kind: 'folder', folder: await fixtureFolder(join(work, name), name) });

/** Writes a source as a GGUF file of float32, and opens that. */
const throughGguf = async (name: string, source: CausalSource): Promise<CausalSource> => {
  const { metadata, tensors } = ggufForm(source, name);
  const path = join(work, `${name}.gguf`);
  const make = (read: () => Promise<Float32Array>) => async () => new Uint8Array((await read()).buffer);
  await writeGguf(
    path,
    metadata,
    tensors.map(({ name, shape, read }) => ({ name, shape, type: 'F32' as const, make: make(read) })),
  );
  return causalSource(await openCausalFiles('gguf', path));
};

const logitsOf = async (source: CausalSource, name: string): Promise<Tensor> => {
  const { ids, mask, positions } = await causalFixture(name);
  const given = new Map<string, Tensor>([
    ['ids', ids],
    ['mask', mask],
    ['positions', positions],
  ]);
  for (const node of source.parameters) given.set(nameOf(node), tensor(node.shape as number[], await source.values(nameOf(node))));
  return inTheory({ logits: source.member.build(causalInputs(source.member.config)).logits }, given)['logits']!;
};

describe('a model as Hugging Face has it', () => {
  it.each(['llama', 'llama3', 'mistral', 'qwen2', 'qwen3', 'gpt-neox', 'gpt-neox-sequential', 'gpt2', 'gemma3'])(
    'is what its folder holds: %s',
    async (name) => {
      const source = await open(name);
      const file = await openSafetensors(join(work, name, 'model.safetensors'));
      const weights = [...file.tensors.keys()].filter((key) => !/^(input|expected|gradient)\./.test(key));
      const tensors = hubTensors(source);
      // The fixtures of that family have the name that the head has in memory; published files have another.
      const inFile = (key: string) => (key === 'embed_out.weight' ? 'lm_head.weight' : key);
      expect(tensors.map((one) => inFile(one.name)).sort()).toEqual(weights.sort());
      for (const { name: key, shape, read } of tensors) {
        const stored = await readAsFloat32(file, inFile(key));
        expect([key, shape]).toEqual([key, stored.shape]);
        expect(Buffer.from((await read()).buffer).equals(Buffer.from(stored.data.buffer, stored.data.byteOffset, stored.data.byteLength)), key).toBe(true);
      }
    },
  );
});

describe('a model as GGUF has it', () => {
  it.each(['llama', 'llama3', 'qwen2', 'qwen3'])('computes the same, and goes back to what it was: %s', async (name) => {
    const source = await open(name);
    const again = await throughGguf(name, source);
    const { mask, expected } = await causalFixture(name);
    expect(relativeDifference(await logitsOf(again, name), await expected('logits'), mask)).toBeLessThan(1e-5);
    const back = new Map(hubTensors(again).map(({ name: key, read }) => [key, read]));
    for (const { name: key, read } of hubTensors(source)) expect(await back.get(key)!()).toEqual(await read());
    if (name === 'llama3') return expect(() => again.hubConfig()).toThrow(/no word for them/);
    const config = causalMember(again.hubConfig()).config as LlamaConfig;
    expect({ ...config, epsilon: Math.fround(config.epsilon) }).toEqual({
      ...source.member.config,
      epsilon: Math.fround((source.member.config as LlamaConfig).epsilon),
    });
    return undefined;
  });

  it('refuses what it cannot say', async () => {
    await expect(open('gpt2').then((source) => ggufForm(source, 'it'))).rejects.toThrow(/got gpt2; GGUF files of others are not written/);
    await expect(open('mistral').then((source) => ggufForm(source, 'it'))).rejects.toThrow(/window of 3 tokens/);
    await expect(open('gemma3').then((source) => ggufForm(source, 'it'))).rejects.toThrow(/Gemma 3 as published/);
  });

  it('knows the factors of Llama 3 by their numbers', async () => {
    const source = await open('llama3');
    const config: LlamaConfig = { ...(source.member.config as LlamaConfig), ropeScaling: { kind: 'llama3', factor: 8, low: 1, high: 4, positions: 8192 } };
    const again = await throughGguf('llama31', { ...source, member: { ...source.member, config } });
    expect(again.hubConfig()).toMatchObject({
      model_type: 'llama',
      attention_bias: true,
      rope_scaling: { rope_type: 'llama3', factor: 8, original_max_position_embeddings: 8192 },
    });
  });
});

it('an adapter merged into a model of another order of rows gives the logits that it gives beside the model', async () => {
  const source = await throughGguf('merged', await open('llama'));
  expect((source.member.config as LlamaConfig).rope).toBe('interleaved');
  const merged = mergedSource(source, await openAdapter(adapterFixture('llama'), source));
  const { data, shape } = await (await openSafetensors(join(adapterFixture('llama'), 'expected.safetensors'))).read('logits');
  const { mask } = await causalFixture('llama');
  expect(relativeDifference(await logitsOf(merged, 'llama'), tensor(shape, Array.from(data as Float32Array)), mask)).toBeLessThan(1e-5);
  expect(merged.stored('blocks.0.attn.q.weight')).toBe('F32');
});

it('putBack undoes arrange', () => {
  const whole = Float32Array.from({ length: 24 }, (_, i) => i);
  const parts = [0, 1, 2].map((index) => ({ stored: [12, 2], view: [2, 3, 2, 2], take: { axis: 1, index }, order: [2, 0, 1] }));
  const again = new Float32Array(24).fill(-1);
  for (const how of parts) putBack(arrange(whole, how), how, again);
  expect(again).toEqual(whole);
  expect(() => putBack(new Float32Array(3), parts[0]!, again)).toThrow(/expected 8 values of 24/);
});
