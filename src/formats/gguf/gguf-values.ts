import { open } from 'node:fs/promises';
import { FormatError, NotFoundError, UnsupportedError } from '../../core/index.ts';
import { widenBfloat16, widenFloat16 } from '../half.ts';
import { readInto } from '../read-into.ts';
import type { ReadOptions } from '../safetensors.ts';
import type { GgufFile } from './gguf.ts';
import { type BlockFormat, blockFormats, type Unpacked } from './gguf-blocks.ts';
import { codebookFormats } from './gguf-codebook.ts';
import type { GgufTensor } from './gguf-header.ts';
import { superBlockFormats } from './gguf-super-blocks.ts';
import { type GgufStorage, type GgufType, storageByType } from './gguf-types.ts';

/** A tensor as whole numbers and the floats that scale them, without loss: value = float32(scale × code) + minimum, in float32. */
export interface QuantisedTensor {
  readonly type: GgufType;
  /** Product of all axes but the last. */
  readonly rows: number;
  readonly columns: number;
  /** Values along a row that share a scale: 32, or 16 for Q6_K, Q2_K and Q3_K. */
  readonly blockSize: number;
  /** Width of a code: 0 to 2^bits − 1 where there are minimums, else −2^(bits − 1) to 2^(bits − 1) − 1. */
  readonly bits: number;
  /** `[rows, columns]` */
  readonly codes: Int8Array;
  /** `[rows, columns / blockSize]` */
  readonly scales: Float32Array;
  /** `[rows, columns / blockSize]` */
  readonly minimums?: Float32Array;
}

const formats: Partial<Record<GgufType, BlockFormat>> = { ...blockFormats, ...superBlockFormats, ...codebookFormats };
const floats: Partial<Record<GgufType, (bytes: Uint8Array<ArrayBuffer>) => Float32Array>> = {
  F64: ({ buffer, byteLength }) => Float32Array.from(new Float64Array(buffer, 0, byteLength / 8)),
  F32: ({ buffer, byteLength }) => new Float32Array(buffer, 0, byteLength / 4),
  F16: ({ buffer, byteLength }) => widenFloat16(new Uint16Array(buffer, 0, byteLength / 2)),
  BF16: ({ buffer, byteLength }) => widenBfloat16(new Uint16Array(buffer, 0, byteLength / 2)),
};
const sliceBytes = 2 ** 20;
const valueLimit = 2 ** 32;

/**
 * Values of one tensor as float32, `shape` of its entry in the table. Only its own bytes are read, a mebibyte at a time. F32, F16, BF16 and the quantised types Q4_0, Q4_1, Q5_0, Q5_1, Q8_0,
 * Q2_K to Q6_K and IQ2_XXS give, bit for bit, what the format's reference gives; F64 is rounded.
 *
 * @throws NotFoundError · UnsupportedError for other types and for more than 2^32 values · FormatError where the file has become shorter, or `checkFinite` finds NaN or an infinity
 */
export const readGgufTensor = async (gguf: GgufFile, name: string, { checkFinite = false }: ReadOptions = {}): Promise<Float32Array> => {
  const { where, tensor, storage, count } = find(gguf, name);
  const format = formats[tensor.type];
  const convert = floats[tensor.type];
  if (!format && !convert)
    throw new UnsupportedError(
      `${where}: expected ${[...Object.keys(floats), ...Object.keys(formats)].join(', ')}, got ${tensor.type}; convert the file to one of these`,
    );
  const out = new Float32Array(count);
  const scratch = format && unpackedOf(format, Math.min(count, Math.ceil(sliceBytes / storage.blockBytes) * storage.blockValues));
  await eachSlice(gguf.path, tensor, storage, where, (bytes, from) => {
    const at = from * storage.blockValues;
    if (!format || !scratch) return out.set(convert!(bytes), at);
    const blocks = bytes.length / storage.blockBytes;
    for (let block = 0; block < blocks; block++) format.unpack(bytes, block * storage.blockBytes, block, scratch);
    expand(scratch, format, blocks * storage.blockValues, out, at);
  });
  if (checkFinite) refuseNonFinite(out, where);
  return out;
};

/**
 * One quantised tensor in whole numbers, for runtimes that compute with them: every type that `readGgufTensor` knows but floats. Group scales of K-quants are multiplied out, which float32 holds
 * exactly. IQ2_XXS has codes of ±8, ±25 and ±43.
 *
 * @throws NotFoundError · UnsupportedError for floats, whole numbers and other types · FormatError where the file has become shorter, or `checkFinite` finds a scale that is no number
 */
export const readQuantisedGguf = async (gguf: GgufFile, name: string, { checkFinite = false }: ReadOptions = {}): Promise<QuantisedTensor> => {
  const { where, tensor, storage, count } = find(gguf, name);
  const format = formats[tensor.type];
  if (!format) throw new UnsupportedError(`${where}: expected ${Object.keys(formats).join(', ')}, got ${tensor.type}; read its values as float32 instead`);
  const unpacked = unpackedOf(format, count);
  await eachSlice(gguf.path, tensor, storage, where, (bytes, from) => {
    for (let i = 0; i < bytes.length / storage.blockBytes; i++) format.unpack(bytes, i * storage.blockBytes, from + i, unpacked);
  });
  const { codes, scales, minimums } = unpacked;
  if (checkFinite) for (const part of [scales, minimums]) refuseNonFinite(part, `${where} scales`);
  const columns = tensor.shape.at(-1)!;
  const rows = columns === 0 ? 0 : count / columns;
  const { groupValues: blockSize, bits } = format;
  return { type: tensor.type, rows, columns, blockSize, bits, codes, scales, ...(format.hasMinimums && { minimums }) };
};

const find = (gguf: GgufFile, name: string): { where: string; tensor: GgufTensor; storage: GgufStorage; count: number } => {
  const where = `gguf ${gguf.path} tensor ${JSON.stringify(name)}`;
  const tensor = gguf.tensors.get(name);
  if (!tensor)
    throw new NotFoundError(
      `${where}: expected one of ${gguf.tensors.size} tensors, got a name that is not there; the first are ${[...gguf.tensors.keys()].slice(0, 5).join(', ')}`,
    );
  const storage = storageByType.get(tensor.type)!;
  const count = (tensor.sizeBytes / storage.blockBytes) * storage.blockValues;
  if (count > valueLimit) throw new UnsupportedError(`${where}: expected at most 2^32 values, got ${count}; split the tensor`);
  return { where, tensor, storage, count };
};

const unpackedOf = ({ groupValues, hasMinimums }: BlockFormat, count: number): Unpacked => ({
  codes: new Int8Array(count),
  scales: new Float32Array(count / groupValues),
  minimums: new Float32Array(hasMinimums ? count / groupValues : 0),
});

/** Calls back with whole blocks and the number of the first; the bytes are good only until the next call. */
const eachSlice = async (
  path: string,
  { offset, sizeBytes }: GgufTensor,
  { blockBytes }: GgufStorage,
  where: string,
  use: (bytes: Uint8Array<ArrayBuffer>, firstBlock: number) => void,
): Promise<void> => {
  const step = Math.ceil(sliceBytes / blockBytes) * blockBytes;
  const buffer = new Uint8Array(Math.min(step, sizeBytes));
  const file = await open(path, 'r');
  try {
    for (let at = 0; at < sizeBytes; at += step) {
      const bytes = buffer.subarray(0, Math.min(step, sizeBytes - at));
      await readInto(file, bytes, offset + at, where);
      use(bytes, at / blockBytes);
    }
  } finally {
    await file.close();
  }
};

const expand = ({ codes, scales, minimums }: Unpacked, { groupValues, hasMinimums }: BlockFormat, count: number, out: Float32Array, at: number): void => {
  for (let group = 0; group * groupValues < count; group++) {
    const scale = scales[group]!;
    const from = group * groupValues;
    if (hasMinimums) {
      const minimum = minimums[group]!;
      for (let i = from; i < from + groupValues; i++) out[at + i] = Math.fround(scale * codes[i]!) + minimum;
    } else for (let i = from; i < from + groupValues; i++) out[at + i] = scale * codes[i]!; // no zero added: it would lose the sign of −0
  }
};

const refuseNonFinite = (values: Float32Array, where: string): void => {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new FormatError(`${where}: expected finite weights, got NaN or an infinity at value ${at}; the file is damaged or its training failed`);
};
