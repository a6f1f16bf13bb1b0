import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluate, gradients, inOrder, input, isParameter, mul, type Node, nameOf, ShapeError, sum, type Tensor, tensor } from '../core/index.ts';
import { type Engine, openEngine } from '../runtime/index.ts';
import { inPractice, largestDifference, numbers } from './edits/testing/tiny-bert.ts';
import { causalAttention, causalBias, causalInputs, groupedAttention } from './index.ts';

const [kvSeq, heads, kvHeads, headDim, hidden] = [7, 4, 2, 8, 10];
let engines: Engine[];
beforeAll(async () => {
  engines = [await openEngine({ threads: 1 }), await openEngine({ threads: 2 })];
});
afterAll(async () => {
  for (const engine of engines) await engine[Symbol.asyncDispose]();
});

const wave = (shape: readonly number[], by: number): Tensor =>
  tensor(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(by + i * 1.3)),
  );
interface Size {
  readonly batch: number;
  readonly seq: number;
}
const layer = ({ batch, seq }: Size, dense: boolean, window: number | undefined, parts = 1): Node => {
  const { past } = causalInputs({ layers: 1, kvHeads, headDim }, { batch, seq, past: kvSeq, dense, mask: false });
  const bias = causalBias({ batch, seq, past: past!.mask, window });
  const cache = { keys: past!.keys[0]!, values: past!.values[0]!, counts: past!.counts };
  return causalAttention('attn', input('x', [batch, seq, hidden]), { heads, kvHeads, headDim, bias, window, past: cache, ...(dense && { parts }) }).out;
};
/** So many slots of the first text are held, three of a second. */
const given = ({ batch, seq }: Size, held: number): Map<string, Tensor> => {
  const values = new Map([
    ['x', wave([batch, seq, hidden], 9)],
    ['past.keys.0', wave([batch, kvHeads, kvSeq, headDim], 10)],
    ['past.values.0', wave([batch, kvHeads, kvSeq, headDim], 11)],
    [
      'past.mask',
      tensor(
        [batch, kvSeq],
        Array.from({ length: batch * kvSeq }, (_, i) => (i % kvSeq < (i < kvSeq ? held : 3) ? 1 : 0)),
      ),
    ],
  ]);
  const parameters = inOrder([layer({ batch, seq }, false, undefined)]).filter(isParameter);
  for (const [i, node] of parameters.entries()) values.set(nameOf(node), wave(node.shape as number[], i));
  return values;
};

const sizes: Size[] = [
  { batch: 1, seq: 5 },
  { batch: 2, seq: 1 },
];

it.each([undefined, 1, 3, 6])('is attention as it is from its parts, with a window of %s', async (window) => {
  for (const size of sizes)
    for (const held of [0, 4, kvSeq]) {
      const values = given(size, held);
      const parts = evaluate([layer(size, false, window)], values, new Map())[0]!.data;
      const whole = layer(size, true, window);
      expect(largestDifference(evaluate([whole], values, new Map())[0]!.data, parts)).toBeLessThan(1e-12);
      for (const engine of engines) expect(largestDifference(numbers((await inPractice(engine, { whole }, values)).whole!), parts)).toBeLessThan(1e-5);
    }
});

it.each([
  [2, 4],
  [3, 10],
  [4, 13],
  [4, 16],
])('is the same where the queries of %s parts of %s tokens come one after another', async (parts, seq) => {
  for (const window of [undefined, 5])
    for (const held of [0, 4, kvSeq]) {
      const size = { batch: 1, seq };
      const values = given(size, held);
      const expected = evaluate([layer(size, false, window)], values, new Map())[0]!.data;
      const whole = layer(size, true, window, parts);
      expect(largestDifference(evaluate([whole], values, new Map())[0]!.data, expected)).toBeLessThan(1e-12);
      for (const engine of engines) expect(largestDifference(numbers((await inPractice(engine, { whole }, values)).whole!), expected)).toBeLessThan(1e-5);
    }
});

it('has the gradients of its parts', () => {
  const size = { batch: 2, seq: 4 };
  const values = given(size, 4);
  const of = (dense: boolean) => {
    const root = layer(size, dense, 3);
    const wanted = inOrder([root]).filter(
      (node) => isParameter(node) || ['x', 'past.keys.0', 'past.values.0'].includes((node.attrs as { name?: string })?.name ?? ''),
    );
    const named = wanted.map((node): [string, Node] => [nameOf(node), node]).sort(([a], [b]) => (a < b ? -1 : 1));
    expect(named.length).toBeGreaterThanOrEqual(7);
    return evaluate(gradients(sum(mul(root, root), [0, 1, 2]), named.map(([, node]) => node)), values, new Map()); // biome-ignore format: one line
  };
  const [parts, whole] = [of(false), of(true)];
  for (const [i, { data }] of parts.entries()) expect(largestDifference(whole[i]!.data, data)).toBeLessThan(1e-9);
});

it('refuses shapes that do not fit one another', () => {
  const [q, k, past] = [input('q', [1, 2, 16]), input('k', [1, 2, 8]), input('p', [1, 1, 4, 4])];
  expect(() => groupedAttention(q, k, k, { keys: past, values: past, counts: input('c', [1], 'int64') }, { heads: 4, kvHeads: 2, scale: 1 })).toThrow(
    ShapeError,
  );
});
