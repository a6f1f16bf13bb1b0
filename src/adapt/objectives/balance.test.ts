import { describe, expect, it } from 'vitest';
import { evaluate, gradients, input, type Node, softmax, type Tensor, tensor } from '../../core/index.ts';
import { type BalanceOptions, balanceLoss } from './balance.ts';

// Four experts in two groups and two samples of one token each, whose "shares" are the published Q: the formulas do not ask that they add up to 1.
const q = [3, 2, 1, 2, 1, 1, 4, 2];
const shares = input('shares', [2, 1, 4]);
const membership = input('membership', ['samples', 2, 1]);
const kinds = input('kinds', ['samples'], 'int64');
const identity: [string, Tensor] = ['membership', tensor([2, 2, 1], [1, 0, 0, 1])];
const given = new Map<string, Tensor>([['shares', tensor([2, 1, 4], q)], identity, ['kinds', tensor([2], [0, 1])]]);

const value = (node: Node, values: ReadonlyMap<string, Tensor>): number => evaluate([node], values)[0]!.data[0]!;
const lossOf = (options: Partial<BalanceOptions>, ...more: Node[]): Node =>
  balanceLoss({ shares: [shares, ...more], membership, kinds }, { delta: 0.1, groups: [2, 2], ...options });

describe('balanceLoss', () => {
  // Groups are numbered from the first expert on, so the sheet's kind 1 (experts 0 and 1) is kind 0 here.
  it.each([
    [{}, 0.370113846],
    [{ form: 'variance/mean' }, 0.767986231],
    [{ form: 'variance/mean', variance: 'population' }, 0.671987952],
    // By hand: Z = [2.7, 1.8, 1.1, 2.2], [1.1, 1.1, 3.6, 1.8], mean 1.925, squares 35.2, so variances 5.555 / 7 and 5.555 / 8.
    [{ sign: 'intended' }, 0.214153194],
    [{ sign: 'intended', form: 'variance/mean' }, 0.412244898],
    [{ sign: 'intended', form: 'variance/mean', variance: 'population' }, 0.360714286],
  ] as const)('gives the published figures, and of the intended sign those found by hand: %j', (options, expected) => {
    expect(value(lossOf(options), given)).toBeCloseTo(expected, 8);
  });

  it('has the published gradient with respect to Z', () => {
    const [d] = gradients(lossOf({}), [shares]);
    const found = [...evaluate([d!], given)[0]!.data];
    const weights = [1.1, 1.1, 0.9, 0.9, 0.9, 0.9, 1.1, 1.1];
    [0.036697, -0.036297, -0.122563, -0.062841, -0.122563, -0.122563, 0.109691, -0.036297].forEach((expected, i) => {
      expect(found[i]! / weights[i]!).toBeCloseTo(expected, 6);
    });
  });

  it.each([
    ['variance/mean', 'unbiased', 'faithful'],
    ['variance/mean', 'population', 'intended'],
    ['variance/mean²', 'population', 'faithful'],
  ] as const)('has the gradient that finite differences find: %s, %s, %s', (form, variance, sign) => {
    const loss = lossOf({ form, variance, sign, delta: 0.3 });
    const [d] = gradients(loss, [shares]);
    const slope = evaluate([d!], given)[0]!.data;
    const along = (i: number, h: number): number => value(loss, new Map([...given, ['shares', tensor([2, 1, 4], q.map((share, n) => share + (n === i ? h : 0)))] as [string, Tensor]])); // biome-ignore format: one thought
    for (const i of q.keys()) {
      const h = 1e-3;
      const numeric = (8 * (along(i, h) - along(i, -h)) - along(i, 2 * h) + along(i, -2 * h)) / (12 * h);
      expect(Math.abs(numeric)).toBeGreaterThan(1e-3);
      expect(Math.abs(slope[i]! - numeric)).toBeLessThan(1e-9);
    }
  });

  it('of the intended sign is that of the other names', () => {
    const swapped = new Map([...given, ['kinds', tensor([2], [1, 0])] as [string, Tensor]]);
    expect(value(lossOf({ sign: 'intended' }), given)).toBeCloseTo(value(lossOf({}), swapped), 12);
    expect(value(lossOf({ sign: 'intended' }), given)).not.toBeCloseTo(value(lossOf({}), given), 3);
  });

  it('adds linears up, or averages them', () => {
    const other = input('other', [2, 1, 4]);
    const both = new Map([...given, ['other', tensor([2, 1, 4], q.toReversed())] as [string, Tensor]]);
    const each = [value(lossOf({}), given), value(balanceLoss({ shares: [other], membership, kinds }, { delta: 0.1, groups: [2, 2] }), both)];
    expect(value(lossOf({}, other), both)).toBeCloseTo(each[0]! + each[1]!, 12);
    expect(value(lossOf({ modules: 'mean' }, other), both)).toBeCloseTo((each[0]! + each[1]!) / 2, 12);
  });

  it('asks nothing of samples of no kind but that they be even, and takes groups of any size and number', () => {
    const even = new Map([
      ...given,
      ['shares', tensor([2, 1, 4], Array(8).fill(0.25))] as [string, Tensor],
      ['kinds', tensor([2], [-1, -1])] as [string, Tensor],
    ]);
    expect(value(lossOf({}), even)).toBeCloseTo(0, 12);
    const three = balanceLoss({ shares: [shares], membership, kinds }, { delta: 0.5, groups: [1, 2, 1] });
    // Shares that undo the factors: 1 / 1.5 where kinds meet, 1 / 0.5 elsewhere.
    const undone = tensor([2, 1, 4], [1 / 1.5, 2, 2, 2, 2, 2, 2, 1 / 1.5]);
    expect(value(three, new Map([...given, ['shares', undone] as [string, Tensor], ['kinds', tensor([2], [0, 2])] as [string, Tensor]]))).toBeCloseTo(0, 12);
    expect(() => balanceLoss({ shares: [shares], membership, kinds }, { delta: 0.1, groups: [2, 1] })).toThrow(/shares of 3 experts/);
  });

  it('by mean length is the same whatever padding, packing and repetition of tokens', () => {
    const tokens = input('shares', ['batch', 'seq', 4]);
    const loss = balanceLoss({ shares: [tokens], membership: input('membership', ['samples', 'batch', 'seq']), kinds }, { delta: 0.1, groups: [2, 2] });
    const [first, second] = [q.slice(0, 4), q.slice(4)];
    const noise = [9, 8, 7, 6];
    const alone = value(loss, given);
    // Two rows, the first twice as long and the second padded; then both in one row with padding between.
    const padded = new Map<string, Tensor>([
      ['shares', tensor([2, 2, 4], [...first, ...first, ...second, ...noise])],
      ['membership', tensor([2, 2, 2], [0.5, 0.5, 0, 0, 0, 0, 1, 0])],
      ['kinds', tensor([2], [0, 1])],
    ]);
    const together = new Map<string, Tensor>([
      ['shares', tensor([1, 4, 4], [...first, ...noise, ...second, ...second])],
      ['membership', tensor([2, 1, 4], [1, 0, 0, 0, 0, 0, 0.5, 0.5])],
      ['kinds', tensor([2], [0, 1])],
    ]);
    expect(value(loss, padded)).toBeCloseTo(alone, 12);
    expect(value(loss, together)).toBeCloseTo(alone, 12);
  });

  it.each([
    ['faithful', 0.45],
    ['intended', 0.55],
  ] as const)('alone drives the share of the matched group to its optimum: %s', (sign, optimum) => {
    const scores = input('scores', [2, 1, 6]);
    const loss = balanceLoss({ shares: [softmax(scores)], membership, kinds }, { delta: 0.1, groups: [3, 3], sign });
    const [d] = gradients(loss, [scores]);
    let values = Float64Array.from({ length: 12 }, (_, i) => Math.sin(3 * i));
    const at = (): Map<string, Tensor> => new Map([identity, ['scores', tensor([2, 1, 6], Array.from(values))], ['kinds', tensor([2], [0, 1])]]);
    for (let step = 0; step < 3000; step++) {
      const slope = evaluate([d!], at())[0]!.data;
      values = values.map((value, i) => value - 2 * slope[i]!);
    }
    const found = evaluate([softmax(scores)], at())[0]!.data;
    const matched = (found[0]! + found[1]! + found[2]! + found[9]! + found[10]! + found[11]!) / 2;
    expect(matched).toBeCloseTo(optimum, 4);
  });
});
