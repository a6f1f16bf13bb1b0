// Another implementation: onnxruntime against the reference evaluator, op by op, results and gradients.
import { describe, expect, it } from 'vitest';
import { type Dtype, evaluate, gradients, input, lengthOf, mul, type Node, sum, type Tensor } from '../core/index.ts';
import { caseLengths, caseTensor, inputsOf, type OpCase, opCases, valuesOf } from '../core/testing/op-cases.ts';
import { type Engine, numbersOf, openEngine, type TensorData, tensorOf } from './index.ts';

const TOLERANCE = 1e-4;

const far = (name: string, got: TensorData, expected: Tensor): string | undefined => {
  if (got.shape.join() !== expected.shape.join()) return `${name}: shape [${got.shape.join(', ')}] for [${expected.shape.join(', ')}]`;
  const numbers = numbersOf(got);
  for (let i = 0; i < numbers.length; i++) {
    const [a, b] = [numbers[i]!, expected.data[i]!];
    if (!(Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b)))) return `${name}[${i}]: ${a} for ${b}`;
  }
  return undefined;
};

async function compare(engine: Engine, row: OpCase): Promise<string[]> {
  const inputs = inputsOf(row);
  const y = row.build(...inputs);
  const outputs: Record<string, Node> = { y };
  if (row.smooth) {
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
  const expected = evaluate(Object.values(outputs), values);
  await using program = await engine.compile({ name: row.name, outputs }, new Map());
  const feeds = Object.fromEntries(program.inputs.map(({ name, dtype }) => [name, tensorOf(dtype, values.get(name)!.shape, values.get(name)!.data)]));
  const got = await program.run(feeds);
  return names.map((name, i) => far(name, got[name]!, expected[i]!)).filter((difference) => difference !== undefined);
}

describe('onnxruntime gives what the reference evaluator gives', () => {
  it.each(opCases.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    await using engine = await openEngine({ threads: 1 });
    expect(await compare(engine, row)).toEqual([]);
  });
});

describe('dtypes cross the border unchanged', () => {
  it.each(['float32', 'float64', 'float16', 'int64', 'int32', 'uint32', 'int8', 'uint8', 'bool'] as const)('%s', async (dtype: Dtype) => {
    await using engine = await openEngine({ threads: 1 });
    await using program = await engine.compile({ name: dtype, outputs: { y: input('x', ['n'], dtype) } }, new Map());
    const x = tensorOf(dtype, [3], [0, 1, 1]);
    expect((await program.run({ x })).y).toEqual(x);
  });
});
