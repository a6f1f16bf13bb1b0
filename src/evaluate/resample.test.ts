import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrap, pairedBootstrap } from './resample.ts';

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const spread = Array.from({ length: 100 }, (_, i) => i / 100);

describe('bootstrap', () => {
  it('gives the mean of 0, 0.01, …, 0.99 an interval of about ± 1.96 · √(1/12) / √100 = ± 0.0566', () => {
    const { value, low, high } = bootstrap(spread, mean, { samples: 4000 });
    expect(value).toBeCloseTo(0.495, 12);
    expect(high - low).toBeGreaterThan(0.9 * 2 * 0.0566);
    expect(high - low).toBeLessThan(1.1 * 2 * 0.0566);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });

  it('is a function of the seed', () => {
    expect(bootstrap(spread, mean, { seed: 7 })).toEqual(bootstrap(spread, mean, { seed: 7 }));
    expect(bootstrap(spread, mean, { seed: 7 })).not.toEqual(bootstrap(spread, mean, { seed: 8 }));
  });

  it('has no width where all units are alike', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 20 }), (x, n) => {
        const { value, low, high } = bootstrap(new Array<number>(n).fill(x), (units) => units[0]!, { samples: 20 });
        expect([value, low, high]).toEqual([x, x, x]);
      }),
    );
  });

  it('refuses to draw from nothing', () => {
    expect(() => bootstrap([], () => 0)).toThrow('at least one unit');
  });
});

describe('paired bootstrap', () => {
  it('sees a steady small gain that the two intervals alone would hide', () => {
    const better = spread.map((x) => x + 0.01);
    const { value, low, high, pValue } = pairedBootstrap(better, spread, mean);
    expect(value).toBeCloseTo(0.01, 12);
    expect(low).toBeCloseTo(0.01, 9);
    expect(high).toBeCloseTo(0.01, 9);
    expect(pValue).toBeLessThan(0.01);
    expect(bootstrap(better, mean).low).toBeLessThan(bootstrap(spread, mean).high);
  });

  it('sees nothing between a system and itself', () => {
    expect(pairedBootstrap(spread, spread, mean)).toEqual({ value: 0, low: 0, high: 0, pValue: 1 });
  });

  it('turns its sign with the order of the systems', () => {
    const other = spread.map((x) => 1 - x * x);
    const there = pairedBootstrap(other, spread, mean);
    const back = pairedBootstrap(spread, other, mean);
    expect(there.value).toBeCloseTo(-back.value, 12);
    expect(there.low).toBeCloseTo(-back.high, 12);
  });

  it('refuses systems measured on different documents', () => {
    expect(() => pairedBootstrap([1, 2], [1], mean)).toThrow('expected the same units twice, got 2 and 1');
  });
});
