import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gather, input, leavesOf, NotFoundError, parameter, ShapeError, type Tensor, tensor } from '../../core/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import { linear } from '../linear.ts';
import { packed } from './index.ts';
import { inPractice, inTheory, largestDifference, numbers } from './testing/tiny-bert.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 2 });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const [rows, inner, out] = [5, 64, 24];
const x = input('x', ['rows', inner]);
const plain = linear(x, parameter('w', [out, inner]), parameter('b', [out]));
const wave = (length: number, by: number): number[] => Array.from({ length }, (_, i) => Math.sin(by + i * 1.7));

const cases = [
  { bits: 4, block: 32, minimums: true },
  { bits: 4, block: 32, minimums: false },
  { bits: 5, block: 32, minimums: true },
  { bits: 6, block: 16, minimums: false },
  { bits: 8, block: 32, minimums: false },
] as const;

describe.each(cases)('a weight kept in $bits bits, blocks of $block, minimums $minimums', (form) => {
  const low = form.minimums ? 0 : -(2 ** (form.bits - 1));
  const codes = Int8Array.from({ length: out * inner }, (_, i) => low + ((i * 7919 + (i >> 5)) % 2 ** form.bits));
  const blocks = inner / form.block;
  const scales = Float32Array.from(wave(out * blocks, 1), (value) => (0.32 / 2 ** form.bits) * value);
  const minimums = form.minimums ? Float32Array.from(wave(out * blocks, 2), (value) => 0.1 * value) : undefined;
  const float = Array.from(codes, (code, i) => scales[Math.floor(i / form.block)]! * code + (minimums?.[Math.floor(i / form.block)] ?? 0));
  const values = (made: Record<string, { shape: readonly number[]; data: ArrayLike<number> }>) =>
    new Map<string, Tensor>([
      ['x', tensor([rows, inner], wave(rows * inner, 3))],
      ['w', tensor([out, inner], float)],
      ['b', tensor([out], wave(out, 4))],
      ...Object.entries(made).map(([name, { shape, data }]): [string, Tensor] => [name, tensor(shape, Array.from(data))]),
    ]);

  it('gives what the float weight gives, and in practice what it gives in theory', async () => {
    for (const activations of form.bits <= 4 ? (['float', 'int8'] as const) : (['int8'] as const)) {
      const edited = packed([plain], new Map([['w', form]]), { activations });
      const bound = values(edited.weights[0]!.make({ codes, scales, minimums }));
      const theory = inTheory({ y: edited.roots[0]! }, bound).y!;
      const wanted = inTheory({ y: plain }, bound).y!;
      expect(largestDifference(theory.data, wanted.data)).toBeLessThan(activations === 'float' ? 1e-6 : 0.03);
      const practice = numbers((await inPractice(engine, { y: edited.roots[0]! }, bound)).y!);
      expect(largestDifference(practice, theory.data)).toBeLessThan(activations === 'float' ? 1e-5 : 0.004);
    }
  });
});

describe('packed', () => {
  it('looks rows of a table up that is the weight of a linear too, exactly', async () => {
    const form = { bits: 8, block: 32, minimums: false };
    const codes = Int8Array.from({ length: out * inner }, (_, i) => ((i * 7919) % 255) - 127);
    const scales = Float32Array.from(wave((out * inner) / 32, 1), (value) => 0.01 * value);
    const table = parameter('w', [out, inner]);
    const ids = input('ids', ['rows'], 'int64');
    const roots = [gather(table, ids), linear(x, table)];
    const edited = packed(roots, new Map([['w', form]]));
    expect([...leavesOf(edited.roots).parameters.keys()].sort()).toEqual(['w.q8', 'w.q8.scale']);
    const made = edited.weights[0]!.make({ codes, scales });
    const bound = new Map<string, Tensor>([
      ['x', tensor([rows, inner], wave(rows * inner, 3))],
      ['ids', tensor([rows], [3, 0, 23, 3, 11])],
      ...Object.entries(made).map(([name, { shape, data }]): [string, Tensor] => [name, tensor(shape, Array.from(data))]),
    ]);
    const found = numbers((await inPractice(engine, { found: edited.roots[0]! }, bound)).found!);
    expect([...found]).toEqual(
      [3, 0, 23, 3, 11].flatMap((row) =>
        Array.from({ length: inner }, (_, i) => Math.fround(codes[row * inner + i]! * scales[Math.floor((row * inner + i) / 32)]!)),
      ),
    );
  });

  it('refuses blocks that do not fit and names that are not there', () => {
    expect(() => packed([plain], new Map([['w', { bits: 4, block: 128, minimums: true }]]))).toThrow(ShapeError);
    expect(() => packed([plain], new Map([['v', { bits: 4, block: 32, minimums: true }]]))).toThrow(NotFoundError);
  });
});
