import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  concat,
  evaluate,
  exp,
  gradients,
  inOrder,
  input,
  matmul,
  mean,
  mul,
  type Node,
  sigmoid,
  slice,
  softmax,
  split,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  tensor,
} from './index.ts';
import { caseLengths, caseTensor, opCases, resolved } from './testing/op-cases.ts';
import { differences, dot, holdOpLaws, lengths, near } from './testing/op-laws.ts';

holdOpLaws(opCases);

describe('the case table', () => {
  const folder = new URL('./ops/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

  it('has a row for everything that an op file exports', async () => {
    const table = readFileSync(new URL('./testing/op-cases.ts', import.meta.url), 'utf8');
    const exported = (await Promise.all(files.map(async (file) => Object.keys((await import(new URL(file, folder).href)) as object)))).flat();
    expect(exported.length).toBeGreaterThan(50);
    expect(exported.filter((name) => !new RegExp(`ops\\.${name}\\b`).test(table))).toEqual([]);
  });
});

describe('gradients', () => {
  const x = input('x', ['batch', 3]);
  it('are zeros of the right shape where there is no dependence', () => {
    const y = input('y', [2]);
    const [dY] = gradients(sum(y, 0), [x]);
    expect(evaluate([dY!], new Map([['x', tensor([2, 3], [1, 2, 3, 4, 5, 6])]]), new Map([['batch', 2]]))[0]).toEqual(tensor([2, 3], [0, 0, 0, 0, 0, 0]));
  });
  it('add up over every use', () => {
    const [dX] = gradients(sum(mul(x, x), [0, 1]), [x]);
    expect(evaluate([dX!], new Map([['x', tensor([1, 3], [1, 2, 3])]]))[0]!.data).toEqual(Float64Array.of(2, 4, 6));
  });
  it('are those of the scalar for itself: one', () => {
    const scalar = sum(x, [0, 1]);
    expect(evaluate(gradients(scalar, [scalar]), new Map())[0]!.data).toEqual(Float64Array.of(1));
  });
  it('refuse what is no scalar unless a seed is given', () => {
    expect(() => gradients(x, [x])).toThrow(/expected a scalar, got \[batch, 3\]/);
    expect(gradients(x, [x], x)[0]).toBe(x);
  });
});

describe('gradients of whole graphs', () => {
  const build = (steps: readonly (readonly [number, number, number])[]): { leaves: Node[]; loss: Node } => {
    const leaves = [input('a', ['batch', 4]), input('b', ['batch', 4]), input('w', [4, 4])];
    const nodes: Node[] = leaves.slice(0, 2);
    for (const [i, j, kind] of steps) {
      const [a, b] = [nodes[i % nodes.length]!, nodes[j % nodes.length]!];
      nodes.push(
        [
          () => add(a, mul(b, 0.5)),
          () => mul(a, sigmoid(b)),
          () => tanh(matmul(a, leaves[2]!)),
          () => softmax(a),
          () => concat(split(a, 1, [1, 3]).reverse(), 1),
          () => sub(a, mean(b, [1], { keepDims: true })),
        ][kind]!(),
      );
    }
    return { leaves, loss: mean(square(nodes.at(-1)!), [0, 1]) };
  };

  it('are what differences give, for graphs put together at random', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(5)), { minLength: 1, maxLength: 12 }), (steps) => {
        const { leaves, loss } = build(steps);
        const shapes = leaves.map((node) => resolved(node.shape, caseLengths));
        const bindings = new Map(leaves.map((_, i) => [['a', 'b', 'w'][i]!, caseTensor(shapes[i]!, i + 3)]));
        const along = new Map(leaves.map((_, i) => [['a', 'b', 'w'][i]!, caseTensor(shapes[i]!, i + 9)]));
        const slopes = evaluate(gradients(loss, leaves), bindings, lengths);
        near(
          slopes.reduce((total, value, i) => total + dot(value, along.get(['a', 'b', 'w'][i]!)!), 0),
          differences(loss, bindings, along),
        );
      }),
    );
  });

  it('take one flat product for a weight that the batch shares', () => {
    const [x, w] = [input('x', ['batch', 'seq', 4]), input('w', [8, 4])];
    const [dW] = gradients(sum(square(matmul(x, w, { transposeB: true })), [0, 1, 2]), [w]);
    expect([dW!.op.name, dW!.inputs.map((node) => node.shape)]).toEqual([
      'matmul',
      [
        ['batch*seq', 8],
        ['batch*seq', 4],
      ],
    ]);
  });

  it('join the pieces of what was split, and do not pad and add them', () => {
    const x = input('x', ['batch', 6]);
    const [a, b, c] = split(x, 1, [1, 2, 3]) as [Node, Node, Node];
    const [dX] = gradients(sum(concat([exp(a), tanh(b), square(c)], 1), [0, 1]), [x]);
    expect(dX!.op.name).toBe('concat');
    const both = gradients(sum(add(slice(x, 1, 0, 3), slice(x, 1, 3, 6)), [0, 1]), [x]);
    expect(both[0]!.op.name).toBe('concat');
    const overlapping = gradients(sum(mul(slice(x, 1, 0, 4), slice(x, 1, 2, 6)), [0, 1]), [x]);
    expect(overlapping[0]!.op.name).toBe('add');
  });

  it('do not walk where nothing leads to what is asked for', () => {
    const [x, y] = [input('x', [2]), input('y', [2])];
    let side: Node = y;
    for (let i = 0; i < 100; i++) side = exp(side);
    expect(inOrder(gradients(sum(mul(x, stopGradient(side)), 0), [x])).filter((node) => node.op.name === 'exp')).toHaveLength(100);
    expect(inOrder(gradients(sum(add(x, side), 0), [x]))).toHaveLength(2);
  });
});
