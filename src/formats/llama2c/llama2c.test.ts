import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LyceumError, NotFoundError } from '../../core/index.ts';
import { openLlama2c, readAsFloat32, requireFinite } from '../index.ts';
import { damage } from '../testing/gguf-files.ts';
import { llama2cSample, openLlama2cBytes, packLlama2c, packTokenizer, type Sizes, smallFloats, smallSizes } from '../testing/llama2c-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-llama2c-'));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (bytes: Uint8Array, name = 'model.bin'): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
};

describe('llama2.c checkpoints', () => {
  it('are a table of tensors by Hugging Face name, in the order of the file', async () => {
    const file = await openLlama2c(await write(packLlama2c(smallSizes, smallFloats)));
    expect(file.config).toEqual({ hidden: 8, ffn: 6, layers: 2, heads: 2, kvHeads: 1, headDim: 4, vocab: 5, seq: 3, tied: true });
    expect(file.ropePairs).toBe('interleaved');
    expect(file.tokenizer).toBeUndefined();
    const rows = [...file.tensors].map(([name, { shape, offset }]) => `${name} [${shape.join(', ')}] ${(offset - 28) / 4}`);
    expect(rows.join('\n')).toMatchInlineSnapshot(`
      "model.embed_tokens.weight [5, 8] 0
      model.layers.0.input_layernorm.weight [8] 40
      model.layers.1.input_layernorm.weight [8] 48
      model.layers.0.self_attn.q_proj.weight [8, 8] 56
      model.layers.1.self_attn.q_proj.weight [8, 8] 120
      model.layers.0.self_attn.k_proj.weight [4, 8] 184
      model.layers.1.self_attn.k_proj.weight [4, 8] 216
      model.layers.0.self_attn.v_proj.weight [4, 8] 248
      model.layers.1.self_attn.v_proj.weight [4, 8] 280
      model.layers.0.self_attn.o_proj.weight [8, 8] 312
      model.layers.1.self_attn.o_proj.weight [8, 8] 376
      model.layers.0.post_attention_layernorm.weight [8] 440
      model.layers.1.post_attention_layernorm.weight [8] 448
      model.layers.0.mlp.gate_proj.weight [6, 8] 456
      model.layers.1.mlp.gate_proj.weight [6, 8] 504
      model.layers.0.mlp.down_proj.weight [8, 6] 552
      model.layers.1.mlp.down_proj.weight [8, 6] 600
      model.layers.0.mlp.up_proj.weight [6, 8] 648
      model.layers.1.mlp.up_proj.weight [6, 8] 696
      model.norm.weight [8] 744
      freq_cis_real [3, 2] 752
      freq_cis_imag [3, 2] 758"
    `);
    let end = 28;
    for (const { offset, sizeBytes, dtype, shape } of file.tensors.values()) {
      expect([offset, sizeBytes, dtype]).toEqual([end, 4 * shape.reduce((a, b) => a * b, 1), 'float32']);
      end += sizeBytes;
    }
    expect(end).toBe(28 + 4 * smallFloats);
  });

  it('are read like any file of weights', async () => {
    const path = await write(packLlama2c(smallSizes, smallFloats));
    const file = await openLlama2c(path);
    const { data, shape } = await readAsFloat32(file, 'model.layers.1.self_attn.k_proj.weight');
    expect([shape, data[0], data[31]]).toEqual([[4, 8], 216, 247]);
    await requireFinite(file);
    await expect(file.read('lm_head.weight')).rejects.toThrow(NotFoundError);
    await truncate(path, 100);
    await expect(file.read('model.norm.weight')).rejects.toThrow(/the file became shorter/);
  });

  it('have an output layer of their own where the vocabulary is negative', async () => {
    const file = await openLlama2c(await write(packLlama2c({ ...smallSizes, vocab: -5 }, smallFloats + 40)));
    expect(file.config).toMatchObject({ vocab: 5, tied: false });
    expect(file.tensors.get('lm_head.weight')).toMatchObject({ shape: [5, 8], offset: 28 + 4 * smallFloats });
  });

  it('bring their tokenizer behind the weights, or in a file beside', async () => {
    const { tokenizer } = await openLlama2c(await write(llama2cSample().bytes));
    expect(tokenizer).toEqual({ pieces: ['<unk>', '<s>', '</s>', ' the', 'é'], scores: Float32Array.of(0, -1, -2, -3, -4), byteFallback: false });
    const beside = await write(packTokenizer(['<unk>', '<s>', '</s>', 'a', '']).bytes, 'tokenizer.bin');
    const model = await write(packLlama2c(smallSizes, smallFloats));
    expect((await openLlama2c(model, { tokenizer: beside })).tokenizer?.pieces.at(-2)).toBe('a');
    await expect(openLlama2c(await write(llama2cSample().bytes), { tokenizer: beside })).rejects.toThrow(/weights to end with the file/);
    await expect(openLlama2c(await write(packLlama2c(smallSizes, smallFloats)), { tokenizer: await write(new Uint8Array(0), 'none') })).rejects.toThrow(
      /empty/,
    );
  });

  it.each<[string, (byte: number) => string | Uint8Array]>([
    ['their names', (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`],
    ['themselves', (byte) => Uint8Array.of(byte)],
    ['characters', (byte) => String.fromCharCode(byte)],
  ])('spell the bytes one way when the exporter wrote %s', async (_, spell) => {
    const pieces = ['<unk>', '<s>', '</s>', ...Array.from({ length: 256 }, (_, byte) => spell(byte)), ' a'];
    const floats = smallFloats + (pieces.length - 5) * 8;
    const beside = await write(packTokenizer(pieces).bytes, 'tokenizer.bin');
    const { tokenizer } = await openLlama2c(await write(packLlama2c({ ...smallSizes, vocab: pieces.length }, floats)), { tokenizer: beside });
    expect(tokenizer!.byteFallback).toBe(true);
    expect([3, 13, 258, 259].map((id) => tokenizer!.pieces[id])).toEqual(['<0x00>', '<0x0A>', '<0xFF>', ' a']);
  });
});

describe('a hostile file is refused with a reason', () => {
  const sized = (sizes: Partial<Sizes>, floats = smallFloats): Uint8Array => packLlama2c({ ...smallSizes, ...sizes }, floats);
  const behind = (change: (view: DataView, at: number) => void): Uint8Array => {
    const { bytes } = llama2cSample();
    change(new DataView(bytes.buffer), 28 + 4 * smallFloats);
    return bytes;
  };
  it.each<[string, Uint8Array, RegExp]>([
    ['empty file', new Uint8Array(0), /at least 28 bytes, got 0/],
    ['half a header', new Uint8Array(20), /at least 28 bytes, got 20/],
    ['zeros', new Uint8Array(28), /hidden of 1 or more, got 0/],
    ['negative layers', sized({ layers: -1 }), /layers of 1 or more, got -1/],
    ['no vocabulary', sized({ vocab: 0 }), /vocab of 1 or more/],
    ['the least vocabulary', sized({ vocab: -(2 ** 31) }), /at most 2097152 pieces, got 2147483648/],
    ['two billion layers', sized({ layers: 2 ** 31 - 1 }), /at most 1024 layers/],
    ['heads that do not divide', sized({ heads: 3 }), /hidden to split into 3 heads/],
    ['heads of odd size', sized({ hidden: 6, heads: 2 }), /heads of even size, got 6/],
    ['key heads that do not divide', sized({ hidden: 12, heads: 3, kvHeads: 2 }), /share 2 key\/value heads evenly, got 3/],
    ['sizes beyond any file', sized({ hidden: 2 ** 30, ffn: 2 ** 31 - 1, layers: 1024 }), /bytes for hidden 1073741824/],
    ['a float too few', sized({}, smallFloats - 1), new RegExp(`${28 + 4 * smallFloats} bytes for hidden 8, ffn 6, 2 layers and 5 pieces, got`)],
    ['a versioned checkpoint', sized({ hidden: 0x616b3432 }), /export it with version 0/],
    ['a gigabyte of something behind', sized({}, smallFloats + 2000), /tokenizer: expected at most 5164 bytes for 5 pieces, got 8000/],
    ['a few bytes behind', sized({}, smallFloats + 2), /5 pieces in 44 bytes or more, got 8/],
    ['a longest piece of 0', behind((view, at) => view.setInt32(at, 0, true)), /longest piece of 1 to 1024 bytes, got 0/],
    ['a longest piece of 2 GB', behind((view, at) => view.setInt32(at, 2 ** 31 - 1, true)), /longest piece of 1 to 1024/],
    ['a piece of negative length', behind((view, at) => view.setInt32(at + 8, -1, true)), /0 to 6 bytes in piece 0, got -1/],
    ['a piece longer than the longest', behind((view, at) => view.setInt32(at + 8, 8, true)), /0 to 6 bytes in piece 0, got 8/],
    ['a score that is no number', behind((view, at) => view.setFloat32(at + 4, Number.NaN, true)), /score for piece 0, got NaN/],
    ['pieces that are not UTF-8', behind((view, at) => view.setUint8(at + 12, 0xff)), /piece 0 in UTF-8/],
    ['a piece cut short', llama2cSample().bytes.slice(0, -1), /2 bytes of piece 4/],
    ['bytes behind the pieces', Uint8Array.of(...llama2cSample().bytes, 0), /5 pieces to end with the/],
  ])('%s', async (_, bytes, message) => {
    const error = await openLlama2cBytes(folder, bytes).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(LyceumError);
    expect((error as Error).message).toMatch(message);
  });

  it('or read, but never a crash or a hang: damaged files', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const error = await openLlama2cBytes(folder, damage(llama2cSample(), seed)).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(LyceumError);
      }),
      { numRuns: 200 },
    );
  });
});
