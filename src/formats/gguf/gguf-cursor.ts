import { FormatError } from '../../core/index.ts';

/** Numbers of a metadata array, as wide as they are stored. */
export type GgufNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

export interface NumberKind {
  new (buffer: ArrayBuffer): GgufNumbers;
  readonly BYTES_PER_ELEMENT: number;
}

/** Most that a header may be, in bytes: about four times the largest vocabulary known. */
const headerLimit = 64 * 2 ** 20;

/** The bytes at hand end before the file does: read `needBytes` of it and parse again. Never reaches a caller. */
export class WindowEnd extends Error {
  readonly needBytes: number;
  constructor(needBytes: number) {
    super(`internal: a header goes on beyond the bytes that were read, to ${needBytes} or more`);
    this.needBytes = needBytes;
  }
}

/** A name from a file, fit to be shown. */
export const quote = (name: string): string => JSON.stringify(name.slice(0, 200));

/** Walks over the head of a GGUF file. Every length is held against the file's size before anything is made for it. */
export interface GgufCursor {
  /** What is being read, for errors. */
  place: string;
  readonly at: () => number;
  readonly uint32: (what: string) => number;
  /** A 64-bit length or number, at most `limit`. */
  readonly length: (what: string, limit: number) => number;
  /** Length, then UTF-8. */
  readonly text: (what: string, limitBytes: number) => string;
  readonly numbers: (kind: NumberKind, count: number) => GgufNumbers;
  /** Refuses a count of things that are each `leastBytes` or more, where so many cannot lie ahead. */
  readonly requireRoom: (what: string, count: number, leastBytes: number) => void;
  readonly refuse: (expected: string, got: unknown) => never;
}

/**
 * @param bytes      the file's first bytes, not a Buffer
 * @param sizeBytes  of the whole file
 */
export const ggufCursor = (bytes: Uint8Array, sizeBytes: number, where: string): GgufCursor => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let at = 0;

  const refuse = (expected: string, got: unknown): never => {
    throw new FormatError(`${where} ${cursor.place}: expected ${expected}, got ${String(got)}; the file is damaged or cut short, fetch it again`);
  };
  const take = (count: number, what: string): number => {
    if (count > sizeBytes - at) refuse(`${count} bytes of ${what} at byte ${at}`, sizeBytes - at);
    if (at + count > headerLimit) refuse(`a header of at most ${headerLimit} bytes`, `${what} to byte ${at + count}`);
    if (at + count > bytes.length) throw new WindowEnd(at + count);
    at += count;
    return at - count;
  };
  const length = (what: string, limit: number): number => {
    const from = take(8, what);
    const high = view.getUint32(from + 4, true);
    const value = view.getUint32(from, true) + high * 2 ** 32;
    if (value > limit) refuse(`${what} of at most ${limit}`, view.getBigUint64(from, true));
    return value;
  };

  const cursor: GgufCursor = {
    place: 'header',
    at: () => at,
    uint32: (what) => view.getUint32(take(4, what), true),
    length,
    text: (what, limitBytes) => {
      const count = length(`length of ${what}`, limitBytes);
      const from = take(count, what);
      const text = buffer.toString('utf8', from, at);
      if (text.includes('\ufffd')) {
        try {
          strict.decode(bytes.subarray(from, at));
        } catch {
          refuse(`${what} in UTF-8`, `other bytes at ${from}`);
        }
      }
      return text;
    },
    numbers: (kind, count) => {
      const from = take(count * kind.BYTES_PER_ELEMENT, 'numbers');
      return new kind(bytes.slice(from, at).buffer as ArrayBuffer);
    },
    requireRoom: (what, count, leastBytes) => {
      if (count * leastBytes > sizeBytes - at) refuse(`room for ${count} ${what} of ${leastBytes} bytes or more`, `${sizeBytes - at} bytes`);
    },
    refuse,
  };
  return cursor;
};
