import { describe, expect, it } from 'vitest';
import { add, evaluate, gradients, type Node, type Tensor } from '../core/index.ts';
import { inputsOf, type OpCase, valuesOf } from '../core/testing/op-cases.ts';
import { holdOpLaws, lengths, lossOf, slopesOf } from '../core/testing/op-laws.ts';
import { nnOpCases } from './testing/op-cases.ts';

holdOpLaws(nnOpCases);

const apart = (a: Tensor, b: Tensor): number => (a.shape.join() === b.shape.join() ? Math.max(0, ...a.data.map((v, i) => Math.abs(v - b.data[i]!))) : Infinity);

/** Second derivatives in a fixed direction. */
const curvesOf = (row: OpCase): Tensor[] => {
  const { bindings, active, slopes } = slopesOf(row);
  const both = new Map(bindings);
  const slope = slopes.map((node, i) => lossOf(node, `slope${i}`, 53 + i, both)).reduce((a, b) => add(a, b));
  return evaluate(gradients(slope, active), both, lengths);
};

// A result that rounds is a staircase: differences see a slope of 0 or a jump. In their place stands the graph that it rounds.
describe.each(nnOpCases.filter(({ standsFor }) => standsFor))('$name', (row) => {
  const exact: OpCase = { ...row, build: row.standsFor! };
  const { result, gradient } = row.within!;

  it('is what it stands for, to the rounding', () => {
    const of = (build: (...inputs: Node[]) => Node) => evaluate([build(...inputsOf(row))], valuesOf(row), lengths)[0]!;
    const difference = apart(of(row.build), of(exact.build));
    expect(difference).toBeLessThan(result);
    expect(difference).toBeGreaterThan(0);
  });

  it('has the gradient of what it stands for, and the second derivatives: none', () => {
    const of = (one: OpCase): Tensor[] => {
      const { slopes, bindings } = slopesOf(one);
      return evaluate(slopes, bindings, lengths);
    };
    const [ours, theirs] = [of(row), of(exact)];
    for (const [i, value] of ours.entries()) expect(apart(value, theirs[i]!)).toBeLessThan(gradient);
    expect(Math.max(...theirs.flatMap(({ data }) => [...data].map(Math.abs)))).toBeGreaterThan(0.1);
    for (const { data } of [...curvesOf(row), ...curvesOf(exact)]) expect(data.every((value) => value === 0)).toBe(true);
  });
});

describe.each(nnOpCases.filter((row) => !row.smooth && !row.standsFor))('$name', (row) => {
  it('lets no gradient through: numbers for a kernel, nothing to learn by', () => {
    const y = row.build(...inputsOf(row));
    expect(y.op.name).toBe(row.name.split(' ')[0]);
    expect(y.op.grad(y, y).filter((slope) => slope !== undefined)).toEqual([]);
  });
});
