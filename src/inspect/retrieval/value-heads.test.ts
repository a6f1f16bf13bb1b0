import { describe, expect, it } from 'vitest';
import { openDraw } from '../orion/draw.ts';
import { type ValuedStory, valueHeads } from './value-heads.ts';

const values = ['Cusco', 'Porto', 'Valencia'];
const count = 30;
const heads = 40;

/** Stories whose heads do what chance says, `scale` strong; `planted` is added in head 7 where the value is Porto. */
const made = (seed: number, { planted = 0, scale = 0.05 } = {}): ValuedStory[] => {
  const draw = openDraw(seed);
  const noise = (): number => (scale * (draw.index(1000) + draw.index(1000) + draw.index(1000) - 1500)) / 1500;
  return Array.from({ length: count }, (_, i) => ({
    value: values[i % values.length]!,
    effects: Array.from({ length: heads }, (_unused, head) => noise() + (head === 7 && values[i % values.length] === 'Porto' ? planted : 0)),
    attention: Array.from({ length: heads }, (_unused, head) => (head === 7 && values[i % values.length] === 'Porto' ? 0.6 : 0.2)),
  }));
};

describe('valueHeads', () => {
  it.each([0.08, -0.08])('finds the head that a value was planted in (%d), and that one alone', (planted) => {
    const { values: told, heads: found } = valueHeads(made(1, { planted }), { seed: 1 });
    expect(told).toEqual(values.map((value) => ({ value, stories: 10 })));
    expect(found).toMatchObject([{ at: 7, value: 'Porto' }]);
    const [{ effect, attention, p }] = found as [(typeof found)[number]];
    expect(effect.with - effect.without).toBeCloseTo(planted, 1);
    expect([attention.with, attention.without]).toEqual([expect.closeTo(0.6), expect.closeTo(0.2)]);
    expect(p).toBeLessThan(0.01);
    expect(valueHeads(made(1, { planted }), { seed: 1 }).heads).toEqual(found);
  });

  it('finds in what is chance no more than one time in twenty, however many heads there are', () => {
    const times = 60;
    const wrong = Array.from({ length: times }, (_, seed) => valueHeads(made(seed + 10), { seed }).heads).filter((found) => found.length > 0);
    expect(wrong.length).toBeLessThanOrEqual(8); // of 3 expected; more by chance 1 time in 100
  }, 120_000);

  it('does not tell of differences that are sure and do not matter, nor of values that few stories have', () => {
    expect(valueHeads(made(1, { planted: 0.008, scale: 0.0001 }), { seed: 1 }).heads).toEqual([]);
    const few = made(1, { planted: 0.5 }).slice(0, 9); // three of each
    expect(valueHeads(few, { seed: 1 })).toEqual({ values: [], heads: [] });
    expect(valueHeads(made(1, { planted: 0.5 }).map((story) => ({ ...story, value: 'Porto' })), { seed: 1 }).values).toEqual([]); // biome-ignore format: one value
  });
});
