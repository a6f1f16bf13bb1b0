import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gather, input, leavesOf, NotFoundError, parameter, ShapeError, type Tensor, tensor } from '../../core/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import { linear } from '../linear.ts';
import { packed } from './index.ts';
import { inner, madeValues, out, packedCase, packedForms, rows, wave } from './testing/packed-case.ts';
import { inPractice, inTheory, largestDifference, numbers } from './testing/tiny-bert.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 2 });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

describe.each(packedForms)('a weight kept in $bits bits, blocks of $block, minimums $minimums', (form) => {
  it('gives what the float weight gives, and in practice what it gives in theory', async () => {
    for (const activations of form.bits <= 4 ? (['float', 'int8'] as const) : (['int8'] as const)) {
      const { packed, plain, values } = packedCase(form, activations);
      const theory = inTheory({ y: packed }, values)['y']!;
      const wanted = inTheory({ y: plain }, values)['y']!;
      expect(largestDifference(theory.data, wanted.data)).toBeLessThan(activations === 'float' ? 1e-6 : 0.03);
      const practice = numbers((await inPractice(engine, { y: packed }, values))['y']!);
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
    const roots = [gather(table, ids), linear(input('x', ['rows', inner]), table)];
    const edited = packed(roots, new Map([['w', form]]));
    expect([...leavesOf(edited.roots).parameters.keys()].sort()).toEqual(['w.q8', 'w.q8.scale']);
    const bound = new Map<string, Tensor>([
      ['x', tensor([rows, inner], wave(rows * inner, 3))],
      ['ids', tensor([rows], [3, 0, 23, 3, 11])],
      ...madeValues(edited.weights[0]!, { codes, scales }),
    ]);
    const found = numbers((await inPractice(engine, { found: edited.roots[0]! }, bound)).found!);
    expect([...found]).toEqual(
      [3, 0, 23, 3, 11].flatMap((row) =>
        Array.from({ length: inner }, (_, i) => Math.fround(codes[row * inner + i]! * scales[Math.floor((row * inner + i) / 32)]!)),
      ),
    );
  });

  it('refuses blocks that do not fit and names that are not there', () => {
    const plain = packedCase(packedForms[0], 'float').plain;
    expect(() => packed([plain], new Map([['w', { bits: 4, block: 128, minimums: true }]]))).toThrow(ShapeError);
    expect(() => packed([plain], new Map([['v', { bits: 4, block: 32, minimums: true }]]))).toThrow(NotFoundError);
  });
});
