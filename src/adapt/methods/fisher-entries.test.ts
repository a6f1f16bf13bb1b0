import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/index.ts';
import { addFisher, type Fisher, fisherEntries } from './fisher-entries.ts';
import { placesOf, placesText } from './places-text.ts';

const fisherOf = (weights: Record<string, readonly number[]>): Fisher => {
  const fisher: Fisher = new Map();
  addFisher(
    fisher,
    Object.entries(weights).map(([site, values]) => [`${site}.weight`, Float32Array.from(values)]),
  );
  return fisher;
};
const places = (entries: Record<string, string>): Record<string, number[]> =>
  Object.fromEntries(Object.entries(entries).map(([site, text]) => [site, [...placesOf(site, text)]]));

it('Fisher information adds up squares, sample by sample', () => {
  const fisher: Fisher = new Map();
  addFisher(fisher, [['a.weight', Float32Array.of(1, -2, 0)]]);
  addFisher(fisher, [['a.weight', Float32Array.of(-1, 3, 0.5)]]);
  expect([...fisher.get('a.weight')!]).toEqual([2, 13, 0.25]);
  expect(() => addFisher(fisher, [['a.weight', Float32Array.of(1)]])).toThrow(/of 3 values, got 1/);
  expect(() => addFisher(fisher, [['b.weight', Float32Array.of(Number.NaN)]])).toThrow(/b\.weight: expected finite/);
});

describe('fisherEntries', () => {
  const given = { a: [1, 9, 2, 8], b: [7, 0, 3, 0, 6, 0] };

  it('takes the largest of all weights together, or of each', () => {
    expect(places(fisherEntries(fisherOf(given), 0.3))).toEqual({ a: [1, 3], b: [0] });
    expect(places(fisherEntries(fisherOf(given), 0.5, { scope: 'weight' }))).toEqual({ a: [1, 3], b: [0, 2, 4] });
    expect(places(fisherEntries(fisherOf(given), 1))).toEqual({ a: [0, 1, 2, 3], b: [0, 1, 2, 3, 4, 5] });
    expect(places(fisherEntries(fisherOf(given), 1e-9))).toEqual({ a: [1] });
  });

  it('takes as many as it says, whatever ties', () => {
    expect(places(fisherEntries(fisherOf({ a: [5, 5, 5], b: [5, 6] }), 0.6))).toEqual({ a: [0, 1], b: [1] });
  });

  it('agrees with sorting', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: 0, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const fisher = fisherOf({ a: values });
          const own = fisher.get('a.weight')!;
          const found = places(fisherEntries(fisher, share))['a']!;
          const sorted = [...own].sort((p, q) => q - p);
          expect(found.map((at) => own[at]!).sort((p, q) => q - p)).toEqual(sorted.slice(0, Math.max(1, Math.round(share * own.length))));
        },
      ),
    );
  });

  it('refuses a share that is none, and to choose among nothing', () => {
    for (const share of [0, -1, 1.1, Number.NaN]) expect(() => fisherEntries(fisherOf(given), share)).toThrow(ConfigError);
    expect(() => fisherEntries(new Map([['a.bias', Float32Array.of(1)]]), 0.5)).toThrow(/got none/);
  });
});

describe('places as text', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 2 ** 31 - 1 }), { minLength: 1 }), (numbers) => {
        const sorted = numbers.sort((a, b) => a - b);
        expect([...placesOf('here', placesText(sorted))]).toEqual(sorted);
      }),
    );
    expect([...placesOf('here', placesText([0, 1, 127, 128, 129, 2 ** 40]))]).toEqual([0, 1, 127, 128, 129, 2 ** 40]);
  });

  it('are refused where they are none', () => {
    const endless = Buffer.from([0x80]).toString('base64');
    for (const text of ['', '*', 'AA', endless, Buffer.from(Array(12).fill(0xff)).toString('base64')])
      expect(() => placesOf('here', text), text).toThrow(ConfigError);
  });
});
