import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError, NotFoundError, ShapeError, UnsupportedError } from '../core/index.ts';
import { narrowToBfloat16, openSafetensors, readAsFloat32, requireFinite, type TensorData, writeSafetensors, writeWhole } from './index.ts';
import { mutate, openBytes, pack, sample } from './testing/hostile.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

const tensorData = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), fc.constantFrom('float32', 'int64', 'bool', 'float16', 'float64', 'int8', 'uint32'))
  .map(([shape, dtype]): TensorData => {
    const make = { float32: Float32Array, float64: Float64Array, float16: Uint16Array, int8: Int8Array, uint32: Uint32Array, bool: Uint8Array } as const;
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, (_, i) => (dtype === 'bool' ? i % 2 : i * 3));
    return {
      dtype: dtype as TensorData['dtype'],
      shape,
      data: dtype === 'int64' ? BigInt64Array.from(values, BigInt) : new make[dtype as keyof typeof make](values),
    };
  });

describe('safetensors', () => {
  it('reads back what it wrote, whatever the order, byte for byte the same', async () => {
    const name = fc
      .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
      .filter((text) => text !== '__metadata__' && text !== '__proto__' && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, tensorData, { maxKeys: 5, noNullPrototype: true }),
        fc.dictionary(
          name,
          fc.string().filter((text) => text.isWellFormed()),
          { noNullPrototype: true, maxKeys: 3 },
        ),
        async (tensors, metadata) => {
          const [a, b] = [join(folder, 'a.safetensors'), join(folder, 'b.safetensors')];
          await writeSafetensors(a, tensors, metadata);
          await writeSafetensors(b, new Map(Object.entries(tensors).reverse()), metadata);
          expect(await readFile(a)).toEqual(await readFile(b));
          const file = await openSafetensors(a);
          expect(file.metadata).toEqual(metadata);
          expect([...file.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
          for (const [key, value] of Object.entries(tensors)) {
            expect(await file.read(key)).toEqual(value);
            expect(file.tensors.get(key)!.offset % value.data.BYTES_PER_ELEMENT).toBe(0);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('widens the 16-bit formats, exactly', async () => {
    const path = join(folder, 'half.safetensors');
    const values = Float32Array.of(0, -1.5, 2 ** -14, 65504, 3);
    const bytes = new Uint8Array(narrowToBfloat16(values.slice(0, 3)).buffer);
    await writeFile(
      path,
      pack(
        { a: { dtype: 'BF16', shape: [3], data_offsets: [0, 6] }, b: { dtype: 'F16', shape: [2], data_offsets: [6, 10] } },
        Uint8Array.of(...bytes, 0xff, 0x7b, 0x00, 0x42),
      ),
    );
    const file = await openSafetensors(path);
    expect([...(await readAsFloat32(file, 'a')).data]).toEqual([0, -1.5, 2 ** -14]);
    expect([...(await readAsFloat32(file, 'b')).data]).toEqual([65504, 3]);
    expect((await file.read('a')).dtype).toBe('float32');
    expect((await file.read('b')).dtype).toBe('float16');
  });

  it('refuses weights that are not numbers when asked, naming tensor and place', async () => {
    const path = join(folder, 'nan.safetensors');
    await writeSafetensors(path, {
      good: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) },
      bad: { dtype: 'float32', shape: [3], data: Float32Array.of(1, Number.NaN, 3) },
      worse: { dtype: 'float16', shape: [1], data: Uint16Array.of(0x7c00) },
    });
    const file = await openSafetensors(path);
    await expect(file.read('bad', { checkFinite: true })).rejects.toThrow(/"bad": expected finite weights, got NaN or an infinity at value 1/);
    await expect(readAsFloat32(file, 'worse', { checkFinite: true })).rejects.toThrow(FormatError);
    expect((await file.read('bad')).data[0]).toBe(1);
    await expect(requireFinite(file)).rejects.toThrow(/expected finite weights/);
    await requireFinite(file, ['good']);
    expect((await file.read('good', { checkFinite: true })).data[1]).toBe(2);
  });

  it('says what is not there, and what cannot be computed with', async () => {
    const path = join(folder, 'odd.safetensors');
    await writeFile(path, pack({ a: { dtype: 'U64', shape: [1], data_offsets: [0, 8] } }, new Uint8Array(8)));
    const file = await openSafetensors(path);
    await expect(file.read('b')).rejects.toThrow(NotFoundError);
    await expect(file.read('a')).rejects.toThrow(UnsupportedError);
    await expect(openSafetensors(join(folder, 'nowhere'))).rejects.toThrow(/ENOENT/);
  });
});

describe('a hostile header is refused with a reason', () => {
  const f32 = (shape: unknown, from: unknown, to: unknown) => ({ dtype: 'F32', shape, data_offsets: [from, to] });
  const eight = new Uint8Array(8);
  it.each<[string, Uint8Array, RegExp]>([
    ['empty file', new Uint8Array(0), /at least 8 bytes, got 0/],
    ['a length and nothing else', new Uint8Array(8), /begins with "\{"/],
    ['header of 2^63 bytes', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b), /at most 100000000 bytes, got 9223372036854775808/],
    ['header beyond the file', Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d), /header of 99 bytes, got 2/],
    ['not UTF-8', pack(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), new Uint8Array(0)), /UTF-8/],
    ['white space first', pack(' {}', new Uint8Array(0)), /begins with "\{"/],
    ['not JSON', pack('{"a"', new Uint8Array(0)), /":"/],
    [
      'duplicate tensor',
      pack('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', eight),
      /every key once/,
    ],
    ['integer above 2^53', pack(`{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}`, eight), /a double holds exactly/],
    ['shape product that wraps', pack({ a: f32([2 ** 32, 2 ** 32, 4], 0, 8) }, eight), /product stays below 2\^53/],
    ['shape product hidden by a zero', pack({ a: f32([2 ** 40, 2 ** 40, 0], 0, 0) }, new Uint8Array(0)), /product stays below 2\^53/],
    ['shape larger than its bytes', pack({ a: f32([3], 0, 8) }, eight), /12 bytes for F32 \[3\], got 8/],
    ['tensor beyond the file', pack({ a: f32([4], 0, 16) }, eight), /within the file's 8 bytes/],
    ['backward offsets', pack({ a: f32([2], 8, 0) }, eight), /8 bytes for F32 \[2\], got -8/],
    ['negative offset', pack({ a: f32([2], -8, 0) }, eight), /whole numbers/],
    ['negative length', pack({ a: f32([-2], 0, 8) }, eight), /lengths/],
    ['length that is no whole number', pack({ a: f32([1.5], 0, 8) }, eight), /lengths/],
    ['length in quotes', pack({ a: f32(['2'], 0, 8) }, eight), /lengths/],
    ['seventeen axes', pack({ a: f32(new Array(17).fill(1), 0, 4) }, new Uint8Array(4)), /at most 16 lengths/],
    ['overlap', pack({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, new Uint8Array(4)), /to begin at byte/],
    ['partial overlap', pack({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, eight), /to begin at byte/],
    ['gap', pack({ a: f32([1], 4, 8) }, eight), /to begin at byte/],
    ['something behind', pack({ a: f32([1], 0, 4) }, eight), /fill the file's/],
    ['unknown dtype', pack({ a: { dtype: 'F128', shape: [1], data_offsets: [0, 8] } }, eight), /dtype of F64/],
    ['dtype from the prototype', pack({ a: { dtype: 'constructor', shape: [1], data_offsets: [0, 8] } }, eight), /dtype of F64/],
    ['unknown key', pack({ a: { ...f32([2], 0, 8), code: 'x' } }, eight), /dtype, shape and data_offsets, got code/],
    ['missing key', pack({ a: { dtype: 'F32', shape: [2] } }, eight), /data_offsets of two/],
    ['tensor that is a list', pack({ a: [] }, eight), /an object, got object/],
    ['metadata that is no text', pack({ __metadata__: { a: 1 } }, new Uint8Array(0)), /__metadata__.a to be a string/],
    ['metadata that is a list', pack({ __metadata__: [] }, new Uint8Array(0)), /object of strings/],
    ['nesting', pack(`{"a":${'['.repeat(100_000)}`, new Uint8Array(0)), /at most 4 levels/],
    [
      'too many tensors',
      pack(`{${Array.from({ length: 100_002 }, (_, i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join()}}`, new Uint8Array(0)),
      /at most/,
    ],
  ])('%s', async (_, bytes, message) => {
    const error = await openBytes(folder, bytes).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
  });

  it('or read, but never a crash, a hang or memory beyond the file: mutations and truncations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const error = await openBytes(folder, mutate(sample, seed)).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(FormatError);
      }),
      { numRuns: 300 },
    );
  });
});

describe('writing', () => {
  it('leaves what was there, and nothing else, when it fails', async () => {
    const own = await mkdtemp(join(folder, 'whole-'));
    const path = join(own, 'weights.safetensors');
    await writeSafetensors(path, { a: { dtype: 'float32', shape: [1], data: Float32Array.of(1) } });
    const before = await readFile(path);
    const failing = function* () {
      yield Uint8Array.of(1, 2, 3);
      throw new Error('no space left on device');
    };
    await expect(writeWhole(path, failing())).rejects.toThrow('no space left');
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(own)).toEqual(['weights.safetensors']);
    await expect(writeWhole(join(own, 'missing', 'x'), [])).rejects.toThrow(/ENOENT/);
    expect((await stat(path)).size).toBe(before.length);
  });

  it('refuses values that do not fill their shape', () => {
    expect(() => writeSafetensors(join(folder, 'x'), { a: { dtype: 'float32', shape: [2], data: Float32Array.of(1) } })).toThrow(ShapeError);
    expect(() => writeSafetensors(join(folder, 'x'), { a: { dtype: 'float32', shape: [1], data: Float64Array.of(1) } })).toThrow(/Float64Array/);
  });
});
