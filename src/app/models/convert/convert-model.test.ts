import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, NotFoundError, UnsupportedError } from '../../../core/index.ts';
import { openGguf, openSafetensors } from '../../../formats/index.ts';
import { openLanguageModel } from '../../language-model/index.ts';
import { ownHome } from '../../testing/own-home.ts';
import { writeTinyAdapter } from '../../testing/tiny-adapter.ts';
import { tinyConfig, writeTinyModel } from '../../testing/tiny-language-model.ts';
import { convertModel } from './convert-model.ts';
import type { OnnxInterface } from './to-onnx.ts';

const own = ownHome();
let work: string;
let [tiny, adapter] = ['', ''];
beforeAll(async () => {
  work = own.path;
  tiny = await writeTinyModel(join(work, 'tiny'));
  adapter = await writeTinyAdapter(join(work, 'adapter'));
});
const at = (name: string): string => join(work, name);

/** What a model makes of a text and of a conversation, in float32. */
const answers = async (model: string, options: { adapter?: string } = {}) => {
  await using opened = await openLanguageModel(model, { threads: 1, weights: 'f32', ...options });
  const { tokenLogprobs, tokenIds } = await opened.logprobs('The ', 'Ω quick <|im_end|> brown\n  fox');
  const written = await opened.generate({ messages: [{ role: 'user', content: 'Hi' }], maxTokens: 12 });
  return { tokenLogprobs, tokenIds, written: written.tokenIds };
};
const expectSame = (found: Awaited<ReturnType<typeof answers>>, wanted: typeof found, digits = 4): void => {
  expect({ ...found, tokenLogprobs: [] }).toEqual({ ...wanted, tokenLogprobs: [] });
  for (const [i, logprob] of found.tokenLogprobs.entries()) expect(logprob).toBeCloseTo(wanted.tokenLogprobs[i]!, digits);
};

describe('convertModel', () => {
  it('goes from folder to GGUF and back, and nothing is lost on the way', async () => {
    const seen: string[] = [];
    const gguf = await convertModel(tiny, at('tiny.gguf'), { onProgress: (_, __, name) => void seen.push(name), onNote: () => expect.unreachable() });
    expect(gguf).toMatchObject({ to: 'gguf', type: 'f32', lossless: true });
    expect(seen).toContain('blk.1.ffn_down.weight');
    const folder = await convertModel(at('tiny.gguf'), at('back'));
    expect(folder).toMatchObject({ to: 'huggingface', type: 'f32', lossless: true });
    expect((await readdir(at('back'))).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const wanted = await answers(tiny);
    expectSame(await answers(at('tiny.gguf')), wanted);
    expectSame(await answers(at('back')), wanted);
    const [before, after] = [await openSafetensors(join(tiny, 'model.safetensors')), await openSafetensors(join(at('back'), 'model.safetensors'))];
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
    for (const name of before.tensors.keys()) expect(await after.read(name)).toEqual(await before.read(name));
  });

  it.each(['f16', 'bf16'] as const)('writes %s, says before what that loses, and keeps it from then on', async (type) => {
    const notes: string[] = [];
    const first = await convertModel(tiny, at(type), { type, onNote: (note) => void notes.push(note) });
    expect(first).toMatchObject({ type, lossless: false });
    expect(notes).toEqual([expect.stringMatching(`${type} does not hold every weight as tiny has it`)]);
    expect(JSON.parse(await readFile(join(at(type), 'config.json'), 'utf8'))).toMatchObject({
      model_type: 'llama',
      dtype: type === 'f16' ? 'float16' : 'bfloat16',
    });
    expect(await convertModel(at(type), at(`${type}-again`))).toMatchObject({ type, lossless: true });
    const [one, two] = await Promise.all([type, `${type}-again`].map((name) => readFile(join(at(name), 'model.safetensors'))));
    expect(one!.equals(two!)).toBe(true);
    expectSame(await answers(at(type)), await answers(at(`${type}-again`)));
  });

  it('writes blocks of eight bits', async () => {
    expect(await convertModel(tiny, at('q8.gguf'), { type: 'q8_0' })).toMatchObject({ lossless: false });
    const { tensors } = await openGguf(at('q8.gguf'));
    expect([tensors.get('blk.0.attn_q.weight')!.type, tensors.get('blk.0.attn_norm.weight')!.type]).toEqual(['Q8_0', 'F32']);
    const [found, wanted] = [await answers(at('q8.gguf')), await answers(tiny)];
    expect(found.tokenIds).toEqual(wanted.tokenIds);
    const total = (logprobs: readonly number[]): number => logprobs.reduce((a, b) => a + b, 0);
    expect(Math.abs(total(found.tokenLogprobs) / total(wanted.tokenLogprobs) - 1)).toBeLessThan(0.02);
  });

  it('merges an adapter into the weights', async () => {
    const wanted = await answers(tiny, { adapter });
    for (const output of [at('merged'), at('merged.gguf')]) {
      await convertModel(tiny, output, { adapter });
      expectSame(await answers(output), wanted);
    }
    // The rows of q and k lie in another order there.
    await convertModel(at('tiny.gguf'), at('merged-back'), { adapter });
    expectSame(await answers(at('merged-back')), wanted);
  });

  it.each(['f32', 'int8', 'int4'] as const)('writes ONNX that runs without us: %s', async (weights) => {
    const output = at(`onnx-${weights}`);
    const { interface: face, lossless } = await convertModel(tiny, output, { to: 'onnx', weights });
    expect(lossless).toBe(weights === 'f32');
    expect(JSON.parse(await readFile(join(output, 'interface.json'), 'utf8'))).toMatchObject({ format: 1, weights, ...(face as OnnxInterface) });
    const session = await ort.InferenceSession.create(join(output, 'model.onnx'));
    expect([...session.inputNames].sort()).toEqual(face!.inputs.map(({ name }) => name).sort());
    expect(session.outputNames).toEqual(face!.outputs.map(({ name }) => name));
    for (const { meaning } of [...face!.inputs, ...face!.outputs]) expect(meaning).not.toBe('');
    const ids = [...Buffer.from('The quick brown fox')];
    const { num_hidden_layers: layers, num_key_value_heads: kvHeads, vocab_size: vocab } = tinyConfig;
    const headDim = tinyConfig.hidden_size / tinyConfig.num_attention_heads;
    const int64 = (shape: number[], values: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);
    const run = async (from: number, to: number, past: Float32Array) => {
      const each = kvHeads * from * headDim;
      const cache = (k: number) => new ort.Tensor('float32', past.slice(k * each, (k + 1) * each), [1, kvHeads, from, headDim]);
      const feeds: Record<string, ort.Tensor> = {
        ids: int64([1, to - from], ids.slice(from, to)),
        positions: int64(
          [1, to - from],
          ids.slice(from, to).map((_, i) => from + i),
        ),
        rows: int64([1], [to - from - 1]),
        'past.mask': new ort.Tensor('bool', new Uint8Array(from).fill(1), [1, from]),
      };
      for (let layer = 0; layer < layers; layer++)
        Object.assign(feeds, { [`past.keys.${layer}`]: cache(layer), [`past.values.${layer}`]: cache(layers + layer) });
      const { logits, added } = await session.run(feeds);
      return { logits: logits!.data as Float32Array, added: added!.data as Float32Array };
    };
    const whole = await run(0, ids.length, new Float32Array());
    const first = await run(0, ids.length - 1, new Float32Array());
    const cached = await run(ids.length - 1, ids.length, first.added);
    expect(whole.logits).toHaveLength(vocab);
    const best = (scores: Float32Array): number => scores.indexOf(Math.max(...scores));
    await using model = await openLanguageModel(tiny, { threads: 1, weights });
    expect(best(whole.logits)).toBe((await model.generate({ prompt: ids, maxTokens: 1 })).tokenIds[0]);
    const most = Math.max(...whole.logits.map(Math.abs));
    for (const [i, score] of cached.logits.entries()) expect(Math.abs(score - whole.logits[i]!) / most).toBeLessThan(1e-5);
    await session.release();
  });

  it('replaces nothing unasked, and asked only a model', async () => {
    await convertModel(tiny, at('there'));
    await expect(convertModel(tiny, at('there'))).rejects.toThrow(/expected nothing at .+; give another place, or --force/);
    await convertModel(tiny, at('there'), { type: 'bf16', force: true });
    expect(JSON.parse(await readFile(join(at('there'), 'config.json'), 'utf8')).dtype).toBe('bfloat16');
    await mkdir(at('home-of-somebody'));
    await writeFile(join(at('home-of-somebody'), 'diary.txt'), 'dear diary');
    await expect(convertModel(tiny, at('home-of-somebody'), { force: true })).rejects.toThrow(/a folder with diary\.txt in it/);
    expect(await readFile(join(at('home-of-somebody'), 'diary.txt'), 'utf8')).toBe('dear diary');
  });

  it('leaves nothing where it is stopped or cannot go on', async () => {
    const before = await readdir(work);
    const abort = new AbortController();
    const onProgress = (done: number) => done === 3 && abort.abort(new Error('enough'));
    for (const to of ['huggingface', 'onnx', 'gguf'] as const)
      await expect(convertModel(tiny, at('stopped'), { to, signal: abort.signal, onProgress })).rejects.toThrow('enough');
    await expect(convertModel(tiny, join(work, 'no', 'such', 'place'))).rejects.toThrow(/nothing at this path/);
    expect(await readdir(work)).toEqual(before);
  });

  it('refuses what a format or an option cannot be', async () => {
    const refused = (options: object, kind: new (message: string) => Error, message: RegExp, model = tiny) =>
      Promise.all([
        expect(convertModel(model, at('never'), options)).rejects.toThrow(kind),
        expect(convertModel(model, at('never'), options)).rejects.toThrow(message),
      ]);
    await refused({ type: 'q8_0' }, ConfigError, /such blocks are for GGUF/);
    await refused({ to: 'onnx', type: 'f16' }, ConfigError, /no --type for ONNX/);
    await refused({ weights: 'int4' }, ConfigError, /--weights for ONNX only/);
    await refused({ to: 'pickle' }, ConfigError, /--to huggingface, onnx, gguf/);
    await refused({ type: 'q3' }, ConfigError, /--type f32, f16, bf16, q8_0/);
    await refused({ adapter: at('nowhere') }, NotFoundError, /folder of an adapter/);
    await refused({}, NotFoundError, /models list/, 'no-such-model');
    const other = await writeTinyModel(at('other'));
    const path = join(other, 'tokenizer.json');
    const tokenizer = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...tokenizer, pre_tokenizer: { ...tokenizer.pre_tokenizer, use_regex: false } }));
    await refused({ to: 'gguf' }, UnsupportedError, /for which GGUF has a name/, other);
    await expect(readdir(at('never'))).rejects.toThrow(/ENOENT/);
  });
});
