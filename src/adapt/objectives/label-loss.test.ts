import { describe, expect, it } from 'vitest';
import {
  evaluate,
  gather,
  gradients,
  inOrder,
  input,
  matmul,
  mul,
  type Node,
  parameter,
  plan,
  recomputeIn,
  reshape,
  square,
  sum,
  type Tensor,
  tanh,
  tensor,
} from '../../core/index.ts';
import { linear, softmaxCrossEntropy } from '../../nn/index.ts';
import { numbersOf, openEngine, tensorOf } from '../../runtime/index.ts';
import { labelCosts, labelInputs, labelLoss } from './label-loss.ts';

const [vocab, width, rows] = [11, 4, 8];
const noise = (count: number, seed: number): Float64Array => Float64Array.from({ length: count }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + seed)));
const labelIds = [3, 0, 10, 7, 7, 2, 5, 0];
const given: ReadonlyMap<string, Tensor> = new Map([
  ['x', tensor([rows, width], noise(rows * width, 1))],
  ['head', tensor([vocab, width], noise(vocab * width, 2))],
  ['labels', tensor([rows], labelIds)],
  ['weights', tensor([rows], [0.5, 0.125, 0, 0.25, 0.25, 0, 1, 0.5])],
]);

const x = input('x', ['4*part', width]);
const head = parameter('head', [vocab, width]);
const built = (chunks: number) => {
  const { labels, weights } = labelInputs(4);
  return labelLoss({ hidden: tanh(x), labels, weights }, { head: (own) => linear(own, head), chunks });
};
const direct = (): Node => {
  const { labels, weights } = labelInputs(4);
  return sum(mul(softmaxCrossEntropy(linear(tanh(x), head), labels), weights), [0]);
};
const values = (roots: readonly Node[]): number[][] => evaluate(roots, given).map(({ data }) => [...data]);
const near = (got: readonly number[], expected: readonly number[], digits = 12): void => {
  expect(got).toHaveLength(expected.length);
  for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i]!, digits);
};

describe('labelLoss', () => {
  it.each([1, 2, 4])('in %i chunks is the weighted cross-entropy, with its gradients, those of a trained head included', (chunks) => {
    const { loss } = built(chunks);
    const [plain, ...expected] = values([direct(), ...gradients(direct(), [x, head])]);
    const [got, ...slopes] = values([loss, ...gradients(loss, [x, head])]);
    near(got!, plain!);
    for (const [i, slope] of slopes.entries()) near(slope, expected[i]!);
  });

  it('has the gradient that differences give', () => {
    const { loss } = built(2);
    const slopes = evaluate(gradients(loss, [x, head]), given);
    const along = { x: noise(rows * width, 5), head: noise(vocab * width, 6) };
    const at = (h: number): number => {
      const moved = (name: 'x' | 'head'): [string, Tensor] => {
        const { shape, data } = given.get(name)!;
        return [
          name,
          tensor(
            shape,
            data.map((value, i) => value + h * along[name][i]!),
          ),
        ];
      };
      return evaluate([loss], new Map([...given, moved('x'), moved('head')]))[0]!.data[0]!;
    };
    const slope = [along.x, along.head].reduce((total, side, i) => total + side.reduce((s, v, j) => s + v * slopes[i]!.data[j]!, 0), 0);
    expect((at(1e-5) - at(-1e-5)) / 2e-5).toBeCloseTo(slope, 8);
  });

  it('counts the rows whose label nothing beats, but not those without weight', () => {
    const { labels, weights } = labelInputs(2);
    const { right } = labelLoss({ hidden: input('logits', ['2*part', 3]), labels, weights }, { head: (own) => own, chunks: 2 });
    const logits = [
      [1, 2, 3],
      [3, 2, 1],
      [0, 1, 0],
      [5, 5, 0],
      [9, 0, 0],
      [0, 0, 1],
    ].flat();
    const cases: ReadonlyMap<string, Tensor> = new Map([
      ['logits', tensor([6, 3], logits)],
      ['labels', tensor([6], [2, 1, 1, 1, 0, 2])],
      ['weights', tensor([6], [1, 1, 1, 1, 0, 0.1])],
    ]);
    expect(evaluate([right], cases)[0]!.data[0]).toBe(4);
  });

  it('leaves a row without weight without gradient', () => {
    const [d] = values(gradients(built(2).loss, [x]));
    expect(d!.slice(2 * width, 3 * width).every((value) => value === 0)).toBe(true);
    expect(d!.slice(0, width).every((value) => value !== 0)).toBe(true);
  });

  it('gives the same bits in onnxruntime with a model that is computed again, and what the evaluator gives', async () => {
    await using engine = await openEngine({ threads: 1 });
    const outputs = (again: boolean) => {
      const [hidden] = again ? recomputeIn('block', [x], [tanh(square(x))]) : [tanh(square(x))];
      const { labels, weights } = labelInputs(4);
      const { loss, right } = labelLoss({ hidden: hidden!, labels, weights }, { head: (own) => linear(own, head), chunks: 4 });
      const [dX, dHead] = gradients(loss, [x, head]) as [Node, Node];
      return { loss, right, dX, dHead };
    };
    const feeds = Object.fromEntries([...given].map(([name, { shape, data }]) => [name, tensorOf(name === 'labels' ? 'int64' : 'float32', shape, data)]));
    const run = async (again: boolean) => {
      await using program = await engine.compile({ name: `labels ${again}`, outputs: outputs(again) }, new Map([['head', { kind: 'trainable' }]]));
      return program.run(feeds);
    };
    const got = await run(false);
    expect(await run(true)).toEqual(got);
    const named = Object.entries(outputs(false));
    const expected = evaluate(
      named.map(([, node]) => node),
      given,
    );
    for (const [i, [name]] of named.entries()) near([...numbersOf(got[name]!)], [...expected[i]!.data], 5);
  });

  it('takes two products of a frozen head a chunk, and keeps the logits of one chunk', () => {
    const [count, wide, chunks] = [1024, 576, 8];
    const table = parameter('table', [49_152, wide]);
    const stream = mul(input('stream', [`${chunks}*part`, wide]), parameter('gain', [wide]));
    const { labels, weights } = labelInputs(chunks);
    const { loss, right } = labelLoss({ hidden: stream, labels, weights }, { head: (own) => linear(own, table), chunks });
    const gain = inOrder([stream]).find(({ op, shape }) => op.name === 'parameter' && shape.length === 1)!;
    const outputs = { loss, right, gain: gradients(loss, [gain])[0]! };
    expect(inOrder(Object.values(outputs)).filter(({ op }) => op.name === 'matmul')).toHaveLength(2 * chunks);
    const lengths = { part: count / chunks };
    const chunkBytes = (count / chunks) * 49_152 * 4;
    // Logits and what is made of them; beside them what has the size of the hidden rows.
    expect(plan({ outputs }, { lengths }).peakBytes(lengths)).toBeLessThan(2 * chunkBytes + 8 * count * wide * 4);
  });

  it('takes one product a chunk where only values are wanted, which are the same', () => {
    const { labels, weights } = labelInputs(4);
    const { loss } = labelLoss({ hidden: tanh(x), labels, weights }, { head: (own) => linear(own, head), chunks: 4, forwardOnly: true });
    expect(inOrder([loss]).filter(({ op }) => op.name === 'matmul')).toHaveLength(4);
    near(values([loss])[0]!, values([built(4).loss])[0]!);
  });

  it('refuses rows that do not divide, and rows that do not match', () => {
    const { labels, weights } = labelInputs();
    const rowsOf = (axis: string) => ({ hidden: input('h', [axis, width]), labels, weights });
    expect(() => labelLoss(rowsOf('part'), { head: (own) => own, chunks: 4 })).toThrow(/expected a multiple of 4/);
    expect(() => labelLoss(rowsOf('others'), { head: (own) => own })).toThrow(/expected weights \[others\]/);
    expect(() => labelCosts(rowsOf('others'), { head: (own) => own })).toThrow(/labels: expected hidden \[rows, hidden\] and what has the same rows/);
  });

  it('takes rows of a batch', () => {
    const { rows: places, labels, weights } = labelInputs(2);
    const states = input('states', ['batch', 'seq', width]);
    const picked = gather(reshape(states, ['batch*seq', width]), places);
    const { loss } = labelLoss({ hidden: picked, labels, weights }, { head: (own) => matmul(own, head, { transposeB: true }), chunks: 2 });
    const some: ReadonlyMap<string, Tensor> = new Map([
      ...given,
      ['states', tensor([2, 3, width], noise(24, 3))],
      ['rows', tensor([2], [4, 0])],
      ['labels', tensor([2], [1, 2])],
      ['weights', tensor([2], [1, 0.5])],
    ]);
    const [d] = evaluate(gradients(loss, [states]), some);
    expect([0, 1, 2, 3, 4, 5].map((row) => d!.data.slice(row * width, (row + 1) * width).some((v) => v !== 0))).toEqual([
      true,
      false,
      false,
      false,
      true,
      false,
    ]);
  });
});
