// Configurations made wrong on purpose, for tests.

const numbers = [0, -0, -1, 0.5, 1, 3, 7, 1000, 2 ** 24, 1e7, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 1e308, -1e308, 5e-324, 1e-30];
const others: readonly unknown[] = [
  null,
  true,
  false,
  '',
  '1',
  'gelu',
  'llama',
  'x'.repeat(5000),
  '__proto__',
  '\u0000',
  '\ud800',
  [],
  [1],
  ['full_attention'],
  {},
];
const nested: readonly unknown[] = [
  { rope_type: 'linear', factor: 0 },
  { rope_type: 'yarn', factor: 4 },
  { type: 'llama3', factor: 1e300 },
  { full_attention: null },
  [[[[[[]]]]]],
  { length: 3 },
  { length: 2 ** 40 },
];
const names = ['__proto__', 'constructor', 'toString', '', 'length', 'model_type', 'hidden_size', 'quantization_config', 'x'.repeat(3000)];

/** What JSON can say. */
export const jsonValues: readonly unknown[] = [...numbers, ...others, ...nested];

/** What the metadata of a GGUF file can say: wide integers, NaN, infinities, lists of numbers and long lists too. */
export const metadataValues: readonly unknown[] = [
  ...numbers,
  ...others,
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
  ...[new Uint32Array(), Uint32Array.of(2, 2), Float32Array.of(Number.NaN), BigInt64Array.of(-1n), new Int8Array(2 ** 20)],
  ...[Array.from({ length: 2 ** 20 }, () => false), [[true], [false]], [true, false]],
];

/** The same seed makes the same damage to a copy: keys lost, doubled under another name, exchanged, or of another value, one to three times; objects inside are damaged alike. */
export const spoil = <T extends object>(original: T, values: readonly unknown[], seed: number): T => {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const next = (below: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % Math.max(below, 1);
  };
  const entries = new Map<string, unknown>(Object.entries(original));
  for (let rounds = 1 + next(3); rounds > 0; rounds--) {
    const keys = [...entries.keys()];
    const [key = 'hidden_size', other = key] = [keys[next(keys.length)], keys[next(keys.length)]];
    const [kind, value] = [next(10), entries.get(key)];
    if (kind === 0) entries.delete(key);
    else if (kind === 1) entries.set(names[next(names.length)]!, value);
    else if (kind === 2) entries.set(key, entries.get(other)).set(other, value);
    else if (kind === 3 && typeof value === 'number') entries.set(key, value + (next(2) === 0 ? 1 : -1));
    else if (kind < 6 && typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Array.isArray(value))
      entries.set(key, spoil(value, values, next(2 ** 30)));
    else entries.set(key, values[next(values.length)]);
  }
  return Object.fromEntries(entries) as T;
};
