// What holds for every row of a table of ops, wherever the ops are defined.
import { describe, expect, it } from 'vitest';
import { add, evaluate, gradients, input, isFloat, lengthOf, mul, type Node, sum, type Tensor, verify } from '../index.ts';
import { caseLengths, caseTensor, inputsOf, type OpCase, resolved, valuesOf } from './op-cases.ts';

export const lengths: ReadonlyMap<string, number> = new Map(Object.entries(caseLengths));
export const dot = (a: Tensor, b: Tensor): number => a.data.reduce((total, v, i) => total + v * b.data[i]!, 0);
const everyAxis = (node: Node): number[] => node.shape.map((_, i) => i);

/** Σ weight · y for fixed random weights: a scalar whose gradient exercises every element of y. */
export function lossOf(y: Node, name: string, seed: number, bindings: Map<string, Tensor>): Node {
  const weights = input(name, y.shape, y.dtype);
  bindings.set(
    name,
    caseTensor(
      y.shape.map((axis) => lengthOf(axis, lengths)),
      seed,
    ),
  );
  return sum(mul(y, weights), everyAxis(y));
}

const moved = (bindings: Map<string, Tensor>, along: Map<string, Tensor>, h: number): Map<string, Tensor> =>
  new Map([...bindings].map(([name, t]) => [name, along.has(name) ? { shape: t.shape, data: t.data.map((v, i) => v + h * along.get(name)!.data[i]!) } : t]));

/** Derivative of a scalar in a direction, by central differences. */
export function differences(loss: Node, bindings: Map<string, Tensor>, along: Map<string, Tensor>): number {
  const h = 1e-5;
  const at = (step: number) => evaluate([loss], moved(bindings, along, step), lengths)[0]!.data[0]!;
  return (at(h) - at(-h)) / (2 * h);
}

export const near = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected), `${actual} for ${expected}`).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)));

/** Which inputs of a case are floats, Σ weight · result, its gradients, and values of all that they read. */
export function slopesOf(row: OpCase) {
  const inputs = inputsOf(row);
  const bindings = valuesOf(row);
  const active = inputs.filter((node) => isFloat(node.dtype));
  const loss = lossOf(row.build(...inputs), 'weights', 31, bindings);
  return { inputs, bindings, active, loss, slopes: gradients(loss, active) };
}

/** Gradients and second derivatives of the smooth rows against differences in float64; types of all rows; names. */
export function holdOpLaws(rows: readonly OpCase[]): void {
  describe.each(rows.filter((row) => row.smooth))('$name', (row) => {
    const { inputs, bindings, active, loss, slopes } = slopesOf(row);
    const nameFor = (node: Node): string => `x${inputs.indexOf(node)}`;
    const direction = (seed: number) => new Map(active.map((node, i) => [nameFor(node), caseTensor(resolved(node.shape, caseLengths), seed + i)]));
    const inDirection = (values: readonly Tensor[], along: Map<string, Tensor>): number =>
      values.reduce((total, value, i) => total + dot(value, along.get(nameFor(active[i]!))!), 0);

    it('has the gradient that differences give in a random direction', () => {
      const along = direction(71);
      const values = evaluate(slopes, bindings, lengths);
      values.forEach((value, i) => {
        expect(value.shape).toEqual(resolved(active[i]!.shape, caseLengths));
      });
      near(inDirection(values, along), differences(loss, bindings, along));
    });

    it('has the second derivatives that differences of the gradient give', () => {
      const along = direction(17);
      const both = new Map(bindings);
      const slope = slopes.map((node, i) => lossOf(node, `slope${i}`, 53 + i, both)).reduce((a, b) => add(a, b));
      near(inDirection(evaluate(gradients(slope, active), both, lengths), along), differences(slope, both, along));
    });

    it('gives gradients that verify', () => {
      expect(() => verify([loss, ...slopes])).not.toThrow();
    });
  });

  describe.each(rows)('$name', (row) => {
    it('infers with names what it infers with lengths', () => {
      const symbolic = row.build(...inputsOf(row));
      const bindings = valuesOf(row);
      const [value] = evaluate([symbolic], bindings, lengths);
      expect(symbolic.shape.map((axis) => lengthOf(axis, lengths))).toEqual(value!.shape);
      expect(value!.data.every(Number.isFinite)).toBe(true);
      verify([symbolic]);
    });
  });

  it('every row has a name of its own', () => {
    const names = rows.map((row) => row.name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
}
