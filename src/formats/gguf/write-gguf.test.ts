import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShapeError } from '../../core/index.ts';
import { openGguf } from './gguf.ts';
import { readGgufTensor } from './gguf-values.ts';
import { type GgufEntry, ggufQ8, writeGguf } from './write-gguf.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-write-gguf-'));
});
afterAll(() => rm(folder, { recursive: true }));

const wave = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.7) * (1 + (i % 5)));
const bytes = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer);

describe('writeGguf', () => {
  it('writes what is read again', async () => {
    const metadata = new Map<string, GgufEntry>([
      ['general.architecture', { type: 'string', value: 'naïve' }],
      ['a.count', { type: 'uint32', value: 4_000_000_000 }],
      ['a.real', { type: 'float32', value: 1e-5 }],
      ['a.flag', { type: 'bool', value: true }],
      ['a.words', { type: 'strings', value: ['', 'Ġthe', '日本'] }],
      ['a.kinds', { type: 'int32s', value: [1, -2] }],
      ['a.scores', { type: 'float32s', value: [0.5, -1] }],
    ]);
    const path = join(folder, 'a.gguf');
    const tensors = [
      { name: 'norm', type: 'F32' as const, shape: [3], make: async () => bytes(wave(3)) },
      { name: 'matrix', type: 'Q8_0' as const, shape: [2, 64], make: async () => ggufQ8(wave(128)) },
      { name: 'last', type: 'F32' as const, shape: [2, 5], make: async () => bytes(wave(10)) },
    ];
    await writeGguf(path, metadata, tensors);
    const file = await openGguf(path);
    expect(Object.fromEntries(file.metadata)).toEqual({
      'general.architecture': 'naïve',
      'a.count': 4_000_000_000,
      'a.real': Math.fround(1e-5),
      'a.flag': true,
      'a.words': ['', 'Ġthe', '日本'],
      'a.kinds': Int32Array.of(1, -2),
      'a.scores': Float32Array.of(0.5, -1),
    });
    expect([...file.tensors.values()].map(({ name, shape }) => [name, shape])).toEqual([
      ['norm', [3]],
      ['matrix', [2, 64]],
      ['last', [2, 5]],
    ]);
    expect(await readGgufTensor(file, 'norm')).toEqual(wave(3));
    expect(await readGgufTensor(file, 'last')).toEqual(wave(10));
  });

  it('refuses rows that are no blocks and tensors of another size, and leaves nothing behind', async () => {
    const before = await readdir(folder);
    const one = (change: object) => [{ name: 'x', type: 'Q8_0' as const, shape: [2, 32], make: async () => new Uint8Array(68), ...change }];
    await expect(Promise.resolve().then(() => writeGguf(join(folder, 'b.gguf'), new Map(), one({ shape: [2, 33] })))).rejects.toThrow(ShapeError);
    await expect(writeGguf(join(folder, 'b.gguf'), new Map(), one({ make: async () => new Uint8Array(67) }))).rejects.toThrow(/expected 68 bytes, got 67/);
    await expect(writeGguf(join(folder, 'b.gguf'), new Map(), one({ make: () => Promise.reject(new Error('no more')) }))).rejects.toThrow('no more');
    expect(await readdir(folder)).toEqual(before);
  });
});

describe('ggufQ8', () => {
  it('is within half a step, and rounds what it has rounded no more', async () => {
    const values = wave(320);
    values.fill(0, 32, 64);
    const path = join(folder, 'q.gguf');
    const round = async (given: Float32Array): Promise<Float32Array> => {
      await writeGguf(path, new Map(), [{ name: 'x', type: 'Q8_0', shape: [10, 32], make: async () => ggufQ8(given) }]);
      return readGgufTensor(await openGguf(path), 'x');
    };
    const once = await round(values);
    for (let block = 0; block < 10; block++) {
      const own = [...values.subarray(32 * block, 32 * block + 32)];
      const step = Math.max(...own.map(Math.abs)) / 127;
      for (const [i, value] of own.entries()) expect(Math.abs(once[32 * block + i]! - value)).toBeLessThanOrEqual(step * 0.5 + 127 * step * 2 ** -11);
    }
    expect(await round(once)).toEqual(once);
    expect(ggufQ8(new Float32Array(32))).toEqual(new Uint8Array(34));
  });
});
