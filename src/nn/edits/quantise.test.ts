import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  constant,
  gradients,
  inOrder,
  input,
  isParameter,
  leavesOf,
  matmul,
  mul,
  type Node,
  NotFoundError,
  named,
  nameOf,
  parameter,
  rmsNorm,
  sum,
  type Tensor,
  tensor,
} from '../../core/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import {
  activationRanges,
  channelSizes,
  dequantiseBlocks,
  int8Linear,
  int8Product,
  largestChannels,
  lowRank,
  lowRankParameters,
  nBitsProduct,
  type QuantiseOptions,
  quantise,
  quantiseBlocks,
  quantiseInt8,
  quantiseRows,
  quantiseStatic,
  rowScale,
  sitesIn,
  smoothingDivisors,
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

describe('smoothed int8', () => {
  const [rows, inner, out] = [6, 48, 20];
  const x = input('x', [rows, inner]);
  const linearAt = (site: string): Node => named(site, matmul(x, parameter(`${site}.weight`, [out, inner]), { transposeB: true }));
  const roots = [linearAt('a'), linearAt('b')];
  // Channel 7 is fifty times the others, in every row.
  const values = new Map([
    [
      'x',
      tensor(
        [rows, inner],
        wave([rows, inner], 1).data.map((value, i) => (i % inner === 7 ? 50 * value : value)),
      ),
    ],
    ['a.weight', wave([out, inner], 2, 0.3)],
    ['b.weight', wave([out, inner], 3, 0.3)],
  ]);
  const floats = inTheory({ a: roots[0]!, b: roots[1]! }, values);
  const edited = (options: Pick<QuantiseOptions, 'smooth' | 'apart' | 'backward'>, planned: boolean) => {
    const { roots: made, weights } = quantise(roots, { bits: 'int8', ...options });
    const outputs = channelSizes(roots).get('a')!;
    const sizes = inTheory({ ...outputs }, values);
    const own = { usual: Float32Array.from(sizes.usual!.data), largest: Float32Array.from(sizes.largest!.data) };
    const all = weights.map(({ from }) => Float32Array.from(values.get(from)!.data));
    const given = new Map(values);
    for (const [i, { make, apart = 0 }] of weights.entries()) {
      const divisors = options.smooth ? smoothingDivisors(own, all) : new Float32Array(inner).fill(1);
      for (const [name, { shape, data }] of Object.entries(make(all[i]!, planned ? { divisors, apart: largestChannels(own, apart) } : undefined)))
        given.set(name, tensor(shape, Array.from(data, Number)));
    }
    return { a: made[0]!, b: made[1]!, given, weights };
  };
  const errorOf = ({ a, b, given }: ReturnType<typeof edited>): number => {
    const found = inTheory({ a, b }, given);
    return Math.max(largestDifference(found.a!.data, floats.a!.data), largestDifference(found.b!.data, floats.b!.data));
  };
  const ways = [{ smooth: /./ }, { apart: { targets: /./, channels: 2 } }, { smooth: /./, apart: { targets: /./, channels: 2 } }];
  const wayBack = [{ whole: /./ }, { whole: /^none$/, float: /./ }].map((backward) => ({ ...ways[2]!, backward }));

  it('keeps what one large channel would drown', () => {
    const plain = errorOf(edited({}, false));
    for (const [i, way] of ways.entries()) expect(errorOf(edited(way, true)), `way ${i}`).toBeLessThan(0.7 * plain);
    expect(errorOf(edited({ smooth: /./ }, false))).toBe(plain);
  });

  it('divides an input once for all linears that read it, and only where asked', () => {
    const { weights } = edited({ smooth: /./ }, true);
    expect(new Set(weights.map(({ inverse }) => inverse))).toEqual(new Set(['a.weight.int8.inverse']));
    expect(edited({ smooth: /^b$/ }, true).weights.map(({ site, inverse }) => [site, inverse])).toEqual([
      ['a', undefined],
      ['b', 'b.weight.int8.inverse'],
    ]);
  });

  it('divides within the norm an input comes from, with the same result', () => {
    const given = new Map(values).set('gain', wave([inner], 5)).set('w.weight', wave([out, inner], 6));
    const after = (normal: Node) => named('w', matmul(normal, parameter('w.weight', [out, inner]), { transposeB: true }));
    const [x, gain] = [input('x', [rows, inner]), parameter('gain', [inner])];
    const normal = rmsNorm(x, gain, 1e-5);
    const found = [normal, mul(normal, 1)].map((from) => {
      const { roots: made, weights } = quantise([after(from)], { bits: 'int8', smooth: /./ });
      const divisors = Float32Array.from({ length: inner }, (_, i) => 1 + (i % 5));
      for (const [name, { shape, data }] of Object.entries(weights[0]!.make(Float32Array.from(given.get('w.weight')!.data), { divisors, apart: [] })))
        given.set(name, tensor(shape, Array.from(data, Number)));
      return inTheory({ y: made[0]! }, given).y!.data;
    });
    expect(largestDifference(found[0]!, found[1]!)).toBeLessThan(1e-9);
  });

  it.each(ways)('is in practice what it is in theory: %o', async (way) => {
    const { a, b, given } = edited(way, true);
    const theory = inTheory({ a, b }, given);
    for (const engine of engines) {
      const practice = await inPractice(engine, { a, b }, given);
      for (const name of ['a', 'b'] as const) expect(largestDifference(numbers(practice[name]!), theory[name]!.data)).toBeLessThan(0.02);
    }
  });

  it.each([...ways, ...wayBack])('has the gradient of the product it stands for, and shows edits beside it what the linear saw: %o', (way) => {
    const { a, b, given } = edited(way, true);
    const through = (p: Node, q: Node) => gradients(sum(add(mul(p, p), q), [0, 1]), [x])[0]!;
    const [exact, rounded] = [inTheory({ d: through(roots[0]!, roots[1]!) }, values).d!, inTheory({ d: through(a, b) }, given).d!];
    const size = Math.max(...exact.data.map(Math.abs));
    expect(largestDifference(rounded.data, exact.data)).toBeLessThan(0.05 * size);
    const adapted = lowRank([a], { targets: /^a$/, rank: 2, alpha: 2 })[0]!;
    const branch = new Map(given);
    for (const node of lowRankParameters([adapted])) branch.set(nameOf(node), wave(node.shape as number[], nameOf(node).length, 0.1));
    const beside = lowRank([roots[0]!], { targets: /^a$/, rank: 2, alpha: 2 })[0]!;
    const difference = (root: Node, plain: Tensor) => inTheory({ y: root }, branch).y!.data.map((value, i) => value - plain.data[i]!);
    expect(largestDifference(difference(adapted, inTheory({ a }, given).a!), difference(beside, floats.a!))).toBeLessThan(1e-9);
  });
});

describe('int8', () => {
  const [rows, inner, out] = [5, 64, 24];

  it('takes the gradient back through whole numbers where asked, rounded by at most half a step of each row, in practice as in theory', async () => {
    const root = named('w', matmul(input('x', [rows, inner]), parameter('w.weight', [out, inner]), { transposeB: true }));
    const weight = Float32Array.from({ length: out * inner }, (_, i) => Math.cos(3 * i));
    const given = new Map([
      [
        'x',
        tensor(
          [rows, inner],
          Array.from({ length: rows * inner }, (_, i) => Math.sin(i)),
        ),
      ],
    ]);
    const upstream = input('d', [rows, out]);
    given.set(
      'd',
      tensor(
        [rows, out],
        Array.from({ length: rows * out }, (_, i) => Math.sin(7 * i) * (1 + (i % 5))),
      ),
    );
    const { roots: made, weights } = quantise([root], { bits: 'int8', backward: { whole: /./ }, weightMost: 63 });
    for (const [name, { shape, data }] of Object.entries(weights[0]!.make(weight))) given.set(name, tensor(shape, Array.from(data, Number)));
    const whole = gradients(made[0]!, [inOrder(made).find((node) => node.op.name === 'input')!], upstream)[0]!;
    const { data: rounded } = inTheory({ d: whole }, given).d!;
    const [back, backScale] = [given.get('w.weight.int8.back')!.data, given.get('w.weight.int8.back.scale')!.data];
    const used = back.map((value, i) => value * backScale[i % inner]!);
    expect(largestDifference(used, weight)).toBeLessThanOrEqual(Math.max(...backScale) / 2);
    for (let r = 0; r < rows; r++) {
      const row = given.get('d')!.data.slice(r * out, (r + 1) * out);
      const step = Math.max(...row.map(Math.abs)) / 127;
      for (let i = 0; i < inner; i++) {
        const column = Array.from(row, (_, o) => used[o * inner + i]!);
        const exact = column.reduce((sum, value, o) => sum + value * row[o]!, 0);
        expect(Math.abs(rounded[r * inner + i]! - exact)).toBeLessThanOrEqual(
          (step / 2) * column.reduce((sum, value) => sum + Math.abs(value), 0) * (1 + 1e-6),
        );
      }
    }
    for (const engine of engines) expect(largestDifference(numbers((await inPractice(engine, { back: whole }, given)).back!), rounded)).toBeLessThan(1e-3);
  });

  const program = () => {
    const x = input('x', ['rows', inner]);
    const q = input('q', ['rows', inner], 'uint8');
    const s = input('s', ['rows', 1]);
    return { y: int8Product(x, parameter('w', [inner, out], 'int8'), parameter('scale', [out]), { quantised: q, scale: s }) };
  };

  it('is exact against whole-number arithmetic on this machine, with the most extreme values too', async () => {
    const pick = (kind: string, seed: number, i: number): number =>
      kind === 'high' ? 255 : kind === 'low' ? 0 : kind === 'edges' ? ((i * 7 + seed) % 2) * 255 : (Math.imul(i + 1, 2654435761 + seed) >>> 24) & 255;
    for (const engine of engines)
      for (const a of ['high', 'low', 'edges', 'random'])
        for (const w of ['high', 'low', 'edges', 'random']) {
          const q = Array.from({ length: rows * inner }, (_, i) => pick(a, 3, i));
          const weight = Array.from({ length: inner * out }, (_, i) =>
            w === 'random' ? (pick(w, 5, i) % 128) - 64 : w === 'high' ? 63 : w === 'low' ? -64 : i % 2 === 0 ? 63 : -64,
          );
          const values = new Map([
            ['x', tensor([rows, inner], new Array(rows * inner).fill(0))],
            ['q', tensor([rows, inner], q)],
            ['s', tensor([rows, 1], new Array(rows).fill(1))],
            ['w', tensor([inner, out], weight)],
            ['scale', tensor([out], new Array(out).fill(1))],
          ]);
          const { y } = await inPractice(engine, program(), values);
          const exact = Float64Array.from({ length: rows * out }, (_, i) => {
            let total = 0;
            for (let k = 0; k < inner; k++) total += (q[Math.floor(i / out) * inner + k]! - 128) * weight[k * out + (i % out)]!;
            return total;
          });
          expect(largestDifference(numbers(y!), exact), `${a} · ${w}`).toBe(0); // every sum is below 2^24
        }
  });

  it('quantises each row by itself: a neighbour changes nothing', async () => {
    const x = input('x', ['rows', inner]);
    const scale = rowScale(x);
    const outputs = { scale, q: quantiseRows(x, scale) };
    const values = wave([rows, inner], 2);
    const all = await inPractice(engines[1]!, outputs, new Map([['x', values]]));
    const loud = tensor(
      [rows, inner],
      values.data.map((v, i) => (i < inner ? v * 1e6 : v)),
    );
    const beside = await inPractice(engines[1]!, outputs, new Map([['x', loud]]));
    expect(numbers(beside.q!).slice(inner)).toEqual(numbers(all.q!).slice(inner));
    expect(numbers(beside.scale!).slice(1)).toEqual(numbers(all.scale!).slice(1));
  });

  it('keeps every value within half a scale, and a row of zeros at zero', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 12, maxLength: 12 }), (list) => {
        // A scale below the smallest normal number has no half; no weight is so small.
        const weight = Float32Array.from(list, (value) => (Math.abs(value) < 1e-30 ? 0 : value));
        const { values, scales } = quantiseInt8(weight, 3, 4);
        for (let o = 0; o < 3; o++)
          for (let i = 0; i < 4; i++) {
            expect(Math.abs(values[i * 3 + o]!)).toBeLessThanOrEqual(63);
            expect(Math.abs(values[i * 3 + o]! * scales[o]! - weight[o * 4 + i]!)).toBeLessThanOrEqual(scales[o]! * 0.5001);
          }
        const x = input('x', [3, 4]);
        const scale = rowScale(x);
        const theory = inTheory({ scale, q: quantiseRows(x, scale) }, new Map([['x', tensor([3, 4], weight)]]));
        weight.forEach((value, i) => {
          const row = theory.scale!.data[Math.floor(i / 4)]!;
          if (Math.abs((theory.q!.data[i]! - 128) * row - value) > row * 0.5001) expect.fail(`${value} became ${theory.q!.data[i]}`);
        });
      }),
    );
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
