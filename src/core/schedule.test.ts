import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  addAxes,
  concat,
  evaluate,
  exp,
  gradients,
  inOrder,
  input,
  matmul,
  mul,
  type Node,
  nameOf,
  plan,
  recomputeIn,
  reshape,
  sin,
  sum,
  type Tensor,
  tensor,
  verify,
} from './index.ts';
import { deepChain } from './testing/deep-chain.ts';
import { caseTensor } from './testing/op-cases.ts';

const randomGraph = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(3)), { minLength: 1, maxLength: 30 }).map((steps) => {
  const nodes: Node[] = [input('a', ['rows', 4]), input('b', ['rows', 4])];
  for (const [i, j, kind] of steps) {
    const [a, b] = [nodes[i % nodes.length]!, nodes[j % nodes.length]!];
    nodes.push([() => add(a, b), () => mul(a, b), () => exp(a), () => reshape(reshape(a, ['4*rows']), ['rows', 4])][kind]!());
  }
  return nodes;
});

describe('plan', () => {
  it('orders any graph inputs first, every node once, outputs included', () => {
    fc.assert(
      fc.property(randomGraph, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (nodes, picks) => {
        const outputs = Object.fromEntries(picks.map((pick, i) => [`o${i}`, nodes[pick % nodes.length]!]));
        const { order, peakBytes } = plan({ outputs });
        expect(new Set(order)).toEqual(new Set(inOrder(Object.values(outputs))));
        expect(new Set(order).size).toBe(order.length);
        const done = new Set<Node>();
        for (const node of order) {
          expect(node.inputs.every((from) => done.has(from))).toBe(true);
          done.add(node);
        }
        const rowBytes = 16;
        expect(peakBytes({ rows: 10 }) % (10 * rowBytes)).toBe(0);
        expect(peakBytes({ rows: 10 })).toBeLessThanOrEqual(order.length * 10 * rowBytes);
      }),
    );
  });

  it('is the order that a walk back from the leaves, inputs by position, finds again', () => {
    fc.assert(
      fc.property(randomGraph, (nodes) => {
        const { order } = plan({ outputs: { last: nodes.at(-1)!, middle: nodes[nodes.length >> 1]! } });
        const position = new Map(order.map((node, i) => [node, i]));
        const read = new Set(order.flatMap((node) => node.inputs));
        const found: Node[] = [];
        const visit = (node: Node): void => {
          if (found.includes(node)) return;
          for (const from of node.inputs.toSorted((a, b) => position.get(a)! - position.get(b)!)) visit(from);
          found.push(node);
        };
        for (const node of order) if (!read.has(node)) visit(node);
        expect(found).toEqual(order);
      }),
    );
  });

  it('counts what is alive: a chain of two needs both ends of each step, a view needs nothing', () => {
    const x = input('x', ['rows', 4]);
    const chain = exp(reshape(sin(reshape(exp(x), ['4*rows'])), ['rows', 4]));
    expect(plan({ outputs: { chain } }).peakBytes({ rows: 5 })).toBe(2 * 5 * 16);
    expect(plan({ outputs: { x } }).peakBytes({ rows: 5 })).toBe(0);
    const both = concat([exp(x), sin(x)], 0);
    expect(plan({ outputs: { both } }).peakBytes({ rows: 5 })).toBe(4 * 5 * 16);
    expect(both.shape[0]).toBe(addAxes('rows', 'rows'));
  });

  it('finishes the cheap side of a join first, so that little waits', () => {
    const x = input('x', ['rows', 64]);
    const wide = (seed: Node) => sum(exp(matmul(seed, input('w', [64, 1024]))), 1); // [rows], through 16 times as much as x
    const four = [sin(x), exp(x), sin(sin(x)), exp(exp(x))].map(wide).reduce((a, b) => add(a, b));
    const rows = 100;
    // one wide product and its exponential at a time
    expect(plan({ outputs: { four } }).peakBytes({ rows })).toBeLessThan(2.2 * rows * 1024 * 4);
  });

  it('keeps of a deep chain what the backward pass reads, and with recomputation one value a block', () => {
    const [layers, hidden, rows] = [24, 8, 1000];
    const unit = rows * hidden * 4;
    const peak = (recompute: boolean) => plan(deepChain(layers, hidden, recompute)).peakBytes({ rows }) / unit;
    // a block keeps: before and after gelu (4 + 4), the sum and its normalisation
    expect(peak(false)).toBeLessThan(layers * 10 + 10);
    expect(peak(true)).toBeLessThan(layers + 26);
  });
});

describe('recomputation', () => {
  const bind = (nodes: readonly Node[]): Map<Node, Tensor> =>
    new Map(
      inOrder(nodes).flatMap((node, i) =>
        node.inputs.length === 0 && (node.op.name === 'input' || node.op.name === 'parameter')
          ? [
              [
                node,
                caseTensor(
                  node.shape.map((a) => (a === 'rows' ? 3 : Number(a))),
                  i + 1,
                ),
              ] as const,
            ]
          : [],
      ),
    );
  const byName = (bindings: Map<Node, Tensor>) => new Map([...bindings].map(([node, t]) => [nameOf(node), t]));

  it('changes no gradient, not by a bit', () => {
    const [plain, again] = [false, true].map((recompute) => Object.values(deepChain(3, 4, recompute).outputs));
    const given = byName(bind(plain!));
    expect(evaluate(again!, given)).toEqual(evaluate(plain!, given));
    verify(again!);
  });

  it('reads no activation from inside a block in the backward pass', () => {
    const { outputs } = deepChain(2, 4, true);
    const forward = new Set(inOrder([outputs.loss!]));
    const backward = inOrder(Object.values(outputs)).filter((node) => !forward.has(node));
    const inside = backward.flatMap((node) => node.inputs).filter((node) => forward.has(node) && node.recompute !== undefined);
    expect(inside.map((node) => node.op.name)).toEqual([]);
    expect(backward.some((node) => node.recompute === 'blocks.1')).toBe(true);
  });

  it('marks what lies between inputs and outputs, and nothing else', () => {
    const x = input('x', [2]);
    const before = exp(x);
    const inner = sin(before);
    const aside = exp(input('y', [2]));
    const [out] = recomputeIn('b', [before], [mul(inner, aside)]) as [Node];
    const marked = inOrder([out]).filter((node) => node.recompute === 'b');
    expect(marked.map((node) => node.op.name)).toEqual(['sin']);
    expect(inOrder([out])).toContain(aside);
    expect(recomputeIn('b', [], [x])[0]).toBe(x);
  });

  it('gives second derivatives too', () => {
    const x = input('x', [3]);
    const block = (a: Node) => mul(sin(exp(a)), a);
    const twice = (y: Node) => gradients(sum(gradients(sum(y, 0), [x])[0]!, 0), [x])[0]!;
    const values = new Map([['x', tensor([3], [0.1, -0.4, 0.7])]]);
    expect(evaluate([twice(recomputeIn('b', [x], [block(x)])[0]!)], values)).toEqual(evaluate([twice(block(x))], values));
  });
});
