import { evaluate, gradients, input, lengthOf, mul, type Node, type Program, sum, type Tensor } from '../../core/index.ts';
import { caseLengths, caseTensor, inputsOf, type OpCase, valuesOf } from '../../core/testing/op-cases.ts';
import { numbersOf, type TensorData, tensorOf } from '../tensor.ts';

/** A row of the op table as a program: its result, and where it has gradients those of its inputs. `expected` comes from the reference evaluator. */
export function caseProgram(row: OpCase): {
  program: Program;
  expected: ReadonlyMap<string, Tensor>;
  feed(inputs: readonly { name: string; dtype: Node['dtype'] }[]): Record<string, TensorData>;
} {
  const inputs = inputsOf(row);
  const y = row.build(...inputs);
  const outputs: Record<string, Node> = { y };
  if (row.smooth || row.standsFor) {
    const floats = inputs.filter((node) => node.dtype === 'float32');
    const weights = input('weights', y.shape);
    const loss = sum(
      mul(y, weights),
      y.shape.map((_, i) => i),
    );
    gradients(loss, floats).forEach((gradient, i) => {
      outputs[`gradient of ${inputs.indexOf(floats[i]!)}`] = gradient;
    });
  }
  const shape = y.shape.map((axis) => lengthOf(axis, new Map(Object.entries(caseLengths))));
  const values = valuesOf(row).set('weights', caseTensor(shape, 9));
  const names = Object.keys(outputs);
  const results = evaluate(Object.values(outputs), values);
  return {
    program: { name: row.name, outputs },
    expected: new Map(names.map((name, i) => [name, results[i]!])),
    feed: (given) => Object.fromEntries(given.map(({ name, dtype }) => [name, tensorOf(dtype, values.get(name)!.shape, values.get(name)!.data)])),
  };
}

/** Largest difference, relative to max(1, |expected|); Infinity where shapes differ or a number is none. */
export function distance(got: TensorData, expected: Tensor): number {
  if (got.shape.join() !== expected.shape.join()) return Infinity;
  let most = 0;
  numbersOf(got).forEach((value, i) => {
    const apart = Math.abs(value - expected.data[i]!) / Math.max(1, Math.abs(expected.data[i]!));
    most = apart <= most ? most : Number.isNaN(apart) ? Infinity : apart;
  });
  return most;
}
