import { describe, expect, it } from 'vitest';
import { ConfigError, tensor } from '../../core/index.ts';
import { largestDifference } from '../../nn/edits/testing/tiny-bert.ts';
import { adapted, base, finished, inner, out, rank, site, started, value, valuesFor } from '../testing/one-linear.ts';
import { arrow, arrowOf, type FinishedAdapter, lora } from './index.ts';
import { strongestInput } from './strongest-input.ts';

describe('Arrow', () => {
  const asLora = ({ scale, values }: FinishedAdapter): Float64Array =>
    value(
      adapted(lora({ rank, alpha: scale * rank })),
      new Map([...valuesFor(base), ...[...values].map(([name, { shape, data }]) => [name, tensor(shape, data)] as const)]),
    );

  it('of one adapter, or of copies of one, is that adapter', async () => {
    const [one] = finished as [FinishedAdapter];
    for (const copies of [1, 3]) {
      const method = arrowOf(Array.from({ length: copies }, (_, n) => ({ ...one, name: `copy ${n}` })));
      expect(largestDifference(value(adapted(method), await started(method)), asLora(one))).toBeLessThan(1e-6);
    }
  });

  it('with one choice takes the adapter whose direction the input has, whatever its sign, and pads narrower ones', async () => {
    const [a, b] = ['a', 'b'].map((part) => finished[0]!.values.get(`${site}.lora.${part}`)!.data) as [Float32Array, Float32Array];
    const ofRank1 = new Map([
      [`${site}.lora.a`, { shape: [1, inner], data: a.slice(0, inner) }],
      [`${site}.lora.b`, { shape: [out, 1], data: b.filter((_, i) => i % rank === 0) }],
    ]);
    const narrow: FinishedAdapter = { name: 'narrow', scale: 0.5, values: ofRank1 };
    const method = arrowOf([...finished, narrow], { topK: 1 });
    const values = await started(method);
    const directions = values.get(`${site}.arrow.route`)!.data;
    for (const [n, { values: own, scale }] of [...finished, narrow].entries()) {
      const direction = directions.slice(n * inner, (n + 1) * inner);
      values.set(
        'x',
        tensor(
          [1, inner],
          direction.map((v) => v * (n % 2 === 0 ? 3 : -3)),
        ),
      );
      const { shape } = own.get(`${site}.lora.a`)!;
      const alone = new Map([...values, ...[...own].map(([name, t]) => [name, tensor(t.shape, t.data)] as const)]);
      expect(largestDifference(value(adapted(method), values), value(adapted(lora({ rank: shape[0]!, alpha: scale * shape[0]! })), alone))).toBeLessThan(1e-5);
    }
  });

  it('finds the direction that is amplified most', () => {
    const { values } = finished[1]!;
    const [a, b] = ['a', 'b'].map((part) => values.get(`${site}.lora.${part}`)!.data) as [Float32Array, Float32Array];
    const through = (v: ArrayLike<number>): number[] => {
      const narrow = Array.from({ length: rank }, (_, r) => Array.from(v).reduce((total, value, i) => total + a[r * inner + i]! * value, 0));
      return Array.from({ length: out }, (_, o) => narrow.reduce((total, value, r) => total + b[o * rank + r]! * value, 0));
    };
    const found = strongestInput(a, b, rank);
    expect(Math.hypot(...found)).toBeCloseTo(1, 6);
    for (let trial = 0; trial < 200; trial++) {
      const other = Array.from({ length: inner }, (_, i) => found[i]! + (trial % 2 === 0 ? 1 : 0.01) * Math.sin(7.7 * i * (trial + 1)));
      const length = Math.hypot(...other);
      expect(Math.hypot(...through(other.map((v) => v / length)))).toBeLessThan(Math.hypot(...through(found)) + 1e-6);
    }
    expect(strongestInput(a, new Float32Array(out * rank), rank)).toEqual(new Float32Array(inner));
  });

  it('refuses adapters that do not fit each other or its options', async () => {
    const [one, two] = finished as [FinishedAdapter, FinishedAdapter];
    expect(() => arrowOf([])).toThrow(/different names, got none/);
    expect(() => arrowOf([one, one])).toThrow(/task 0 twice/);
    expect(() => arrowOf([one, { ...two, values: new Map() }])).toThrow(/same linears, got task 1 beside 0/);
    const options = { adapters: ['task 0'], rank, sites: [site] };
    expect(() => arrow(options, [two])).toThrow(ConfigError);
    const unknown = arrow({ ...options, sites: [site, 'blocks.9.mlp.up'] });
    expect(() => unknown.apply([base])).toThrow(/blocks\.9\.mlp\.up, got none there/);
    await expect(started(arrow(options))).rejects.toThrow(/read the values from a file/);
    const half = { ...one, values: new Map([...one.values].slice(0, 1)) };
    await expect(started(arrowOf([half]))).rejects.toThrow(/got one of them/);
  });
});
