import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from './index.ts';

const bits = new Float32Array(1);
const asBits = (value: number): number => {
  bits[0] = value;
  return new Uint32Array(bits.buffer)[0]!;
};
/** Any float32 there is, by its bits. */
const anyFloat = fc.integer({ min: 0, max: 0xffffffff }).map((pattern) => new Float32Array(Uint32Array.of(pattern).buffer)[0]!);
// The engine's own float16, where it has one: another implementation to hold ours against.
const Native = (globalThis as { Float16Array?: new (values: ArrayLike<number>) => { buffer: ArrayBuffer } }).Float16Array;

/** Value of the format nearest to `value`; of two equally near, the one with an even last bit. */
const nearest = (value: number, widen: (bits: Uint16Array) => Float32Array, infinity: number): number => {
  const table = widen(Uint16Array.from({ length: infinity }, (_, i) => i));
  const size = Math.abs(value);
  let [low, high] = [0, infinity];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table[middle]! <= size) low = middle;
    else high = middle;
  }
  const above = high === infinity ? table[low]! + (table[low]! - table[low - 1]!) : table[high]!;
  const chosen = size - table[low]! < above - size || (size - table[low]! === above - size && low % 2 === 0) ? low : high;
  return chosen | (Object.is(Math.sign(value), -1) || Object.is(value, -0) ? 0x8000 : 0);
};

describe.each([
  { name: 'float16', widen: widenFloat16, narrow: narrowToFloat16, infinity: 0x7c00 },
  { name: 'bfloat16', widen: widenBfloat16, narrow: narrowToBfloat16, infinity: 0x7f80 },
])('$name', ({ widen, narrow, infinity }) => {
  it('comes back from float32 as it went, for every pattern there is (NaN stays NaN)', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const wide = widen(all);
    const back = narrow(wide);
    for (let i = 0; i < 65536; i++) if (Number.isNaN(wide[i]!) ? !((back[i]! & 0x7fff) > infinity) : back[i] !== i) expect.fail(`${i} became ${back[i]}`);
  });

  it('rounds to the nearest, ties to even', () => {
    fc.assert(
      fc.property(anyFloat, (value) => {
        const [got] = narrow(Float32Array.of(value));
        if (Number.isNaN(value)) expect(got! & 0x7fff).toBeGreaterThan(infinity);
        else if (!Number.isFinite(value)) expect(got! & 0x7fff).toBe(infinity);
        else expect(got).toBe(nearest(value, widen, infinity));
      }),
      { numRuns: 300 },
    );
  });

  it('rounds halves to even at every step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: infinity - 2 }), (low) => {
        const [a, b] = widen(Uint16Array.of(low, low + 1));
        const half = (a! + b!) / 2; // exact in float32: one bit more than the format has
        expect(narrow(Float32Array.of(half))[0]).toBe(low % 2 === 0 ? low : low + 1);
      }),
    );
  });
});

it.skipIf(!Native)("is the engine's own float16", () => {
  fc.assert(
    fc.property(anyFloat, (value) => {
      const [theirs] = new Uint16Array(new Native!([value]).buffer);
      const [ours] = narrowToFloat16(Float32Array.of(value));
      if (Number.isNaN(value)) expect(ours! & 0x7c00).toBe(0x7c00);
      else expect(ours, `${value} = ${asBits(value).toString(16)}`).toBe(theirs);
    }),
    { numRuns: 2000 },
  );
});
