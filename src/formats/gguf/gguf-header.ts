import { FormatError, UnsupportedError } from '../../core/index.ts';
import { type GgufCursor, ggufCursor, quote } from './gguf-cursor.ts';
import { type GgufValue, readMetadata, uint32Type } from './gguf-metadata.ts';
import { type GgufStorage, type GgufType, storageByCode } from './gguf-types.ts';

export interface GgufTensor {
  readonly name: string;
  readonly type: GgufType;
  /** Slowest axis first, `[rows, columns]`: the reverse of ggml's order. */
  readonly shape: readonly number[];
  /** From the start of the file, in bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface GgufHeader {
  readonly version: 2 | 3;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const tensorLimit = 100_000;
const nameBytesLimit = 65_535;
const rankLimit = 4;
const defaultAlignment = 32;
const magic = 0x46554747; // "GGUF", little endian

/**
 * Checks the head of a GGUF file against the size of the file; takes bytes only, so that it can be tried on anything.
 *
 * @param bytes      the file's first bytes, not a Buffer
 * @param sizeBytes  of the whole file
 * @throws WindowEnd where `bytes` end before the header does and the file goes on · what `openGguf` throws
 */
export const parseGguf = (bytes: Uint8Array, sizeBytes: number, where: string): GgufHeader => {
  const cursor = ggufCursor(bytes, sizeBytes, where);
  if (cursor.uint32('magic') !== magic) throw new FormatError(`${where}: expected a file that begins with "GGUF", got other bytes; it is not a GGUF file`);
  const version = readVersion(cursor, where);
  const tensorCount = cursor.length('count of tensors', tensorLimit);
  const keyCount = cursor.length('count of metadata keys', Number.MAX_SAFE_INTEGER);
  const { values: metadata, types } = readMetadata(cursor, keyCount);
  cursor.place = 'metadata "general.alignment"';
  const alignment = alignmentOf(cursor, metadata.get('general.alignment'), types.get('general.alignment'));
  cursor.place = 'tensors';
  cursor.requireRoom('tensors', tensorCount, 24);
  const infos: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) infos.push(readTensorInfo(cursor, i, alignment, where));
  const start = Math.ceil(cursor.at() / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const info of infos) {
    cursor.place = `tensor ${quote(info.name)}`;
    if (tensors.has(info.name)) cursor.refuse('every tensor once', quote(info.name));
    const end = start + info.offset + info.sizeBytes;
    if (end > sizeBytes) cursor.refuse(`its end within the file's ${sizeBytes} bytes`, end);
    tensors.set(info.name, { ...info, offset: start + info.offset });
  }
  refuseOverlap([...tensors.values()], cursor);
  return { version, metadata, tensors };
};

const readVersion = (cursor: GgufCursor, where: string): 2 | 3 => {
  const version = cursor.uint32('version');
  if (version === 2 || version === 3) return version;
  if (version !== 0 && (version & 0xffff) === 0)
    throw new UnsupportedError(`${where}: expected a little-endian file, got a big-endian one; convert it on the machine it was made for`);
  throw new UnsupportedError(`${where}: expected GGUF version 2 or 3, got ${version}; convert the file anew from its source`);
};

const alignmentOf = (cursor: GgufCursor, value: GgufValue | undefined, type: number | undefined): number => {
  if (value === undefined) return defaultAlignment;
  if (type !== uint32Type || typeof value !== 'number' || value === 0 || (value & (value - 1)) !== 0)
    return cursor.refuse('a power of two in uint32', typeof value === 'string' ? quote(value) : typeof value === 'object' ? 'a list' : value);
  return value;
};

/** Its offset is still counted from where the tensors begin. */
const readTensorInfo = (cursor: GgufCursor, index: number, alignment: number, where: string): GgufTensor => {
  cursor.place = `tensor ${index}`;
  const name = cursor.text('name', nameBytesLimit);
  cursor.place = `tensor ${quote(name)}`;
  const rank = cursor.uint32('rank');
  if (rank > rankLimit) cursor.refuse(`at most ${rankLimit} axes`, rank);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.unshift(cursor.length('length of an axis', Number.MAX_SAFE_INTEGER));
  const code = cursor.uint32('type');
  const storage = storageByCode.get(code);
  if (!storage)
    throw new UnsupportedError(
      `${where} ${cursor.place}: expected a ggml type that is known here, got number ${code}; it is newer than this version, or was given up: convert the file`,
    );
  const columns = shape.at(-1) ?? 1;
  if (columns % storage.blockValues !== 0) cursor.refuse(`rows of whole blocks of ${storage.blockValues} for ${storage.type}`, `[${shape.join(', ')}]`);
  const sizeBytes = bytesOf(shape, storage) ?? cursor.refuse('a shape whose bytes stay below 2^53', `[${shape.join(', ')}]`);
  const offset = cursor.length('offset', Number.MAX_SAFE_INTEGER);
  if (offset % alignment !== 0) cursor.refuse(`an offset that is a multiple of ${alignment}`, offset);
  return { name, type: storage.type, shape, offset, sizeBytes };
};

/** Bytes of a tensor, or undefined where they, or a product on the way, pass 2^53 (a zero further on does not excuse it). */
const bytesOf = (shape: readonly number[], { blockValues, blockBytes }: GgufStorage): number | undefined => {
  let values = 1;
  for (const length of shape) values *= Math.max(length, 1);
  const sizeBytes = (values / blockValues) * blockBytes;
  if (values > Number.MAX_SAFE_INTEGER || sizeBytes > Number.MAX_SAFE_INTEGER) return undefined;
  return shape.includes(0) ? 0 : sizeBytes;
};

const refuseOverlap = (tensors: GgufTensor[], cursor: GgufCursor): void => {
  tensors.sort((a, b) => a.offset - b.offset || a.sizeBytes - b.sizeBytes);
  let end = 0;
  for (const { name, offset, sizeBytes } of tensors) {
    if (sizeBytes === 0) continue;
    cursor.place = `tensor ${quote(name)}`;
    if (offset < end) cursor.refuse(`its beginning at byte ${end} or later, where another ends`, offset);
    end = offset + sizeBytes;
  }
};
