import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openGguf, readGgufTensor, writeGguf } from '../index.ts';
import { randomBlocks } from '../testing/random-blocks.ts';
import { type GgufType, storageByType } from './gguf-types.ts';

interface Hashes {
  readonly blocks: number;
  readonly scales: readonly number[];
  readonly halves: Readonly<Record<string, readonly number[]>>;
  readonly hashes: Readonly<Record<string, readonly string[]>>;
}

// Made by scripts/make-gguf-hashes.py with the reference implementation.
const fixture = JSON.parse(await readFile(new URL('../fixtures/quant-hashes.json', import.meta.url), 'utf8')) as Hashes;
const { blocks, scales, halves, hashes } = fixture;
const every = new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, bits) => bits).buffer);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-hashes-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Hash of values; every NaN as one, since which bits a NaN has is the processor's choice. */
const digest = (values: Float32Array): string => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length).slice();
  for (const [i, value] of values.entries()) if (Number.isNaN(value)) bits[i] = 0x7fc00000;
  return createHash('sha256').update(new Uint8Array(bits.buffer)).digest('hex').slice(0, 16);
};

const valuesOf = async (type: GgufType, bytes: Uint8Array): Promise<Float32Array> => {
  const { blockValues, blockBytes } = storageByType.get(type)!;
  const path = join(folder, type);
  await writeGguf(path, new Map(), [{ name: 'x', type, shape: [(bytes.length / blockBytes) * blockValues], make: async () => bytes }]);
  return readGgufTensor(await openGguf(path), 'x');
};

it.each(Object.entries(halves))(
  '%s: blocks of every scale, from zero to infinity and NaN, have the values of the reference, bit for bit',
  async (type, offsets) => {
    const { blockBytes } = storageByType.get(type)!;
    const number = Object.keys(halves).indexOf(type);
    expect(hashes[type]).toHaveLength(scales.length);
    for (const [first, scale] of scales.entries()) {
      const bytes = randomBlocks(1000 * number + first, { blocks, blockBytes, offsets, scales, first });
      expect([scale, digest(await valuesOf(type as GgufType, bytes))]).toEqual([scale, hashes[type]![first]]);
    }
  },
);

it.each(['F16', 'BF16'] as const)('%s: every number there is has the value of the reference, bit for bit', async (type) => {
  expect([digest(await valuesOf(type, every))]).toEqual(hashes[type]);
});
