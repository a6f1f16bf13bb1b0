import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { add, gradients, inOrder, input, matmul, mul, type Node, named, nameOf, parameter, rmsNorm, silu, sum, type Tensor, tensor } from '../../core/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import {
  channelSizes,
  foldedProducts,
  int8Product,
  lowRank,
  lowRankParameters,
  type QuantiseOptions,
  quantise,
  quantiseInt8,
  quantiseRows,
  rowScale,
  smoothingDivisors,
} from './index.ts';
import { linearOf } from './linear-of.ts';
import { inPractice, inTheory, largestDifference, numbers } from './testing/tiny-bert.ts';

let engines: Engine[];
beforeAll(async () => {
  engines = [await openEngine({ threads: 1 }), await openEngine({ threads: 2 })];
});
afterAll(async () => {
  for (const engine of engines) await engine[Symbol.asyncDispose]();
});

const wave = (shape: readonly number[], by: number, scale = 1): Tensor =>
  tensor(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => scale * Math.sin(by + i * 1.7)),
  );

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
  const edited = (options: Pick<QuantiseOptions, 'smooth' | 'backward'>, divided: boolean) => {
    const { roots: made, weights } = quantise(roots, { bits: 'int8', ...options });
    const usual = Float32Array.from(inTheory({ usual: channelSizes(roots).get('a')! }, values).usual!.data);
    const all = weights.map(({ from }) => Float32Array.from(values.get(from)!.data));
    const given = new Map(values);
    for (const [i, { make }] of weights.entries())
      for (const [name, { shape, data }] of Object.entries(make(all[i]!, divided ? smoothingDivisors(usual, all) : undefined)))
        given.set(name, tensor(shape, Array.from(data, Number)));
    return { a: made[0]!, b: made[1]!, given, weights };
  };
  const errorOf = ({ a, b, given }: ReturnType<typeof edited>): number => {
    const found = inTheory({ a, b }, given);
    return Math.max(largestDifference(found.a!.data, floats.a!.data), largestDifference(found.b!.data, floats.b!.data));
  };
  const smooth = /./;
  const wayBack = [{ whole: /./ }, { whole: /^none$/, float: /./ }].map((backward) => ({ smooth, backward }));

  it('keeps what one large channel would drown', () => {
    const plain = errorOf(edited({}, false));
    expect(errorOf(edited({ smooth }, true))).toBeLessThan(0.7 * plain);
    expect(errorOf(edited({ smooth }, false))).toBe(plain);
  });

  it('divides an input once for all linears that read it, and only where asked', () => {
    const { weights } = edited({ smooth }, true);
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
      for (const [name, { shape, data }] of Object.entries(weights[0]!.make(Float32Array.from(given.get('w.weight')!.data), divisors)))
        given.set(name, tensor(shape, Array.from(data, Number)));
      return inTheory({ y: made[0]! }, given).y!.data;
    });
    expect(largestDifference(found[0]!, found[1]!)).toBeLessThan(1e-9);
  });

  it('divides within a linear that is a factor of an input, with the same result and without a product of its own, the weights by each other beforehand', () => {
    const wide = 24;
    const [gate, up] = ['gate', 'up'].map((name) =>
      named(name, matmul(input('x', [rows, inner]), parameter(`${name}.weight`, [wide, inner]), { transposeB: true })),
    );
    const root = named('down', matmul(mul(silu(gate!), up!), parameter('down.weight', [out, wide]), { transposeB: true }));
    const given = new Map(values);
    for (const [i, [name, shape]] of (
      [
        ['gate', [wide, inner]],
        ['up', [wide, inner]],
        ['down', [out, wide]],
      ] as const
    ).entries())
      given.set(`${name}.weight`, wave(shape, i + 5, 0.1));
    const found = [false, true].map((fold) => {
      const { roots: made, weights } = quantise([root], { bits: 'int8', smooth: /down/, fold });
      const all = new Map(given);
      for (const { from, make, inverse } of weights) {
        const divisors = inverse === undefined ? undefined : Float32Array.from({ length: wide }, (_, i) => 1 + (i % 5));
        for (const [name, { shape, data }] of Object.entries(make(Float32Array.from(given.get(from)!.data), divisors)))
          all.set(name, tensor(shape, Array.from(data, Number)));
      }
      const { roots: last, products } = foldedProducts(made);
      for (const { name, factors } of products) {
        const [a, b] = factors.map((factor) => all.get(factor)!) as [Tensor, Tensor];
        all.set(name, { shape: a.shape, data: a.data.map((value, i) => value * b.data[i]!) });
      }
      expect(foldedProducts(made, new Set(['up.weight.int8.scale'])).products).toEqual([]);
      expect(products.map(({ factors }) => factors)).toEqual(fold ? [['up.weight.int8.scale', 'down.weight.int8.inverse']] : []);
      const { op, inputs } = inOrder(last).find((node) => node.op.name === 'quantiseRows' && node.shape.at(-1) === wide)!.inputs[0]!;
      expect([op.name, inputs[0]!.op.name]).toEqual(fold ? ['mul', 'silu'] : ['mul', 'mul']);
      return inTheory({ y: last[0]! }, all).y!.data;
    });
    expect(largestDifference(found[0]!, found[1]!)).toBeLessThan(1e-9);
    // Where something else reads the linear or the input, both stay as they are.
    for (const other of [up!, linearOf(root)!.x]) {
      const { roots: made } = quantise([root, other], { bits: 'int8', smooth: /down/, fold: true });
      const { op, inputs } = inOrder(made).find((node) => node.op.name === 'quantiseRows' && node.shape.at(-1) === wide)!.inputs[0]!;
      expect([op.name, inputs[0]!.op.name]).toEqual(['mul', 'mul']);
    }
  });

  it('is in practice what it is in theory', async () => {
    const { a, b, given } = edited({ smooth }, true);
    const theory = inTheory({ a, b }, given);
    for (const engine of engines) {
      const practice = await inPractice(engine, { a, b }, given);
      for (const name of ['a', 'b'] as const) expect(largestDifference(numbers(practice[name]!), theory[name]!.data)).toBeLessThan(0.02);
    }
  });

  it.each([{ smooth }, ...wayBack])('has the gradient of the product it stands for, and shows edits beside it what the linear saw: %o', (way) => {
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

  it.each(['few', 'many'] as const)('finds the scale of a row the same way whatever the kernels: %s', async (count) => {
    const x = tensor([3, 4], [1, -3, 2, 0, 0, 0, 0, 0, -1, -2, 127, 3]);
    const y = rowScale(input('x', ['rows', 4]), count);
    const theory = inTheory({ y }, new Map([['x', x]])).y!.data;
    expect(Array.from(theory, (value) => Math.round(value * 127))).toEqual([3, 0, 127]);
    for (const engine of engines) expect(largestDifference(numbers((await inPractice(engine, { y }, new Map([['x', x]]))).y!), theory)).toBeLessThan(1e-7);
  });

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
