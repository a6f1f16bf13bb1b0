import { type GgufCursor, type GgufNumbers, type NumberKind, quote } from './gguf-cursor.ts';

/**
 * A value of a GGUF file's metadata. Whole numbers of 64 bits are numbers where a double holds them exactly, else bigint; arrays of numbers come as typed arrays, 64-bit ones as bigint arrays.
 */
export type GgufValue = string | number | bigint | boolean | GgufNumbers | readonly GgufValue[];

const keyLimit = 100_000;
const keyBytesLimit = 65_535;
const textBytesLimit = 10_000_000;
const itemLimit = 1_000_000;
const nestedArrayLimit = 100_000;
const depthLimit = 4;

const numberKinds = new Map<number, NumberKind>([
  [0, Uint8Array],
  [1, Int8Array],
  [2, Uint16Array],
  [3, Int16Array],
  [4, Uint32Array],
  [5, Int32Array],
  [6, Float32Array],
  [10, BigUint64Array],
  [11, BigInt64Array],
  [12, Float64Array],
]);
export const uint32Type = 4;
const boolType = 7;
const textType = 8;
const arrayType = 9;

/** Reads `count` pairs of key and value. @throws FormatError where a key comes twice, a type is unknown, or the file cannot hold what it says */
export const readMetadata = (cursor: GgufCursor, count: number): { values: Map<string, GgufValue>; types: Map<string, number> } => {
  if (count > keyLimit) cursor.refuse(`at most ${keyLimit} metadata keys`, count);
  cursor.requireRoom('metadata entries', count, 13);
  const values = new Map<string, GgufValue>();
  const types = new Map<string, number>();
  const budget = { arrays: nestedArrayLimit };
  for (let i = 0; i < count; i++) {
    cursor.place = `metadata entry ${i}`;
    const key = cursor.text('key', keyBytesLimit);
    if (values.has(key)) cursor.refuse('every key once', quote(key));
    cursor.place = `metadata ${quote(key)}`;
    const type = cursor.uint32('value type');
    types.set(key, type);
    values.set(key, readValue(cursor, type, 0, budget));
  }
  return { values, types };
};

const readValue = (cursor: GgufCursor, type: number, depth: number, budget: { arrays: number }): GgufValue => {
  if (type === textType) return cursor.text('text', textBytesLimit);
  if (type === arrayType) return readArray(cursor, depth + 1, budget);
  if (type === boolType) return toBoolean(cursor, (cursor.numbers(Uint8Array, 1) as Uint8Array)[0]!);
  const kind = numberKinds.get(type);
  if (!kind) return cursor.refuse('a value type of 0 to 12', type);
  const value = cursor.numbers(kind, 1)[0]!;
  return typeof value === 'bigint' && BigInt.asIntN(54, value) === value ? Number(value) : value;
};

const toBoolean = (cursor: GgufCursor, byte: number): boolean => (byte > 1 ? cursor.refuse('a boolean of 0 or 1', byte) : byte === 1);

const readArray = (cursor: GgufCursor, depth: number, budget: { arrays: number }): GgufValue => {
  if (depth > depthLimit) cursor.refuse(`arrays nested at most ${depthLimit} deep`, 'more');
  if (budget.arrays-- === 0) cursor.refuse(`at most ${nestedArrayLimit} arrays`, 'more');
  const type = cursor.uint32('item type');
  const count = cursor.length('count of items', itemLimit);
  const kind = numberKinds.get(type);
  if (kind) return cursor.numbers(kind, count);
  if (type === boolType) return Array.from(cursor.numbers(Uint8Array, count) as Uint8Array, (byte) => toBoolean(cursor, byte));
  if (type !== textType && type !== arrayType) return cursor.refuse('an item type of 0 to 12', type);
  cursor.requireRoom('items', count, type === textType ? 8 : 12);
  const items: GgufValue[] = [];
  for (let i = 0; i < count; i++) items.push(readValue(cursor, type, depth, budget));
  return items;
};
