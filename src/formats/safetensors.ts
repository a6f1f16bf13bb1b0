import { type FileHandle, open } from 'node:fs/promises';
import { type Dtype, FormatError, NotFoundError, UnsupportedError } from '../core/index.ts';
import { widenBfloat16, widenFloat16 } from './half.ts';
import { openToRead } from './open-to-read.ts';
import { readInto } from './read-into.ts';
import { type Json, type JsonObject, parseStrictJson } from './strict-json.ts';

/** Values of a tensor; bool is kept in bytes, float16 as its bits. */
export type Values = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint32Array | Int8Array | Uint8Array | Uint16Array;

export interface TensorData {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Values;
}

/** How a tensor is stored: the dtypes of Lyceum, and those that a file may hold but nothing here computes with. */
export type StoredDtype = Dtype | 'bfloat16' | 'int16' | 'uint16' | 'uint64' | 'float8_e4m3' | 'float8_e5m2';

export interface TensorInfo {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  /** From the start of the file, in bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Values of one tensor as they are stored; bfloat16 comes as float32.
   *
   * @throws NotFoundError · UnsupportedError for a dtype nothing here computes with · FormatError where the file has become shorter, or `checkFinite` finds NaN or an infinity
   */
  read(name: string, options?: ReadOptions): Promise<TensorData>;
}

export interface ReadOptions {
  /** Refuse NaN and infinities: weights that hold them would spread silently. */
  readonly checkFinite?: boolean;
}

/** Most that a header may be, in bytes: what the reference implementation accepts. */
const headerLimit = 100_000_000;
const tensorLimit = 100_000;
const rankLimit = 16;

/** Names of the format and bytes a value; ours are in `core`. */
export const storage: Readonly<Record<string, readonly [StoredDtype, number]>> = {
  F64: ['float64', 8],
  I64: ['int64', 8],
  U64: ['uint64', 8],
  F32: ['float32', 4],
  I32: ['int32', 4],
  U32: ['uint32', 4],
  F16: ['float16', 2],
  BF16: ['bfloat16', 2],
  I16: ['int16', 2],
  U16: ['uint16', 2],
  I8: ['int8', 1],
  U8: ['uint8', 1],
  BOOL: ['bool', 1],
  F8_E4M3: ['float8_e4m3', 1],
  F8_E5M2: ['float8_e5m2', 1],
};

/**
 * Opens a safetensors file: reads and checks the header, no weights. Every limit is checked before memory is taken for it.
 *
 * @throws FormatError where the bytes are not what the format says: header over 100 MB or beyond the file, duplicate keys, integers above 2^53, unknown dtypes, shapes that do not fit their
 * bytes, tensors that overlap, leave gaps or end beyond the file
 */
export const openSafetensors = async (path: string): Promise<SafetensorsFile> => {
  const where = `safetensors ${path}`;
  const file = await openToRead(path, where);
  try {
    const { size } = await file.stat();
    if (size < 8) throw new FormatError(`${where}: expected at least 8 bytes, got ${size}; the file is cut short or not safetensors`);
    const claimed = (await readExactly(file, 0, 8, where)).readBigUInt64LE();
    if (claimed > headerLimit)
      throw new FormatError(`${where}: expected a header of at most ${headerLimit} bytes, got ${claimed}; the file is damaged or not safetensors`);
    const headerBytes = Number(claimed);
    if (headerBytes > size - 8)
      throw new FormatError(`${where}: expected a header of ${headerBytes} bytes, got ${size - 8} bytes of file; it is cut short, fetch it again`);
    const header = parseHeader(await readExactly(file, 8, headerBytes, where), where, 8 + headerBytes, size);
    return { path, ...header, read: (name, options) => readTensor(path, header.tensors, name, options) };
  } finally {
    await file.close();
  }
};

/**
 * Checks a header against the size of its file; takes bytes only, so that it can be tried on anything.
 *
 * @param start  where the tensors begin, in bytes from the start of the file
 * @param size   of the whole file, in bytes
 */
export const parseHeader = (
  bytes: Uint8Array,
  where: string,
  start: number,
  size: number,
): { metadata: Readonly<Record<string, string>>; tensors: ReadonlyMap<string, TensorInfo> } => {
  if (bytes[0] !== 0x7b) throw new FormatError(`${where}: expected a header that begins with "{", got byte ${bytes[0] ?? 'none'}; the file is not safetensors`);
  const json = parseStrictJson(decode(bytes, where), `${where} header`, { depth: 4, values: 20 * tensorLimit }) as JsonObject;
  if (json.size > tensorLimit + 1) throw new FormatError(`${where}: expected at most ${tensorLimit} tensors, got ${json.size}; the file is not a model's`);
  const tensors = new Map<string, TensorInfo>();
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of json) {
    if (name === '__metadata__') metadata = readMetadata(value, where);
    else tensors.set(name, readInfo(value, `${where} tensor ${JSON.stringify(name.slice(0, 200))}`, start, size));
  }
  checkCover([...tensors], where, start, size);
  return { metadata, tensors };
};

const decode = (bytes: Uint8Array, where: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`${where}: expected a header in UTF-8, got other bytes; the file is damaged`);
  }
};

const readMetadata = (value: Json, where: string): Readonly<Record<string, string>> => {
  if (!(value instanceof Map)) throw new FormatError(`${where}: expected __metadata__ to be an object of strings; the file is damaged`);
  const entries = [...(value as JsonObject)];
  for (const [key, text] of entries)
    if (typeof text !== 'string') throw new FormatError(`${where}: expected __metadata__.${key} to be a string, got ${typeof text}; the file is damaged`);
  return Object.fromEntries(entries) as Record<string, string>;
};

const isCount = (value: Json | undefined): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const readInfo = (value: Json, where: string, start: number, size: number): TensorInfo => {
  const refuse = (expected: string, got: unknown): never => {
    throw new FormatError(`${where}: expected ${expected}, got ${String(got).slice(0, 100)}; the file is damaged, fetch it again`);
  };
  if (!(value instanceof Map)) return refuse('an object', typeof value);
  const entry = value as JsonObject;
  for (const key of entry.keys()) if (key !== 'dtype' && key !== 'shape' && key !== 'data_offsets') refuse('dtype, shape and data_offsets', key);
  const dtype = entry.get('dtype');
  const stored = typeof dtype === 'string' && Object.hasOwn(storage, dtype) ? storage[dtype] : undefined;
  if (!stored) return refuse(`a dtype of ${Object.keys(storage).join(', ')}`, dtype);
  const shape = entry.get('shape');
  if (!Array.isArray(shape) || shape.length > rankLimit || !shape.every(isCount))
    return refuse(`a shape of at most ${rankLimit} lengths`, JSON.stringify(shape));
  const offsets = entry.get('data_offsets');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) return refuse('data_offsets of two whole numbers', JSON.stringify(offsets));
  const [begin, end] = offsets as [number, number];
  const sizeBytes = productOf([...(shape as number[]), stored[1]]);
  if (sizeBytes === undefined) return refuse('a shape whose product stays below 2^53', `[${shape.join(', ')}]`);
  if (end - begin !== sizeBytes) return refuse(`${sizeBytes} bytes for ${dtype} [${shape.join(', ')}]`, `${end - begin}`);
  if (end > size - start) return refuse(`its end within the file's ${size - start} bytes of tensors`, end);
  return { dtype: stored[0], shape: shape as number[], offset: start + begin, sizeBytes };
};

/** Product of whole numbers, or undefined where it, or a product on the way, passes 2^53 (a zero further on does not excuse it). */
const productOf = (factors: readonly number[]): number | undefined => {
  let product = 1;
  for (const factor of factors) {
    product *= Math.max(factor, 1);
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return factors.includes(0) ? 0 : product;
};

const checkCover = (tensors: [string, TensorInfo][], where: string, start: number, size: number): void => {
  tensors.sort(([, a], [, b]) => a.offset - b.offset || a.sizeBytes - b.sizeBytes);
  let end = start;
  for (const [name, { offset, sizeBytes }] of tensors) {
    if (offset !== end)
      throw new FormatError(
        `${where}: expected tensor ${JSON.stringify(name)} to begin at byte ${end}, where the one before ends, got ${offset}; the file is damaged`,
      );
    end = offset + sizeBytes;
  }
  if (end !== size)
    throw new FormatError(`${where}: expected tensors to fill the file's ${size} bytes, got ${end}; the file is cut short or has something behind it`);
};

const readExactly = async (file: FileHandle, from: number, count: number, where: string): Promise<Buffer> => {
  const buffer = Buffer.from(new ArrayBuffer(count));
  await readInto(file, buffer, from, where);
  return buffer;
};

const viewers: Partial<Record<StoredDtype, (buffer: ArrayBuffer) => Values>> = {
  float64: (b) => new Float64Array(b),
  float32: (b) => new Float32Array(b),
  float16: (b) => new Uint16Array(b),
  bfloat16: (b) => widenBfloat16(new Uint16Array(b)),
  int64: (b) => new BigInt64Array(b),
  int32: (b) => new Int32Array(b),
  uint32: (b) => new Uint32Array(b),
  int8: (b) => new Int8Array(b),
  uint8: (b) => new Uint8Array(b),
  bool: (b) => new Uint8Array(b),
};

const readTensor = async (
  path: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  name: string,
  { checkFinite = false }: ReadOptions = {},
): Promise<TensorData> => {
  const where = `safetensors ${path} tensor ${JSON.stringify(name)}`;
  const info = tensors.get(name);
  if (!info)
    throw new NotFoundError(
      `${where}: expected one of ${tensors.size} tensors, got a name that is not there; the first are ${[...tensors.keys()].slice(0, 5).join(', ')}`,
    );
  const view = viewers[info.dtype];
  if (!view) throw new UnsupportedError(`${where}: expected a dtype that can be computed with, got ${info.dtype}; convert the file`);
  const file = await open(path, 'r');
  try {
    const bytes = await readExactly(file, info.offset, info.sizeBytes, where);
    const data = view(bytes.buffer as ArrayBuffer);
    if (checkFinite) refuseNonFinite(data, info.dtype, where);
    return { dtype: info.dtype === 'bfloat16' ? 'float32' : (info.dtype as Dtype), shape: info.shape, data };
  } finally {
    await file.close();
  }
};

const refuseNonFinite = (data: Values, dtype: StoredDtype, where: string): void => {
  const at =
    dtype === 'float16'
      ? (data as Uint16Array).findIndex((bits) => (bits & 0x7c00) === 0x7c00)
      : data instanceof Float32Array || data instanceof Float64Array
        ? (data as Float32Array).findIndex((value) => !Number.isFinite(value))
        : -1;
  if (at >= 0) throw new FormatError(`${where}: expected finite weights, got NaN or an infinity at value ${at}; the file is damaged or its training failed`);
};

/**
 * Reads tensors to see that they hold numbers only: for weights that are used where they lie, in their file.
 *
 * @param names  default: every tensor that can be computed with
 * @throws FormatError naming the first tensor that holds NaN or an infinity
 */
export const requireFinite = async (
  file: SafetensorsFile,
  names: Iterable<string> = [...file.tensors].filter(([, { dtype }]) => viewers[dtype]).map(([name]) => name),
): Promise<void> => {
  for (const name of names) await file.read(name, { checkFinite: true });
};

/** Values of one tensor as float32: float16 and bfloat16 are widened exactly, float64 is rounded. @throws UnsupportedError for whole numbers */
export const readAsFloat32 = async (file: SafetensorsFile, name: string, options: ReadOptions = {}): Promise<TensorData & { data: Float32Array }> => {
  const { dtype, shape, data } = await file.read(name, options);
  if (dtype === 'float16') return { dtype: 'float32', shape, data: widenFloat16(data as Uint16Array) };
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (data instanceof Float64Array) return { dtype: 'float32', shape, data: new Float32Array(data) };
  throw new UnsupportedError(`safetensors ${file.path} tensor ${JSON.stringify(name)}: expected floats, got ${dtype}; read it as it is`);
};
