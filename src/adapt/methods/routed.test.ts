// Methods with routers, held against loops over experts that read like their definitions.
import { describe, expect, it } from 'vitest';
import {
  abs,
  add,
  div,
  exp,
  expand,
  gradients,
  greaterOrEqual,
  inOrder,
  input,
  leavesOf,
  matmul,
  mul,
  type Node,
  nameOf,
  parameter,
  slice,
  softmax,
  squeeze,
  sum,
  type Tensor,
  tensor,
  topK,
  unsqueeze,
  where,
} from '../../core/index.ts';
import { inPractice, inTheory, largestDifference } from '../../nn/edits/testing/tiny-bert.ts';
import { besideLinears, drop, type ExpertBranch, expertBranch, linear } from '../../nn/index.ts';
import { type Binding, numbersOf, openEngine } from '../../runtime/index.ts';
import type { Method } from '../method.ts';
import { adapted, base, experts, finished, inner, out, rank, site, started, value, valuesFor, x } from '../testing/one-linear.ts';
import { arrowOf, hydralora, lora, loramoe, mixlora } from './index.ts';

/** base + scale · Σ_n w_n B_n A_n x, expert by expert; weights [batch, experts] from the router's scores. */
const looped = (kind: string, { scale, sharedA = false, weigh }: { scale: number; sharedA?: boolean; weigh: (scores: Node) => Node }): Node => {
  const a = parameter(`${site}.${kind}.a`, [sharedA ? rank : experts * rank, inner]);
  const b = parameter(`${site}.${kind}.b`, [out, experts * rank]);
  const weights = weigh(matmul(x, parameter(`${site}.${kind}.route`, [experts, inner]), { transposeB: true }));
  let total = base;
  for (let n = 0; n < experts; n++) {
    const own = sharedA ? a : slice(a, 0, n * rank, (n + 1) * rank);
    const made = matmul(matmul(x, own, { transposeB: true }), slice(b, 1, n * rank, (n + 1) * rank), { transposeB: true });
    total = add(total, mul(mul(made, slice(weights, 1, n, n + 1)), scale));
  }
  return total;
};
/** Shares of those that reach the k-th largest score, which add up to 1. */
const ofLargest = (scores: Node, k: number): Node => {
  const kept = where(greaterOrEqual(scores, slice(topK(scores, k).values, 1, k - 1, k)), exp(scores), 0);
  return div(kept, sum(kept, [1], { keepDims: true }));
};

describe('fused experts compute what a loop over experts does', () => {
  const options = { experts, rank, alpha: 6 };
  const cases: readonly [string, Method, Node][] = [
    ['LoRAMoE', loramoe(options), looped('loramoe', { scale: 3, weigh: softmax })],
    ['HydraLoRA', hydralora(options), looped('hydralora', { scale: 3, sharedA: true, weigh: softmax })],
    ['MixLoRA', mixlora({ ...options, topK: 2 }), looped('mixlora', { scale: 3, weigh: (scores) => ofLargest(scores, 2) })],
    ['Arrow', arrowOf(finished, { topK: 3, temperature: 2 }), looped('arrow', { scale: 1, weigh: (scores) => ofLargest(mul(abs(scores), 0.5), 3) })],
  ];
  it.each(cases)('%s', async (_, method, loop) => {
    const fused = adapted(method);
    const values = valuesFor(fused, loop);
    expect(largestDifference(value(fused, values), value(loop, values))).toBeLessThan(1e-12);
    await using engine = await openEngine({ threads: 1 });
    const { fused: a, loop: b } = await inPractice(engine, { fused, loop }, values);
    expect(largestDifference(numbersOf(a!), numbersOf(b!))).toBeLessThan(1e-6 * Math.max(...numbersOf(b!).map(Math.abs)));
    const names = (root: Node) => [...leavesOf([root]).parameters.keys()].sort();
    expect(names(fused)).toEqual(names(loop));
    const slopes = (root: Node): Float64Array[] =>
      gradients(
        sum(mul(root, input('c', ['batch', out])), [0, 1]),
        [...leavesOf([fused]).parameters.values()].map((node) => inOrder([root]).find((own) => own.op === node.op && nameOf(own) === nameOf(node))!),
      ).map((node) => value(node, valuesFor(node)));
    for (const [i, slope] of slopes(fused).entries()) expect(largestDifference(slope, slopes(loop)[i]!)).toBeLessThan(1e-11);
  });
});

describe('LoRAMoE', () => {
  it('learns B first, then A and the router', async () => {
    const method = loramoe({ experts, rank });
    const { roots, parameters } = method.apply([base]);
    const loss = sum(mul(roots[0]!, input('c', ['batch', out])), [0, 1]);
    const start = new Map([...valuesFor(loss), ...(await started(method))]);
    const reached = (values: ReadonlyMap<string, Tensor>): string[] =>
      gradients(loss, parameters).flatMap((slope, i) => (value(slope, values).some((v) => v !== 0) ? [nameOf(parameters[i]!).slice(site.length)] : []));
    expect(reached(start)).toEqual(['.loramoe.b']);
    expect(reached(valuesFor(loss)).sort()).toEqual(['.loramoe.a', '.loramoe.b', '.loramoe.route']);
  });

  it('of one expert is a LoRA', () => {
    const [one, plain] = [adapted(loramoe({ experts: 1, rank, alpha: 6, targets: 'mlp' })), adapted(lora({ rank, alpha: 6, targets: 'mlp' }))];
    const values = valuesFor(one);
    for (const part of ['a', 'b']) values.set(`${site}.lora.${part}`, values.get(`${site}.loramoe.${part}`)!);
    expect(largestDifference(value(one, values), value(plain, values))).toBeLessThan(1e-14);
  });

  it('is told nothing of the kinds of samples: their groups are only in the loss, so what it writes is the same without them', () => {
    const inputs = (roots: readonly Node[]): string[] => [...leavesOf(roots).inputs.keys()];
    expect(inputs(loramoe({ experts, rank, groups: [experts] }).apply([base]).roots)).toEqual(inputs([base]));
  });

  it.each(['shared', 'expert'] as const)('has as many nodes forward and back for eight experts as for two, masks %s', (dropoutMasks) => {
    const nodes = (count: number): number => {
      const { roots, parameters } = loramoe({ experts: count, rank, dropoutMasks }).apply([base], { key: input('key', [1], 'uint32') });
      return inOrder([roots[0]!, ...gradients(sum(roots[0]!, [0, 1]), parameters)]).length;
    };
    expect(nodes(8)).toBe(nodes(2));
  });

  it('asks for nothing but what the model asks for', () => {
    expect([...leavesOf([adapted(loramoe())]).inputs.keys()]).toEqual([...leavesOf([base]).inputs.keys()]);
  });
});

describe.each([
  ['loramoe', (experts: number) => loramoe({ experts, rank, targets: 'mlp' })],
  ['mixlora', (experts: number) => mixlora({ experts, topK: 1, rank, targets: 'mlp' })],
  ['hydralora', (experts: number) => hydralora({ experts, rank, targets: 'mlp' })],
] as const)('%s, compiled', (_, make) => {
  it('has as many kernels for six experts as for two, forward and back', async () => {
    await using engine = await openEngine({ threads: 1 });
    const kernels = async (count: number): Promise<number> => {
      const { roots, parameters } = make(count).apply([base], { key: input('key', [1], 'uint32') });
      const slopes = gradients(sum(roots[0]!, [0, 1]), parameters);
      const outputs = { out: roots[0]!, ...Object.fromEntries(slopes.map((slope, i) => [`slope ${i}`, slope])) };
      const bindings = [...leavesOf(Object.values(outputs)).parameters.keys()].map((name): [string, Binding] => [name, { kind: 'trainable' }]);
      await using compiled = await engine.compile({ name: `${count} experts`, outputs }, new Map(bindings), {});
      return compiled.stats.nodes;
    };
    expect(await kernels(6)).toBe(await kernels(2));
  });
});

/** An expert branch beside a linear called `s`. */
const branchOf = (beside: Node, options: ExpertBranch): ReturnType<typeof expertBranch> => {
  let found: ReturnType<typeof expertBranch> | undefined;
  besideLinears('test', [beside], /^s$/, (at) => {
    found = expertBranch('test', at, options);
    return at.base;
  });
  return found!;
};

describe('what is dropped', () => {
  const [wide, tokens, rate] = [64, 40, 0.25];
  const ones = input('x', [tokens, wide]);
  const eye = (size: number): Tensor =>
    tensor(
      [size, size],
      Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0)),
    );
  /** What each of two experts lets through of ones, as its A and B pass it on; the router's share undone. */
  const letThrough = (masks: 'shared' | 'expert', withKey = true): { seen: Float64Array[]; shares: Float64Array } => {
    const linearOfOnes: Node = { ...linear(ones, parameter('s.weight', [2 * wide, wide])), site: 's' };
    const made = branchOf(linearOfOnes, {
      experts: 2,
      rank: wide,
      alpha: wide,
      ...(withKey && { dropout: { rate, key: input('key', [1], 'uint32'), masks } }),
    });
    const values = new Map([
      ['x', tensor([tokens, wide], Array(tokens * wide).fill(1))],
      ['key', tensor([1], [7])],
      ['s.test.b', eye(2 * wide)],
    ]);
    values.set('s.test.a', tensor([2 * wide, wide], [...eye(wide).data, ...eye(wide).data]));
    values.set(
      's.test.route',
      tensor(
        [2, wide],
        Array.from({ length: 2 * wide }, (_, i) => Math.sin(i) / 8),
      ),
    );
    const { branch, shares } = inTheory({ ...made }, values);
    const seen = [0, 1].map((n) =>
      Float64Array.from(
        { length: tokens * wide },
        (_, i) => branch!.data[Math.floor(i / wide) * 2 * wide + n * wide + (i % wide)]! / shares!.data[Math.floor(i / wide) * 2 + n]!,
      ),
    );
    return { seen, shares: shares!.data };
  };
  const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

  it('is drawn for each expert alone, keeps the mean, and never what the router reads', () => {
    const { seen, shares } = letThrough('expert');
    const spread = Math.sqrt(rate / (1 - rate) / (tokens * wide));
    for (const own of seen) expect(Math.abs(mean(own) - 1)).toBeLessThan(3 * spread);
    const alike = mean(seen[0]!.map((kept, i) => Number(kept > 0.5 === seen[1]![i]! > 0.5)));
    const chance = rate ** 2 + (1 - rate) ** 2;
    expect(Math.abs(alike - chance)).toBeLessThan(3 * Math.sqrt((chance * (1 - chance)) / (tokens * wide)));
    expect(shares).toEqual(letThrough('expert', false).shares);
  });

  it.each([false, true])('reaches the experts of texts as a loop says, A shared: %s', (sharedA) => {
    const texts = input('x', ['batch', 3, inner]);
    const dropout = { rate, key: input('key', [1], 'uint32') };
    const { branch, shares } = branchOf(
      { ...linear(texts, parameter('s.weight', [out, inner])), site: 's' },
      { experts, rank, alpha: rank, sharedA, dropout: { ...dropout, masks: 'expert' } },
    );
    const dropped = drop('s.test', expand(unsqueeze(texts, 0), [experts, ...texts.shape]), dropout);
    const [a, b] = [parameter('s.test.a', [sharedA ? rank : experts * rank, inner]), parameter('s.test.b', [out, experts * rank])];
    const each = Array.from({ length: experts }, (_, n) => {
      const narrow = matmul(squeeze(slice(dropped, 0, n, n + 1), 0), sharedA ? a : slice(a, 0, n * rank, (n + 1) * rank), { transposeB: true });
      return mul(matmul(narrow, slice(b, 1, n * rank, (n + 1) * rank), { transposeB: true }), slice(shares, 2, n, n + 1));
    });
    const values = valuesFor(branch);
    expect(largestDifference(value(branch, values), value(each.reduce(add), values))).toBeLessThan(1e-12);
  });

  it('is the same for all where masks are shared, and nothing without a key', () => {
    const { seen } = letThrough('shared');
    expect(largestDifference(seen[0]!, seen[1]!)).toBeLessThan(1e-12);
    expect(seen[0]!.some((kept) => kept < 0.5)).toBe(true);
    for (const own of letThrough('expert', false).seen) expect(own.every((kept) => Math.abs(kept - 1) < 1e-12)).toBe(true);
  });
});
