import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/index.ts';
import { epochBatches, epochOrder } from './epoch.ts';
import { rateAt } from './schedule.ts';

describe('the order of an epoch', () => {
  it('is a permutation that depends on seed and epoch alone', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(100), fc.integer({ min: 0, max: 60 }), (seed, epoch, count) => {
        const order = epochOrder(seed, epoch, count);
        expect(order).toEqual(epochOrder(seed, epoch, count));
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
    expect(epochOrder(0, 0, 50)).not.toEqual(epochOrder(0, 1, 50));
    expect(epochOrder(0, 0, 50)).not.toEqual(epochOrder(1, 0, 50));
  });

  it('puts every example into one batch, and examples of like length together', () => {
    const lengths = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
    const batches = epochBatches(lengths, { seed: 1, epoch: 2, batch: 4, pool: 25 });
    expect(batches.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    for (const batch of batches) expect(Math.max(...batch.map((i) => lengths[i]!)) - Math.min(...batch.map((i) => lengths[i]!))).toBe(3);
    expect(() => epochBatches(lengths, { seed: 1, epoch: 2, batch: 0 })).toThrow(ConfigError);
  });
});

describe('the schedule', () => {
  it('rises to 1 and falls towards 0, never being 0 before the end', () => {
    for (const kind of ['linear', 'cosine'] as const) {
      const rates = Array.from({ length: 100 }, (_, i) => rateAt({ kind, warmup: 0.1 }, i + 1, 100));
      expect(rates[0]).toBeCloseTo(0.1);
      expect(rates[9]).toBe(1);
      expect(rates[99]).toBeGreaterThan(0);
      expect(rates[99]).toBeLessThan(0.02);
      expect(rates.slice(10).every((rate, i) => i === 0 || rate <= rates[9 + i]!)).toBe(true);
    }
    expect(rateAt({ kind: 'constant', warmup: 0 }, 100, 100)).toBe(1);
  });
});
