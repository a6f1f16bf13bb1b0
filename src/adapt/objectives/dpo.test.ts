import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, gradients, input, type Node, parameter, reshape, type Tensor, tensor } from '../../core/index.ts';
import { linear } from '../../nn/index.ts';
import { numbersOf, openEngine, tensorOf } from '../../runtime/index.ts';
import { type DpoOptions, dpo, preferenceInputs } from './dpo.ts';
import { labelCosts, labelInputs } from './label-loss.ts';
import { sampleLogProbs } from './sample-log-probs.ts';

const [policy, reference, weights] = [input('policy', ['pairs', 2]), input('reference', ['pairs', 2]), input('weights', ['pairs'])];
const pairsOf = (of: readonly number[], from: readonly number[], counts?: readonly number[]): ReadonlyMap<string, Tensor> => {
  const pairs = of.length / 2;
  return new Map([
    ['policy', tensor([pairs, 2], of)],
    ['reference', tensor([pairs, 2], from)],
    ['weights', tensor([pairs], counts ?? Array(pairs).fill(1 / pairs))],
  ]);
};
const lossOf = (options?: DpoOptions): Node => dpo({ policy, reference, weights }, options).loss;
const value = (node: Node, given: ReadonlyMap<string, Tensor>): number => evaluate([node], given)[0]!.data[0]!;
const slope = (node: Node, given: ReadonlyMap<string, Tensor>): number[] => [...evaluate(gradients(node, [policy]), given)[0]!.data];
const logProbs = fc.array(fc.double({ min: -200, max: 0, noNaN: true }), { minLength: 2, maxLength: 2 });
const betas = fc.double({ min: 0.01, max: 1, noNaN: true });

describe('dpo', () => {
  it('of a model that is its reference is ln 2, and its gradient ∓β/2', () => {
    fc.assert(
      fc.property(logProbs, betas, (own, beta) => {
        const given = pairsOf(own, own);
        expect(value(lossOf({ beta }), given)).toBeCloseTo(Math.LN2, 12);
        const [chosen, rejected] = slope(lossOf({ beta }), given) as [number, number];
        expect([chosen, rejected].map((d) => d / beta)).toEqual([expect.closeTo(-0.5, 12), expect.closeTo(0.5, 12)]);
      }),
    );
  });

  it('has the closed gradient −β σ(−β h) everywhere, and is −log σ(β h)', () => {
    fc.assert(
      fc.property(logProbs, logProbs, betas, (own, from, beta) => {
        const given = pairsOf(own, from);
        const z = beta * (own[0]! - from[0]! - (own[1]! - from[1]!));
        const expected = -beta / (1 + Math.exp(z));
        const [chosen, rejected] = slope(lossOf({ beta }), given) as [number, number];
        expect(chosen).toBeCloseTo(expected, 10);
        expect(rejected).toBeCloseTo(-expected, 10);
        expect(value(lossOf({ beta }), given)).toBeCloseTo(Math.max(-z, 0) + Math.log1p(Math.exp(-Math.abs(z))), 9);
      }),
    );
  });

  it('of swapped answers differs by the margin: ℓ(−z) = ℓ(z) + z; smoothing by ε mixes the two', () => {
    fc.assert(
      fc.property(logProbs, logProbs, fc.double({ min: 0.01, max: 0.49, noNaN: true }), (own, from, labelSmoothing) => {
        const [given, swapped] = [pairsOf(own, from), pairsOf(own.toReversed(), from.toReversed())];
        const [one, other] = [value(lossOf(), given), value(lossOf(), swapped)];
        expect(other - one).toBeCloseTo(value(dpo({ policy, reference, weights }).metrics.margin, given), 9);
        expect(value(lossOf({ labelSmoothing }), given)).toBeCloseTo((1 - labelSmoothing) * one + labelSmoothing * other, 9);
      }),
    );
  });

  it('of a very large margin is nothing one way and the margin the other, with finite gradients', () => {
    const [won, lost] = [pairsOf([0, -1e5], [0, 0]), pairsOf([-1e5, 0], [0, 0])];
    expect(value(lossOf(), won)).toBeCloseTo(0, 12);
    expect(value(lossOf(), lost)).toBeCloseTo(1e4, 6);
    expect(slope(lossOf(), won).map(Math.abs)).toEqual([0, 0]);
    expect(slope(lossOf(), lost)).toEqual([expect.closeTo(-0.1, 12), expect.closeTo(0.1, 12)]);
  });

  it('tells how often, and by how much, the chosen answer wins; a pair without weight counts for nothing', () => {
    const given = pairsOf([-1, -3, -5, -2, -9, -9], [-2, -2, -2, -2, 0, -50], [0.5, 0.5, 0]);
    const { metrics } = dpo({ policy, reference, weights }, { beta: 0.5 });
    const told = Object.fromEntries(Object.entries(metrics).map(([name, node]) => [name, value(node, given)]));
    expect(told).toEqual({ accuracy: 0.5, margin: -0.25, chosen: -0.5, rejected: -0.25 });
    expect(slope(lossOf(), given).slice(4).map(Math.abs)).toEqual([0, 0]);
  });

  it('refuses pairs that do not match', () => {
    expect(() => dpo({ policy: input('p', ['pairs', 3]), reference, weights })).toThrow(/expected policy and reference \[pairs, 2\]/);
    expect(() => dpo({ policy, reference, weights: input('w', ['others']) })).toThrow(/put the chosen answer first/);
  });
});

describe('preference training on rows of a model', () => {
  const [vocab, width] = [7, 3];
  const head = parameter('head', [vocab, width]);
  const noise = (count: number, seed: number): number[] => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + seed)));
  const { labels, weights: counts } = labelInputs(2);
  const states = input('states', ['2*part', width]);
  const { costs } = labelCosts({ hidden: states, labels }, { head: (own) => linear(own, head), chunks: 2 });
  const { sampleOf, reference: before, pairWeights } = preferenceInputs(2);
  const answers = sampleLogProbs(costs, sampleOf, counts, '2*pairs');
  const pairs = { policy: reshape(answers, ['pairs', 2]), reference: before, weights: pairWeights };
  const given: ReadonlyMap<string, Tensor> = new Map([
    ['states', tensor([8, width], noise(8 * width, 1))],
    ['head', tensor([vocab, width], noise(vocab * width, 2))],
    ['labels', tensor([8], [1, 6, 0, 2, 2, 5, 3, 0])],
    ['sampleOf', tensor([8], [0, 1, 1, 2, 3, 3, 0, 0])],
    ['weights', tensor([8], [1, 1, 1, 1, 1, 1, 1, 0])],
    ['reference', tensor([2, 2], [-3, -4, -2, -5])],
    ['pairWeights', tensor([2], [0.5, 0.5])],
  ]);

  it('sums log-probabilities by sample', () => {
    const [found, each] = evaluate([answers, costs], given, new Map([['pairs', 2]]));
    const sums = [0, 0, 0, 0];
    [0, 1, 1, 2, 3, 3, 0].forEach((sample, row) => {
      sums[sample]! -= each!.data[row]!;
    });
    expect([...found!.data]).toEqual(sums.map((sum) => expect.closeTo(sum, 12)));
    expect(() => sampleLogProbs(costs, input('sampleOf', ['n'], 'int64'), counts, 4)).toThrow(/expected three of \[rows\]/);
  });

  it('has the gradient that differences give, of the hidden rows and of the head', () => {
    const { loss } = dpo(pairs);
    const slopes = evaluate(gradients(loss, [states, head]), given);
    const names = ['states', 'head'] as const;
    const along = names.map((name, i) => noise(given.get(name)!.data.length, 5 + i));
    const at = (h: number): number => {
      const moved = names.map((name, i): [string, Tensor] => [
        name,
        tensor(
          given.get(name)!.shape,
          given.get(name)!.data.map((v, k) => v + h * along[i]![k]!),
        ),
      ]);
      return value(loss, new Map([...given, ...moved]));
    };
    const expected = (at(1e-5) - at(-1e-5)) / 2e-5;
    expect(slopes.reduce((total, { data }, i) => total + data.reduce((s, v, k) => s + v * along[i]![k]!, 0), 0)).toBeCloseTo(expected, 9);
    expect(Math.abs(expected)).toBeGreaterThan(1e-3);
  });

  it('is in onnxruntime what the evaluator gives', async () => {
    const { loss, metrics } = dpo(pairs);
    const [dStates] = gradients(loss, [states]) as [Node];
    const outputs = { loss, ...metrics, dStates };
    await using engine = await openEngine({ threads: 1 });
    await using program = await engine.compile({ name: 'dpo', outputs }, new Map([['head', { kind: 'trainable' }]]));
    const got = await program.run(
      Object.fromEntries(
        [...given].map(([name, { shape, data }]) => [name, tensorOf(name === 'labels' || name === 'sampleOf' ? 'int64' : 'float32', shape, data)]),
      ),
    );
    const expected = evaluate(Object.values(outputs), given);
    for (const [i, name] of Object.keys(outputs).entries())
      expect([...numbersOf(got[name]!)], name).toEqual([...expected[i]!.data].map((number) => expect.closeTo(number, 5)));
  });
});
