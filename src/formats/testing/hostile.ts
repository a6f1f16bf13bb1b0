// Files made wrong on purpose, for tests.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, type SafetensorsFile } from '../safetensors.ts';

/** A safetensors file of a header (JSON, text or bytes) and what stands behind it. */
export const pack = (header: object | string | Uint8Array, body: Uint8Array): Uint8Array => {
  const bytes = header instanceof Uint8Array ? header : new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + bytes.length + body.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(bytes.length), true);
  file.set(bytes, 8);
  file.set(body, 8 + bytes.length);
  return file;
};

/** A good file, small and with some of everything. */
export const sample = pack(
  {
    __metadata__: { format: 'pt' },
    'layer.weight': { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
    'layer.bias': { dtype: 'F16', shape: [2], data_offsets: [16, 20] },
    steps: { dtype: 'I64', shape: [], data_offsets: [20, 28] },
    empty: { dtype: 'U8', shape: [0, 3], data_offsets: [28, 28] },
  },
  new Uint8Array(28).fill(1),
);

/** Opens bytes as a file and reads every tensor of it. */
export const openBytes = async (folder: string, bytes: Uint8Array): Promise<SafetensorsFile> => {
  const path = join(folder, 'hostile.safetensors');
  await writeFile(path, bytes);
  const file = await openSafetensors(path);
  for (const name of file.tensors.keys()) await file.read(name);
  return file;
};

const spices = [
  '9007199254740993',
  '-1',
  '1e308',
  '4294967296',
  '0',
  '[',
  ']',
  '{',
  '}',
  '"',
  ',',
  'null',
  '"F64"',
  '"shape"',
  '\\u0000',
  '__metadata__',
  '28',
  '\u0000',
];

const values: readonly unknown[] = [
  null,
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 60,
  '',
  'x'.repeat(5000),
  '(a+)+b',
  '\u0000',
  true,
  [],
  [[]],
  {},
  { type: 'Sequence' },
  { Regex: '(' },
  { Regex: '(.*)*x' },
  { String: '' },
];

/** A stream of whole numbers below what is asked for. */
const stream = (seed: number): ((below: number) => number) => {
  let state = seed | 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % Math.max(below, 1);
  };
};

/** The same seed makes the same damage to a copy of a JSON object: parts lost, renamed, exchanged, or of another kind. */
export const mutateJson = (original: object, seed: number): object => {
  const next = stream(seed);
  const copy = structuredClone(original) as Record<string, unknown>;
  for (let rounds = 1 + next(3); rounds > 0; rounds--) {
    let parent = copy;
    let key = '';
    for (let depth = 1 + next(6); depth > 0; depth--) {
      const keys = Object.keys(parent);
      if (keys.length === 0) break;
      key = keys[next(keys.length)]!;
      const child = parent[key];
      if (depth === 1 || typeof child !== 'object' || child === null) break;
      parent = child as Record<string, unknown>;
    }
    const kind = next(4);
    if (kind === 0) delete parent[key];
    else if (kind === 1) parent[spices[next(spices.length)]!] = structuredClone(parent[key]);
    else parent[key] = structuredClone(values[next(values.length)]);
  }
  return copy;
};

/** The same seed makes the same damage: bits flipped, parts cut, doubled, swapped or replaced by what parsers dislike. */
export const mutate = (original: Uint8Array, seed: number): Uint8Array => {
  const next = stream(seed);
  let bytes = [...original];
  for (let rounds = 1 + next(4); rounds > 0; rounds--) {
    const at = next(bytes.length);
    const length = 1 + next(12);
    const kind = next(7);
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8));
    else if (kind === 1) bytes = bytes.slice(0, at);
    else if (kind === 2) bytes.splice(at, length);
    else if (kind === 3) bytes.splice(at, 0, ...bytes.slice(at, at + length));
    else if (kind === 4) bytes.splice(at, next(3) * length, ...new TextEncoder().encode(spices[next(spices.length)]!));
    else if (kind === 5) bytes.splice(next(8), 1, next(256));
    else bytes.push(...bytes.slice(at, at + length));
  }
  const out = Uint8Array.from(bytes);
  // Most damage keeps the length of the header right, so that what lies behind that check is reached.
  if (out.length > 36 && next(4) > 0) new DataView(out.buffer).setBigUint64(0, BigInt(out.length - 8 - 28), true);
  return out;
};
