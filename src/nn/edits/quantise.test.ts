import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  constant,
  gradients,
  inOrder,
  input,
  isParameter,
  leavesOf,
  mul,
  type Node,
  NotFoundError,
  nameOf,
  parameter,
  sum,
  type Tensor,
  tensor,
} from '../../core/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import {
  activationRanges,
  dequantiseBlocks,
  int8Linear,
  lowRank,
  lowRankParameters,
  nBitsProduct,
  type QuantiseOptions,
  quantise,
  quantiseBlocks,
  quantiseInt8,
  quantiseStatic,
  sitesIn,
  staticScale,
} from './index.ts';
import { inPractice, inTheory, largestDifference, numbers, type TinyBert, tinyBert } from './testing/tiny-bert.ts';

let model: TinyBert;
let engines: Engine[];
beforeAll(async () => {
  model = await tinyBert();
  engines = [await openEngine({ threads: 1 }), await openEngine({ threads: 2 })];
});
afterAll(async () => {
  for (const engine of engines) await engine[Symbol.asyncDispose]();
});

const kinds: QuantiseOptions['bits'][] = ['int8', 8, 4];
/** Values of a quantised graph: those of the model, with the quantised weights beside them. */
const quantised = (options: QuantiseOptions, roots: readonly Node[] = [model.hidden]): { roots: Node[]; values: Map<string, Tensor> } => {
  const { roots: edited, weights } = quantise(roots, options);
  const values = new Map(model.values);
  for (const { from, make } of weights)
    for (const [name, { shape, data }] of Object.entries(make(Float32Array.from(values.get(from)!.data))))
      values.set(name, tensor(shape, Array.from(data, Number)));
  return { roots: edited, values };
};
const wave = (shape: readonly number[], by: number, scale = 1): Tensor =>
  tensor(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => scale * Math.sin(by + i * 1.7)),
  );

describe.each(kinds)('quantise to %s', (bits) => {
  it('is in practice what it is in theory', async () => {
    const { roots, values } = quantised({ bits, block: 16 });
    const theory = inTheory({ hidden: roots[0]! }, values).hidden!;
    for (const engine of engines) {
      const practice = numbers((await inPractice(engine, { hidden: roots[0]! }, values)).hidden!);
      // A value of an activation that lies on a half may be rounded the other way in float32: one step of 1/127 of its row, once in a while.
      expect(largestDifference(practice, theory.data)).toBeLessThan(bits === 'int8' ? 0.05 : 2e-5);
    }
  });

  it('stays near the model', () => {
    const { roots, values } = quantised({ bits, block: 16 });
    const [a, b] = [inTheory({ hidden: roots[0]! }, values).hidden!, inTheory({ hidden: model.hidden }, model.values).hidden!];
    const relative = Math.hypot(...a.data.map((value, i) => value - b.data[i]!)) / Math.hypot(...b.data);
    expect(relative).toBeLessThan({ int8: 0.05, 8: 0.02, 4: 0.25 }[bits]);
    expect(relative).toBeGreaterThan(0);
  });

  it('reads no float weight of a linear any more, and everything else as before', () => {
    const { roots } = quantise([model.hidden], { bits });
    const names = [...leavesOf(roots).parameters.keys()];
    expect(names.filter((name) => /(attn|mlp)\..*\.weight$/.test(name))).toEqual([]);
    expect(names).toContain('blocks.0.attn.q.bias');
    expect([...sitesIn(roots).keys()]).toEqual([...sitesIn([model.hidden]).keys()]);
    expect(sitesIn(roots).get('embed')).toBe(sitesIn([model.hidden]).get('embed'));
    const only = quantise([model.hidden], { bits, targets: /blocks\.1\.mlp/ });
    expect(only.weights.map(({ from }) => from)).toEqual(['blocks.1.mlp.up.weight', 'blocks.1.mlp.down.weight']);
    expect(sitesIn(only.roots).get('blocks.0.resid.post')).toBe(sitesIn([model.hidden]).get('blocks.0.resid.post'));
    expect(() => quantise(roots, { bits })).toThrow(NotFoundError);
  });

  it('lets gradients through to what lies below: those of the weights it stands for', () => {
    const lossOf = (hidden: Node) => sum(mul(hidden, input('lossWeights', ['batch', 'seq', 24])), [0, 1, 2]);
    const gradientOf = (hidden: Node, values: ReadonlyMap<string, Tensor>) => {
      const table = inOrder([hidden]).find((node) => isParameter(node) && nameOf(node) === 'embed.word.weight')!;
      return inTheory({ table: gradients(lossOf(hidden), [table])[0]! }, new Map(values).set('lossWeights', wave([3, 11, 24], 1))).table!.data;
    };
    const { roots, values } = quantised({ bits, block: 16 });
    const plain = new Map(model.values);
    for (const { from, shape } of quantise([model.hidden], { bits, block: 16 }).weights) {
      const [out, inner] = shape;
      const weight = Float32Array.from(plain.get(from)!.data);
      if (bits === 'int8') {
        const made = quantiseInt8(weight, out, inner);
        plain.set(
          from,
          tensor(
            shape,
            Array.from({ length: out * inner }, (_, i) => made.values[(i % inner) * out + Math.floor(i / inner)]! * made.scales[Math.floor(i / inner)]!),
          ),
        );
      } else {
        const attrs = { bits, block: 16, inner, out };
        const made = quantiseBlocks(weight, attrs);
        plain.set(from, tensor(shape, dequantiseBlocks(made.values, made.scales, attrs)));
      }
    }
    const [ours, theirs] = [gradientOf(roots[0]!, values), gradientOf(model.hidden, plain)];
    const relative = Math.hypot(...ours.map((value, i) => value - theirs[i]!)) / Math.hypot(...theirs);
    expect(relative).toBeLessThan(bits === 'int8' ? 0.15 : 1e-6); // int8 also rounds the activations at which the slopes are taken
  });

  it('goes below a low-rank branch, and a branch goes beside it', async () => {
    const options = { targets: /attn\.q$/, rank: 2, alpha: 4 };
    const orders = [
      (roots: readonly Node[]) => quantise(lowRank(roots, options), { bits, block: 16 }).roots,
      (roots: readonly Node[]) => lowRank(quantise(roots, { bits, block: 16 }).roots, options),
    ];
    const { values } = quantised({ bits, block: 16 });
    const found: Float64Array[] = [];
    for (const order of orders) {
      const roots = order([model.hidden]);
      for (const node of lowRankParameters(roots)) values.set(nameOf(node), wave(node.shape as number[], nameOf(node).length, 0.1));
      expect(lowRankParameters(roots)).toHaveLength(4);
      found.push(numbers((await inPractice(engines[0]!, { hidden: roots[0]! }, values)).hidden!));
    }
    expect(found[0]).toEqual(found[1]);
  });
});

describe.each([8, 4] as const)('blocks of %i bits', (bits) => {
  it('keep every value within the bound, whatever the number of columns', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 1e6 }), (inner, seed) => {
        const attrs = { bits, block: 16, inner, out: 2 };
        const weight = Float32Array.from(wave([2, inner], seed).data);
        const { values, scales } = quantiseBlocks(weight, attrs);
        const back = dequantiseBlocks(values, scales, attrs);
        weight.forEach((value, i) => {
          const scale = Math.abs(scales[Math.floor(i / inner) * Math.ceil(inner / 16) + Math.floor((i % inner) / 16)]!);
          if (Math.abs(value - back[i]!) > scale * (bits === 8 ? 0.5001 : 1.0001)) expect.fail(`${value} became ${back[i]}`);
        });
      }),
    );
  });

  it('multiply as their floats do, also when the last block is not full, and in a single row', async () => {
    for (const [inner, rows] of [
      [64, 5],
      [40, 3],
      [33, 1],
    ] as const) {
      const attrs = { bits, block: 16, inner, out: 24 };
      const { values, scales } = quantiseBlocks(Float32Array.from(wave([24, inner], 4).data), attrs);
      const blocks = Math.ceil(inner / 16);
      const x = input('x', ['rows', inner]);
      const y = nBitsProduct(x, parameter('w', [24, blocks, (16 * bits) / 8], 'uint8'), parameter('s', [24, blocks]), attrs);
      const given = new Map([
        ['x', wave([rows, inner], 1)],
        ['w', tensor([24, blocks, (16 * bits) / 8], values)],
        ['s', tensor([24, blocks], scales)],
      ]);
      const theory = inTheory({ y }, given).y!;
      for (const engine of engines)
        expect(largestDifference(numbers((await inPractice(engine, { y }, given)).y!), theory.data), `${rows} × ${inner}`).toBeLessThan(1e-5);
      const d = gradients(sum(mul(y, y), [0, 1]), [x])[0]!;
      const gradient = inTheory({ d }, given).d!;
      expect(largestDifference(numbers((await inPractice(engines[0]!, { d }, given)).d!), gradient.data)).toBeLessThan(1e-3);
      const along = (h: number) =>
        inTheory(
          { y: sum(mul(y, y), [0, 1]) },
          new Map(given).set(
            'x',
            tensor(
              [rows, inner],
              given.get('x')!.data.map((v, i) => v + h * Math.cos(i)),
            ),
          ),
        ).y!.data[0]!;
      expect(gradient.data.reduce((s, v, i) => s + v * Math.cos(i), 0)).toBeCloseTo((along(1e-5) - along(-1e-5)) / 2e-5, 3);
    }
  });
});

it('refuses a block size without a kernel', () => {
  expect(() => quantise([model.hidden], { bits: 4, block: 48 })).toThrow(/blocks of 16, 32/);
});

describe('int8 with fixed scales', () => {
  const measured = () => {
    const found = activationRanges([model.hidden], /^blocks\./);
    const values = inTheory(Object.fromEntries([...found].flatMap(([site, { high, low }]) => [[`${site} high`, high], [`${site} low`, low]])), model.values); // biome-ignore format: pairs
    return new Map([...found.keys()].map((site) => [site, { high: Float32Array.from(values[`${site} high`]!.data), low: Float32Array.from(values[`${site} low`]!.data) }])); // biome-ignore format: pairs
  };

  it('is in practice what it is in theory, and stays near the model', async () => {
    const { roots, values } = quantised({ bits: 'int8', targets: /^blocks\./, ranges: measured() });
    expect(inOrder(roots).filter(({ op }) => op.name === 'int8Linear').length).toBeGreaterThan(0);
    expect(inOrder(roots).filter(({ op }) => op.name === 'int8Product')).toEqual([]);
    const theory = inTheory({ hidden: roots[0]! }, values).hidden!;
    for (const engine of engines)
      expect(largestDifference(numbers((await inPractice(engine, { hidden: roots[0]! }, values)).hidden!), theory.data)).toBeLessThan(0.05);
    const plain = inTheory({ hidden: model.hidden }, model.values).hidden!;
    expect(Math.hypot(...theory.data.map((value, i) => value - plain.data[i]!)) / Math.hypot(...plain.data)).toBeLessThan(0.05);
  });

  it('keeps sites, and refuses ranges of another model', () => {
    const ranges = measured();
    const { roots } = quantised({ bits: 'int8', targets: /^blocks\./, ranges });
    expect([...sitesIn(roots).keys()].sort()).toEqual([...sitesIn([model.hidden]).keys()].sort());
    const [site] = ranges.keys();
    expect(() => quantise([model.hidden], { bits: 'int8', ranges: new Map([[site!, { high: new Float32Array(1), low: new Float32Array(1) }]]) })).toThrow(
      /range of \d+ channels/,
    );
  });

  it('holds every value of its range to half a step, whatever the range', () => {
    const channel = fc.tuple(fc.double({ min: -50, max: 50, noNaN: true }), fc.double({ min: -50, max: 50, noNaN: true }));
    fc.assert(
      fc.property(fc.array(channel, { minLength: 1, maxLength: 40 }), (ends) => {
        const high = Float32Array.from(ends, ([a, b]) => Math.max(a, b));
        const low = Float32Array.from(ends, ([a, b]) => Math.min(a, b));
        const { scale, zero, channels } = staticScale({ high, low });
        expect(zero).toBeGreaterThanOrEqual(0);
        expect(zero).toBeLessThanOrEqual(255);
        for (const [i, end] of [...high.entries(), ...low.entries()]) {
          const by = channels?.[i] ?? 1;
          const code = Math.min(255, Math.max(0, Math.round(end / by / scale) + zero));
          expect(Math.abs((code - zero) * scale * by - end)).toBeLessThanOrEqual(by * scale * (1 + 1e-5));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('multiplies numbers of every size exactly on this processor', async () => {
    const [rows, inner, out] = [5, 70, 9];
    const x = input('x', [rows, inner]);
    const [weight, scale, factor, bias] = [parameter('w', [inner, out], 'int8'), parameter('s', [out]), parameter('f', []), parameter('b', [out])];
    const y = int8Linear(x, weight, scale, { quantised: quantiseStatic(x, factor, 0), inputScale: factor, inverse: constant(1), zero: 0 }, bias);
    const values = new Map<string, Tensor>([
      ['x', tensor([rows, inner], new Array(rows * inner).fill(255))],
      [
        'w',
        tensor(
          [inner, out],
          Array.from({ length: inner * out }, (_, i) => (i % 3 === 0 ? -63 : 63)),
        ),
      ],
      ['s', tensor([out], new Array(out).fill(1))],
      ['f', tensor([], [1])],
      ['b', tensor([out], new Array(out).fill(0.5))],
    ]);
    const theory = inTheory({ y }, values).y!;
    for (const engine of engines) expect(largestDifference(numbers((await inPractice(engine, { y }, values)).y!), theory.data)).toBe(0);
  });

  it('lets a low-rank branch beside it see what the linear saw before, divided channels too', () => {
    const ranges = new Map([...measured()].map(([site, { high, low }]) => [site, { high: high.with(0, 40 * high[0]!), low }]));
    const options = { targets: /mlp\.up$/, rank: 2, alpha: 4 };
    const [first, second] = [
      quantise(lowRank([model.hidden], options), {
        bits: 'int8',
        targets: /mlp\.up$/,
        ranges: new Map([...ranges].map(([site, range]) => [`${site}.base`, range])),
      }),
      lowRank(quantise([model.hidden], { bits: 'int8', targets: /mlp\.up$/, ranges }).roots, options),
    ];
    const values = new Map(quantised({ bits: 'int8', targets: /mlp\.up$/, ranges }).values);
    for (const node of lowRankParameters(second)) values.set(nameOf(node), wave(node.shape as number[], nameOf(node).length, 0.1));
    expect(inOrder(second).some(({ op }) => op.name === 'int8Linear')).toBe(true);
    const [a, b] = [first.roots[0]!, second[0]!].map((root) => inTheory({ root }, values).root!.data);
    expect(largestDifference(a!, b!)).toBeLessThan(1e-9);
  });

  it('has the gradient of the product it stands for, to the rounding of its weights', () => {
    const { roots, values } = quantised({ bits: 'int8', targets: /mlp\.up$/, ranges: measured() });
    const slopeOf = (root: Node, given: ReadonlyMap<string, Tensor>) => {
      const bias = inOrder([root]).find((node) => isParameter(node) && nameOf(node) === 'blocks.0.mlp.up.bias')!;
      const start = inOrder([root]).find((node) => isParameter(node) && nameOf(node) === 'blocks.0.norm1.bias')!;
      const found = gradients(sum(mul(root, root), [0, 1, 2]), [bias, start]);
      return Object.values(inTheory({ bias: found[0]!, start: found[1]! }, new Map(given))).flatMap(({ data }) => [...data]);
    };
    const [a, b] = [slopeOf(roots[0]!, values), slopeOf(model.hidden, model.values)];
    expect(Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.hypot(...b)).toBeLessThan(0.05);
  });
});
