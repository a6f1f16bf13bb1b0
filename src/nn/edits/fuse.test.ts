import { afterAll, beforeAll, expect, it } from 'vitest';
import { gradients, inOrder, type Node, sum, type Tensor, tensor } from '../../core/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import { capture, fuse, lowRank, type QuantiseOptions, quantise, sitesIn } from './index.ts';
import { inPractice, inTheory, largestDifference, numbers, type TinyBert, tinyBert } from './testing/tiny-bert.ts';

let model: TinyBert;
let engine: Engine;
beforeAll(async () => {
  model = await tinyBert();
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());

const ops = (roots: readonly Node[]) =>
  inOrder(roots).reduce((counts, { op }) => counts.set(op.name, (counts.get(op.name) ?? 0) + 1), new Map<string, number>());
const edited = (bits: QuantiseOptions['bits'] | 'f32'): { root: Node; values: Map<string, Tensor> } => {
  const values = new Map(model.values);
  if (bits === 'f32') return { root: model.hidden, values };
  const { roots, weights } = quantise([model.hidden], { bits, block: 16 });
  for (const { from, make } of weights)
    for (const [name, { shape, data }] of Object.entries(make(Float32Array.from(values.get(from)!.data)))) values.set(name, tensor(shape, data));
  return { root: roots[0]!, values };
};

it.each(['f32', 'int8', 8, 4] as const)('fuse changes rounding alone: %s', async (bits) => {
  const { root, values } = edited(bits);
  const [joined] = fuse([root]);
  const counts = ops([joined!]);
  expect(counts.get('skipNorm')).toBe(2 * model.config.layers);
  expect(counts.get('layerNorm')).toBe(1); // that of the embeddings, a sum of another shape
  expect(counts.get('biasGelu')).toBe(bits === 'f32' ? undefined : model.config.layers);
  expect(largestDifference(inTheory({ joined: joined! }, values).joined!.data, inTheory({ root }, values).root!.data)).toBeLessThan(1e-12);
  const [a, b] = [await inPractice(engine, { joined: joined! }, values), await inPractice(engine, { root }, values)];
  // int8 may round an activation the other way after that
  expect(largestDifference(numbers(a.joined!), numbers(b.root!))).toBeLessThan(bits === 'int8' ? 0.05 : 2e-5);
});

it('keeps what is read elsewhere, and the sites of what it makes', () => {
  const { root } = edited('int8');
  const up = capture([root], ['blocks.0.mlp.up'])['blocks.0.mlp.up']!;
  const roots = fuse([root, up]);
  expect(ops(roots).get('biasGelu')).toBe(model.config.layers - 1);
  expect(roots[1]).toBe(sitesIn(roots).get('blocks.0.mlp.up'));
  const left = [...sitesIn([root]).keys()].filter((site) => !sitesIn(fuse([root])).has(site));
  expect(left.every((site) => /mlp\.(up|down)$|attn\.out$/.test(site))).toBe(true);
  const adapted = lowRank([root], { targets: /mlp\.up$/, rank: 2, alpha: 2 });
  expect(ops(fuse(adapted)).get('biasGelu')).toBeUndefined();
});

it('is for running only: it says so when asked for gradients', () => {
  const [joined] = fuse([model.hidden]);
  const table = sitesIn([joined!]).get('embed')!;
  expect(() => gradients(sum(joined!, [0, 1, 2]), [table])).toThrow(/take gradients before fusing/);
});
