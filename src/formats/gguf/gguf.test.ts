import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError, NotFoundError, UnsupportedError } from '../../core/index.ts';
import { type GgufFile, openGguf, readGgufTensor, readQuantisedGguf } from '../index.ts';
import { ggufSample, type Made, packGguf, text, u32, u64 } from '../testing/gguf-files.ts';

// Made by scripts/make-gguf-fixture.py with the reference implementation.
const fixture = fileURLToPath(new URL('../fixtures/quants.gguf', import.meta.url));
const quantised = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'IQ2_XXS'];

let folder: string;
let file: GgufFile;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-gguf-'));
  file = await openGguf(fixture);
});
afterAll(() => rm(folder, { recursive: true }));

const write = async ({ bytes }: Made): Promise<string> => {
  const path = join(folder, `${Math.random()}.gguf`);
  await writeFile(path, bytes);
  return path;
};

/** The first place where two lists of floats differ in their bits (NaN is NaN), or nothing. */
const difference = (got: Float32Array, expected: Float32Array): string | undefined => {
  if (got.length !== expected.length) return `${got.length} values, not ${expected.length}`;
  const at = got.findIndex((value, i) => !Object.is(value, expected[i]));
  return at < 0 ? undefined : `${got[at]} at ${at}, not ${expected[at]}`;
};

describe('a file of the reference writer', () => {
  it('gives metadata of every type as it was written', () => {
    expect(file.version).toBe(3);
    const value = (key: string) => file.metadata.get(key);
    expect(value('general.alignment')).toBe(64);
    expect(value('fixture.script')).toBe('scripts/make-gguf-fixture.py');
    const values = ['UINT8', 'INT8', 'UINT16', 'INT16', 'UINT32', 'INT32', 'FLOAT32', 'FLOAT64', 'UINT64', 'INT64', 'BOOL', 'STRING'].map((type) => [
      value(`value.${type}`),
      value(`array.${type}`),
    ]);
    expect(values).toEqual([
      [255, Uint8Array.of(255, 255)],
      [-128, Int8Array.of(-128, -128)],
      [65535, Uint16Array.of(65535, 65535)],
      [-32768, Int16Array.of(-32768, -32768)],
      [4294967295, Uint32Array.of(4294967295, 4294967295)],
      [-2147483648, Int32Array.of(-2147483648, -2147483648)],
      [Math.fround(0.1), Float32Array.of(0.1, 0.1)],
      [0.1, Float64Array.of(0.1, 0.1)],
      [2n ** 64n - 1n, BigUint64Array.of(2n ** 64n - 1n, 2n ** 64n - 1n)],
      [-(2 ** 53) + 1, BigInt64Array.of(-(2n ** 53n) + 1n, -(2n ** 53n) + 1n)],
      [true, [true, true]],
      ['\ufeffnaïve \ufffd 🙂', ['\ufeffnaïve \ufffd 🙂', '\ufeffnaïve \ufffd 🙂']],
    ]);
    expect(value('array.nested')).toEqual([Int32Array.of(1, 2), Int32Array.of(3)]);
    expect(value('array.deep')).toEqual([[['a', 'b'], ['c']], [['d']]]);
  });

  it('gives its tensors with the slowest axis first', () => {
    expect(file.tensors.get('Q4_K')).toMatchObject({ name: 'Q4_K', type: 'Q4_K', shape: [2, 512], sizeBytes: 4 * 144 });
    expect(file.tensors.get('F64')).toMatchObject({ type: 'F64', shape: [2, 2, 3], sizeBytes: 96 });
    for (const { offset } of file.tensors.values()) expect(offset % 64).toBe(0);
  });

  it.each([...quantised, 'F16', 'BF16', 'F64'])('%s has the values of the reference, bit for bit', async (type) => {
    expect(difference(await readGgufTensor(file, type), await readGgufTensor(file, `expected.${type}`))).toBeUndefined();
  });

  it.each(quantised)('%s in whole numbers: scale × code + minimum is its value, bit for bit', async (type) => {
    const { rows, columns, blockSize, bits, codes, scales, minimums } = await readQuantisedGguf(file, type);
    expect([rows, columns]).toEqual(file.tensors.get(type)!.shape);
    expect([codes.length, scales.length]).toEqual([rows * columns, (rows * columns) / blockSize]);
    const [least, most] = minimums ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
    for (const code of codes) if (code < least || code > most) expect.fail(`code ${code} is not in ${least} to ${most}`);
    const values = Float32Array.from(codes, (code, i) => {
      const group = Math.floor(i / blockSize);
      const scaled = Math.fround(scales[group]! * code);
      return minimums ? scaled + minimums[group]! : scaled;
    });
    expect(difference(values, await readGgufTensor(file, type))).toBeUndefined();
  });

  it('says what is not there and what cannot be read', async () => {
    await expect(readGgufTensor(file, 'nowhere')).rejects.toThrow(NotFoundError);
    await expect(readGgufTensor(file, 'I32')).rejects.toThrow(/expected F64, F32, .*IQ2_XXS, got I32; convert/);
    await expect(readQuantisedGguf(file, 'F16')).rejects.toThrow(UnsupportedError);
    await expect(readGgufTensor(file, 'Q8_0', { checkFinite: true })).rejects.toThrow(/"Q8_0": expected finite weights, got NaN or an infinity/);
    await expect(readQuantisedGguf(file, 'Q6_K', { checkFinite: true })).rejects.toThrow(FormatError);
    await expect(openGguf(join(folder, 'nowhere'))).rejects.toThrow(/ENOENT/);
  });
});

describe('files made here', () => {
  it('a small one is read whole', async () => {
    const small = await openGguf(await write(ggufSample));
    expect(small.metadata.get('a.long')).toBe(2n ** 60n);
    expect(small.metadata.get('nested')).toEqual([Uint32Array.of(7), ['x']]);
    expect(small.tensors.get('q8.weight')).toMatchObject({ shape: [2, 32], sizeBytes: 68 });
    for (const name of small.tensors.keys())
      expect((await readGgufTensor(small, name)).length).toBe({ 'norm.weight': 4, 'q8.weight': 64, 'q4k.weight': 256 }[name] ?? 0);
  });

  it('version 2 is read alike; a file without weights needs no padding', async () => {
    const path = await write(packGguf({ version: 2, metadata: [['a', u32(8), text('b')]] }));
    expect([...(await openGguf(path)).metadata]).toEqual([['a', 'b']]);
  });

  it('a long vocabulary goes beyond the first bytes that are read, a large tensor beyond one slice', async () => {
    const tokens = Array.from({ length: 60_000 }, (_, i) => `${'piece'.repeat(3)} ${i}`);
    const rows = 300_000; // of 34 bytes: ten slices
    const made = packGguf({
      metadata: [['tokens', u32(9), u32(8), u64(tokens.length), ...tokens.map(text)]],
      tensors: [{ name: 'w', dims: [32, rows], type: 8, offset: 0 }],
      alignment: 32,
      body: 1,
    });
    const start = made.bytes.length - 1;
    const bytes = new Uint8Array(start + rows * 34);
    bytes.set(made.bytes);
    for (let row = 0; row < rows; row++) bytes.set([0, 0x3c, row & 127], start + row * 34);
    const path = await write({ bytes, fields: [] });
    const long = await openGguf(path);
    expect(long.metadata.get('tokens')).toEqual(tokens);
    const values = await readGgufTensor(long, 'w');
    expect(values.length).toBe(rows * 32);
    for (let row = 0; row < rows; row++) if (values[row * 32] !== (row & 127)) expect.fail(`row ${row} is ${values[row * 32]}`);
    await truncate(path, bytes.length - 40);
    await expect(readGgufTensor(long, 'w')).rejects.toThrow(/the file became shorter while it was read/);
  });
});
