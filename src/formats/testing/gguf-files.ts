// GGUF files made for tests, right and wrong.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGguf } from '../gguf/gguf.ts';
import { readGgufTensor } from '../gguf/gguf-values.ts';

/** Bytes of a file, and where in them lengths, counts and types stand. */
export interface Made {
  readonly bytes: Uint8Array;
  readonly fields: readonly number[];
}

export interface MadeTensor {
  readonly name: string;
  /** In ggml's order, columns first. */
  readonly dims: readonly (number | bigint)[];
  readonly type: number;
  /** From where the tensors begin. */
  readonly offset: number | bigint;
}

export type Entry = readonly [key: string, ...parts: readonly Part[]];
/** One part of a file: uint32, uint64, text with its length, or bytes as they are. */
type Part = { readonly u32: number } | { readonly u64: number | bigint } | { readonly text: string } | { readonly raw: readonly number[] };

export const u32 = (value: number): Part => ({ u32: value });
export const u64 = (value: number | bigint): Part => ({ u64: value });
export const text = (value: string): Part => ({ text: value });
export const raw = (...bytes: number[]): Part => ({ raw: bytes });

export interface Parts {
  readonly version?: number;
  readonly metadata?: readonly Entry[];
  readonly tensors?: readonly MadeTensor[];
  /** Counts in the header, where they shall differ from what follows. */
  readonly counts?: readonly [tensors: number | bigint, keys: number | bigint];
  /** What the weights are padded to. */
  readonly alignment?: number;
  /** Bytes of weights, all 1. */
  readonly body?: number;
}

export const packGguf = ({ version = 3, metadata = [], tensors = [], counts, alignment = 32, body = 0 }: Parts): Made => {
  const parts: Part[] = [raw(0x47, 0x47, 0x55, 0x46), u32(version), u64(counts?.[0] ?? tensors.length), u64(counts?.[1] ?? metadata.length)];
  for (const [key, ...value] of metadata) parts.push(text(key), ...value);
  for (const { name, dims, type, offset } of tensors) parts.push(text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset));
  const out: number[] = [];
  const fields: number[] = [];
  const put = (value: number | bigint, count: number) => {
    fields.push(out.length);
    for (let i = 0; i < count; i++) out.push(Number((BigInt(value) >> BigInt(8 * i)) & 255n));
  };
  for (const part of parts) {
    if ('u32' in part) put(part.u32, 4);
    else if ('u64' in part) put(part.u64, 8);
    else if ('raw' in part) for (const byte of part.raw) out.push(byte);
    else {
      const bytes = new TextEncoder().encode(part.text);
      put(bytes.length, 8);
      for (const byte of bytes) out.push(byte);
    }
  }
  if (body > 0) while (out.length % alignment !== 0) out.push(0);
  for (let i = 0; i < body; i++) out.push(1);
  return { bytes: Uint8Array.from(out), fields };
};

/** A good file, small and with some of everything. */
export const ggufSample = packGguf({
  metadata: [
    ['general.architecture', u32(8), text('llama')],
    ['general.alignment', u32(4), u32(32)],
    ['a.float', u32(6), raw(0, 0, 128, 63)],
    ['a.flag', u32(7), raw(1)],
    ['a.long', u32(10), u64(2n ** 60n)],
    ['tokens', u32(9), u32(8), u64(3), text('<s>'), text('naïve'), text('')],
    ['scores', u32(9), u32(6), u64(2), raw(0, 0, 0, 0, 0, 0, 128, 191)],
    ['flags', u32(9), u32(7), u64(2), raw(0, 1)],
    ['nested', u32(9), u32(9), u64(2), u32(4), u64(1), u32(7), u32(8), u64(1), text('x')],
  ],
  tensors: [
    { name: 'norm.weight', dims: [4], type: 0, offset: 0 },
    { name: 'q8.weight', dims: [32, 2], type: 8, offset: 32 },
    { name: 'q4k.weight', dims: [256], type: 12, offset: 128 },
    { name: 'empty', dims: [0, 3], type: 1, offset: 288 },
  ],
  body: 288,
});

/** Opens bytes as a file and reads every tensor of it that has values of a kind that is read. */
export const openGgufBytes = async (folder: string, bytes: Uint8Array): Promise<void> => {
  const path = join(folder, 'damaged.gguf');
  await writeFile(path, bytes);
  const file = await openGguf(path);
  for (const name of file.tensors.keys()) await readGgufTensor(file, name);
};

/** Numbers that parsers of binary files trip over. */
const spices = [
  0n,
  1n,
  2n,
  3n,
  7n,
  9n,
  31n,
  33n,
  255n,
  65_536n,
  2n ** 24n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
].concat([2n ** 53n + 1n, 2n ** 60n, 2n ** 61n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 32n, 2n ** 64n - 1n]);

/** The same seed makes the same damage: lengths and types replaced, bits flipped, parts cut, lost, doubled. */
export const damage = ({ bytes, fields }: Made, seed: number): Uint8Array => {
  let state = seed | 0;
  const next = (below: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % Math.max(below, 1);
  };
  let out = [...bytes];
  for (let rounds = 1 + next(3); rounds > 0; rounds--) {
    const at = next(out.length);
    const length = 1 + next(16);
    const kind = next(8);
    if (kind < 3) {
      const field = fields[next(fields.length)]!;
      const value = next(3) === 0 ? BigInt(out.length - next(64)) : spices[next(spices.length)]!;
      const width = next(2) === 0 ? 4 : 8;
      for (let i = 0; i < width && field + i < out.length; i++) out[field + i] = Number((value >> BigInt(8 * i)) & 255n);
    } else if (kind < 5) out[at] = (out[at] ?? 0) ^ (1 << next(8));
    else if (kind === 5) out = out.slice(0, at);
    else if (kind === 6) out.splice(at, length);
    else out.splice(at, 0, ...out.slice(at, at + length));
  }
  return Uint8Array.from(out);
};
