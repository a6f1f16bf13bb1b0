import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { everyMethod, logitsOfIds, randomValues } from '../adapt/files/testing/sources.ts';
import { adapt, type Method, methodOf, saveAdapter } from '../adapt/index.ts';
import { ConfigError, FormatError, NotFoundError, UnsupportedError } from '../core/index.ts';
import { type CausalSource, causalSource, openCausalFiles } from '../models/index.ts';
import { exportAdapter } from './export-adapter.ts';
import { openLanguageModel } from './language-model/index.ts';
import { resolveModel } from './models/resolve-model.ts';
import { weightsSha256 } from './models/show-model.ts';
import { ownHome } from './testing/own-home.ts';
import { writeTinyAdapter } from './testing/tiny-adapter.ts';
import { tinyConfig, writeTinyModel } from './testing/tiny-language-model.ts';

const own = ownHome();
const at = (name: string): string => join(own.path, name);
let [model, sha256] = ['', ''];
let source: CausalSource;
beforeAll(async () => {
  model = await writeTinyModel(at('tiny'));
  source = await causalSource(await openCausalFiles('folder', model));
  sha256 = await weightsSha256(await resolveModel(model));
});

let made = 0;
const save = async (method: Method) => {
  const [folder, values] = [at(`adapter-${made++}`), await randomValues(source, method)];
  await saveAdapter(folder, { method, values, source, base: { name: 'tiny', sha256 }, training: {} });
  return { folder, values };
};
const ids = [...Buffer.from('The quick brown fox')];

/** Logits of all tokens after those that stand before every text, by the file alone. */
const onnxLogits = async (folder: string): Promise<Float32Array> => {
  const { virtualTokens = 0, askedTokens } = JSON.parse(await readFile(join(folder, 'interface.json'), 'utf8'));
  const session = await ort.InferenceSession.create(join(folder, 'model.onnx'));
  const { num_hidden_layers: layers, num_key_value_heads: kvHeads, vocab_size: vocab, hidden_size: hidden, num_attention_heads: heads } = tinyConfig;
  const all = [...Array.from({ length: virtualTokens }, (_, i) => vocab + i), ...ids];
  const int64 = (shape: number[], values: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);
  const empty = new ort.Tensor('float32', new Float32Array(), [1, kvHeads, 0, hidden / heads]);
  const { logits } = await session.run({
    ids: int64([1, all.length], all),
    positions: int64([1, all.length], [...all.keys()]),
    rows: int64([ids.length], [...ids.keys()].map((i) => virtualTokens + i)), // biome-ignore format: one line
    ...(askedTokens !== undefined && { asked: int64([1, Math.min(askedTokens, ids.length)], ids.slice(0, askedTokens)) }),
    'past.mask': new ort.Tensor('bool', new Uint8Array(), [1, 0]),
    ...Object.fromEntries(Array.from({ length: layers }, (_, layer) => ['keys', 'values'].map((kind) => [`past.${kind}.${layer}`, empty])).flat()),
  });
  await session.release();
  return logits!.data as Float32Array;
};

/** What the trained graph makes of the same tokens. */
const trainedLogits = async (method: Method, values: ReadonlyMap<string, Float32Array>): Promise<Float64Array> => {
  const { virtualTokens: virtual = 0, askedTokens } = method;
  const all = [...Array.from({ length: virtual }, (_, i) => tinyConfig.vocab_size + i), ...ids];
  const { data } = await logitsOfIds(source, all, (program) => adapt(program, method).program, values, ids.slice(0, askedTokens));
  return Float64Array.from(data).slice(virtual * tinyConfig.vocab_size);
};
const expectNear = (found: Float32Array, wanted: Float64Array, what: string): void => {
  expect(found).toHaveLength(wanted.length);
  const most = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (const [i, value] of found.entries()) expect(Math.abs(value - wanted[i]!) / most, what).toBeLessThan(1e-4);
};

const logprobs = async (model: string, adapter?: string): Promise<number[]> => {
  await using opened = await openLanguageModel(model, { threads: 1, weights: 'f32', ...(adapter !== undefined && { adapter }) });
  return [...(await opened.logprobs('The ', 'quick brown\n  fox')).tokenLogprobs];
};
const expectSame = (found: readonly number[], wanted: readonly number[], what: string): void => {
  expect(found).toHaveLength(wanted.length);
  for (const [i, logprob] of found.entries()) expect(Math.abs(logprob - wanted[i]!), what).toBeLessThan(1e-4 * Math.max(1, Math.abs(wanted[i]!)));
};

describe('exportAdapter', () => {
  it('writes ONNX of every method that computes without Lyceum what was trained', async () => {
    for (const method of everyMethod(source)) {
      const { folder, values } = await save(method);
      const exported = await exportAdapter(folder, { format: 'onnx', out: `${folder}-onnx`, model });
      expect(exported).toMatchObject({ format: 'onnx', method: method.kind, model: { to: 'onnx', type: 'f32' } });
      expectNear(await onnxLogits(exported.output), await trainedLogits(method, values), method.kind);
    }
  }, 120_000);

  it('writes the model with the adapter in its weights, as GGUF and for Hugging Face, or says why no weights can hold it', async () => {
    for (const method of everyMethod(source)) {
      const { folder } = await save(method);
      const outputs = [
        [{ format: 'gguf', out: `${folder}.gguf` }, 'gguf'],
        [{ format: 'merged-safetensors', out: `${folder}-merged` }, 'huggingface'],
      ] as const;
      for (const [options, to] of outputs) {
        const exporting = exportAdapter(folder, { ...options, model });
        if (!method.merge) {
          await expect(exporting).rejects.toThrow(UnsupportedError);
          await expect(exporting).rejects.toThrow(method.unmergeable);
          continue;
        }
        expect(await exporting).toMatchObject({ model: { to, type: 'f32', lossless: true } });
        expectSame(await logprobs(options.out), await logprobs(model, folder), `${method.kind} ${to}`);
      }
    }
  }, 120_000);

  it('writes what PEFT reads, and says where it will not', async () => {
    const notes: string[] = [];
    const onNote = (note: string) => void notes.push(note);
    const { folder } = await save(methodOf('lora', { rank: 2, targets: 'attn' }));
    expect(await exportAdapter(folder, { format: 'peft', out: at('peft'), onNote })).toMatchObject({ method: 'lora', output: at('peft') });
    expect((await readdir(at('peft'))).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    // By shapes alone it goes on the model as it did.
    expectSame(await logprobs(model, at('peft')), await logprobs(model, folder), 'peft');
    expect(notes).toEqual([]);
    await exportAdapter((await save(methodOf('loramoe'))).folder, { format: 'peft', out: at('routed'), onNote });
    expect(notes).toEqual([expect.stringMatching(/refuses peft_type LYCEUM_LORAMOE/)]);
    await expect(exportAdapter(folder, { format: 'peft', out: at('peft') })).rejects.toThrow(/adapt export: expected nothing at/);
    await exportAdapter(folder, { format: 'peft', out: at('peft'), force: true });
  });

  it('takes an adapter that PEFT wrote, with its model named', async () => {
    const speaker = await writeTinyAdapter(at('speaker'));
    await expect(exportAdapter(speaker, { format: 'gguf', out: at('speaker.gguf') })).rejects.toThrow(/expected --model beside an adapter that PEFT wrote/);
    await exportAdapter(speaker, { format: 'gguf', out: at('speaker.gguf'), model });
    expectSame(await logprobs(at('speaker.gguf')), await logprobs(model, speaker), 'speaker');
  });

  it('refuses what is damaged, unknown or of another model, and leaves nothing', async () => {
    const { folder } = await save(methodOf('lora', { rank: 2 }));
    const other = await writeTinyModel(at('other'), { vocab: 300 });
    const before = await readdir(own.path);
    const refused = async (options: Parameters<typeof exportAdapter>[1], kind: new (message: string) => Error, message: RegExp, from = folder) => {
      await expect(exportAdapter(from, options)).rejects.toThrow(kind);
      await expect(exportAdapter(from, options)).rejects.toThrow(message);
    };
    const out = at('never');
    await refused({ format: 'tar' as never, out }, ConfigError, /a format of peft, gguf, merged-safetensors, onnx, got tar/);
    await refused({ format: 'onnx', out, model: other }, ConfigError, /expected the model it was trained on, tiny/);
    await refused({ format: 'onnx', out }, NotFoundError, /or name the model that the adapter was trained on with --model/);
    await refused({ format: 'peft', out, type: 'f16' }, ConfigError, /no --type/);
    await refused({ format: 'peft', out }, NotFoundError, /give the folder of an adapter/, at('nowhere'));
    const weights = join(folder, 'adapter_model.safetensors');
    const bytes = await readFile(weights);
    await writeFile(weights, bytes.with(-5, bytes.at(-5)! ^ 1));
    await refused({ format: 'peft', out }, FormatError, /damaged or changed/);
    await refused({ format: 'gguf', out, model }, FormatError, /damaged or changed/);
    expect(await readdir(own.path)).toEqual(before);
  });
});
