import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluate, gradients, inOrder, input, isParameter, mul, type Node, nameOf, ShapeError, sum, type Tensor, tensor } from '../core/index.ts';
import { type Engine, openEngine, tensorOf } from '../runtime/index.ts';
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

it.each([1, 2, 4])('in %s parts writes its new rows into the cache where it lies, and nothing beyond its end', async (parts) => {
  const [seq, held] = [16, 5];
  for (const room of [held + seq, held + seq + 9]) {
    const { past } = causalInputs({ layers: 1, kvHeads, headDim }, { batch: 1, seq, past: room, dense: true, inPlace: true, mask: false });
    const bias = causalBias({ batch: 1, seq, past: past!.mask });
    const own = { heads, kvHeads, headDim, bias };
    const cache = { keys: past!.keys[0]!, values: past!.values[0]!, counts: past!.counts };
    const x = input('x', [1, seq, hidden]);
    const whole = causalAttention('attn', x, { ...own, past: { ...cache, inPlace: past!.inPlace }, parts });
    const { out, keys, values } = causalAttention('attn', x, { ...own, past: { keys: cache.keys, values: cache.values } });
    const given = new Map([
      ['x', wave([1, seq, hidden], 9)],
      ['past.keys.0', wave([1, kvHeads, room, headDim], 10)],
      ['past.values.0', wave([1, kvHeads, room, headDim], 11)],
      [
        'past.mask',
        tensor(
          [1, room],
          Array.from({ length: room }, (_, i) => (i < held ? 1 : 0)),
        ),
      ],
      ...inOrder([out]).filter(isParameter).map((node, i): [string, Tensor] => [nameOf(node), wave(node.shape as number[], i)]), // biome-ignore format: one entry
    ]);
    const [expected, newKeys, newValues] = evaluate([out, keys, values], given, new Map());
    for (const engine of engines) {
      const data = new Map([...given].map(([name, { shape, data }]) => [name, tensorOf(name === 'past.mask' ? 'bool' : 'float32', shape, data)]));
      const isWeight = (name: string) => !name.startsWith('past.') && name !== 'x';
      const bindings = new Map([...data].flatMap(([name, value]) => (isWeight(name) ? [[name, { kind: 'constant' as const, value }]] : [])));
      const program = { name: 'in-place', outputs: { out: whole.out } };
      const feeds = Object.fromEntries([...data].filter(([name]) => !isWeight(name)));
      await using run = await engine.compile(program, bindings, { arena: true });
      expect(run.overwritten).toEqual(['past.keys.0', 'past.values.0']);
      expect(largestDifference(numbers((await run.run(feeds)).out!), expected!.data)).toBeLessThan(1e-5);
      for (const [name, rows] of [['past.keys.0', newKeys], ['past.values.0', newValues]] as const) // biome-ignore format: pairs
        for (let head = 0; head < kvHeads; head++) {
          const at = (row: number) => (head * room + row) * headDim;
          const [now, before] = [numbers(feeds[name]!), given.get(name)!.data];
          expect(largestDifference(now.slice(at(held), at(held + seq)), rows!.data.subarray(head * seq * headDim, (head + 1) * seq * headDim))).toBeLessThan(
            1e-6,
          );
          expect(now.slice(at(0), at(held))).toEqual(Float64Array.from(before.subarray(at(0), at(held)), Math.fround));
          expect(now.slice(at(held + seq), at(room))).toEqual(Float64Array.from(before.subarray(at(held + seq), at(room)), Math.fround));
        }
      await expect(engine.compile(program, bindings)).rejects.toThrow(/expected an engine in this process.*got no arena/);
    }
    await using apart = await openEngine({ threads: 1, process: true });
    await expect(apart.compile({ name: 'in-place', outputs: { out: whole.out } }, new Map(), { arena: true })).rejects.toThrow(/binding|process of its own/);
    expect(() => groupedAttention(x, x, x, { ...cache, keys: mul(cache.keys, 2), counts: cache.counts! }, { heads: 1, kvHeads: 1, scale: 1, inPlace: true })).toThrow(ShapeError); // biome-ignore format: one call
  }
});

it('of chosen rows is attention to what is cached and what is new in the order of the text', async () => {
  const [seq, room] = [6, 20];
  const layerOf = (inPlace: boolean, window: number | undefined): Node => {
    const { past } = causalInputs({ layers: 1, kvHeads, headDim }, { batch: 1, seq, past: room, dense: true, inPlace, mask: false });
    const cache = { keys: past!.keys[0]!, values: past!.values[0]!, counts: past!.counts, inPlace };
    const rows = input('rows', [2], 'int64');
    const bias = causalBias({ batch: 1, seq, past: past!.mask, window, rows });
    return causalAttention('attn', input('x', [1, seq, hidden]), { heads, kvHeads, headDim, bias, window, past: cache, rows }).out;
  };
  for (const window of [undefined, 4])
    for (const held of [0, 5, room - seq]) {
      const values = new Map([
        ['x', wave([1, seq, hidden], 9)],
        ['rows', tensor([2], [5, 2])],
        ['past.keys.0', wave([1, kvHeads, room, headDim], 10)],
        ['past.values.0', wave([1, kvHeads, room, headDim], 11)],
        [
          'past.mask',
          tensor(
            [1, room],
            Array.from({ length: room }, (_, i) => (i < held ? 1 : 0)),
          ),
        ],
      ]);
      const whole = layerOf(true, window);
      for (const [i, node] of inOrder([whole]).filter(isParameter).entries()) values.set(nameOf(node), wave(node.shape as number[], i));
      const expected = evaluate([layerOf(false, window)], values, new Map())[0]!.data;
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
