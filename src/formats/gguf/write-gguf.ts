import { ShapeError } from '../../core/index.ts';
import { narrowToFloat16 } from '../half.ts';
import { writeWhole } from '../whole-file.ts';
import { type GgufType, storageByCode } from './gguf-types.ts';

/** A value of metadata with the type that it is written as. */
export type GgufEntry =
  | { readonly type: 'uint32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s' | 'float32s'; readonly value: ArrayLike<number> };

/** A tensor whose bytes are made when their turn comes. */
export interface GgufWritten {
  readonly name: string;
  readonly type: GgufType;
  /** Slowest axis first. */
  readonly shape: readonly number[];
  make(): Promise<Uint8Array>;
}

const alignment = 32;
const codes = new Map([...storageByCode].map(([code, { type }]) => [type, code]));
const encoder = new TextEncoder();

const number = (value: number | bigint, kind: 'u32' | 'u64' | 'f32' | 'i32'): Uint8Array => {
  const bytes = new Uint8Array(kind === 'u64' ? 8 : 4);
  const view = new DataView(bytes.buffer);
  if (kind === 'u64') view.setBigUint64(0, BigInt(value), true);
  else if (kind === 'u32') view.setUint32(0, Number(value), true);
  else if (kind === 'i32') view.setInt32(0, Number(value), true);
  else view.setFloat32(0, Number(value), true);
  return bytes;
};
const text = (value: string): Uint8Array[] => {
  const bytes = encoder.encode(value);
  return [number(bytes.length, 'u64'), bytes];
};
const [uint32, int32, float32, bool, string, array] = [4, 5, 6, 7, 8, 9];

const entry = (given: GgufEntry): Uint8Array[] => {
  const type = (code: number): Uint8Array => number(code, 'u32');
  switch (given.type) {
    case 'uint32':
      return [type(uint32!), number(given.value, 'u32')];
    case 'float32':
      return [type(float32!), number(given.value, 'f32')];
    case 'bool':
      return [type(bool!), Uint8Array.of(given.value ? 1 : 0)];
    case 'string':
      return [type(string!), ...text(given.value)];
    case 'strings':
      return [type(array!), type(string!), number(given.value.length, 'u64'), ...given.value.flatMap(text)];
    default: {
      const values = given.type === 'int32s' ? Int32Array.from(given.value) : Float32Array.from(given.value);
      return [type(array!), type(given.type === 'int32s' ? int32! : float32!), number(values.length, 'u64'), new Uint8Array(values.buffer)];
    }
  }
};

/** Bytes of a tensor of that type and shape. @throws ShapeError for rows that are no whole blocks */
const bytesOf = ({ name, type, shape }: GgufWritten): number => {
  const { blockValues, blockBytes } = storageByCode.get(codes.get(type)!)!;
  const columns = shape.at(-1) ?? 1;
  if (columns % blockValues !== 0)
    throw new ShapeError(`gguf tensor ${name}: expected rows of whole blocks of ${blockValues} for ${type}, got [${shape.join(', ')}]; write it as F16`);
  return (shape.reduce((a, b) => a * b, 1) / blockValues) * blockBytes;
};

/** Writes a GGUF file of version 3 that is whole or absent, with one tensor in memory at a time. @throws ShapeError where a tensor has not the bytes that its shape needs · whatever `make` throws */
export const writeGguf = (path: string, metadata: ReadonlyMap<string, GgufEntry>, tensors: readonly GgufWritten[]): Promise<void> => {
  const sizes = tensors.map(bytesOf);
  const padded = (size: number): number => Math.ceil(size / alignment) * alignment;
  const head: Uint8Array[] = [encoder.encode('GGUF'), number(3, 'u32'), number(tensors.length, 'u64'), number(metadata.size, 'u64')];
  for (const [key, value] of metadata) head.push(...text(key), ...entry(value));
  let offset = 0;
  for (const [i, { name, type, shape }] of tensors.entries()) {
    head.push(...text(name), number(shape.length, 'u32'), ...shape.toReversed().map((axis) => number(axis, 'u64')));
    head.push(number(codes.get(type)!, 'u32'), number(offset, 'u64'));
    offset += padded(sizes[i]!);
  }
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.concat(head);
    yield bytes;
    yield new Uint8Array(padded(bytes.length) - bytes.length);
    for (const [i, { name, make }] of tensors.entries()) {
      const own = await make();
      if (own.byteLength !== sizes[i])
        throw new ShapeError(`gguf tensor ${name}: expected ${sizes[i]} bytes, got ${own.byteLength}; shape and data must agree`);
      yield own;
      yield new Uint8Array(padded(own.byteLength) - own.byteLength);
    }
  };
  return writeWhole(path, chunks());
};

/** Values in blocks of 32 whole numbers of a byte with a float16 scale, rounded as the format's reference does. */
export const ggufQ8 = (values: Float32Array): Uint8Array => {
  const blocks = values.length / 32;
  const out = new Uint8Array(blocks * 34);
  for (let block = 0; block < blocks; block++) {
    const own = values.subarray(block * 32, block * 32 + 32);
    let most = 0;
    for (const value of own) most = Math.max(most, Math.abs(value));
    const scale = Math.fround(most / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    const half = narrowToFloat16(Float32Array.of(scale))[0]!;
    out[block * 34] = half & 255;
    out[block * 34 + 1] = half >> 8;
    for (let i = 0; i < 32; i++) {
      const value = Math.fround(own[i]! * inverse);
      out[block * 34 + 2 + i] = Math.sign(value) * Math.floor(Math.abs(value) + 0.5); // away from zero, as roundf
    }
  }
  return out;
};
