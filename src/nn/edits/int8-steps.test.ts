import { expect, it } from 'vitest';
import { input, named, parameter, type Tensor, tensor } from '../../core/index.ts';
import { describeMachine, openEngine } from '../../runtime/index.ts';
import { linear } from '../linear.ts';
import { type QuantiseOptions, quantise } from './index.ts';
import { inPractice, inTheory, numbers } from './testing/tiny-bert.ts';

const [rows, inner, out] = [6, 128, 32];
const wave = (length: number, by: number): number[] => Array.from({ length }, (_, i) => Math.sin(by + i * 1.7));
// Every row has one number thirty times larger than the rest.
const x = wave(rows * inner, 3).map((value, i) => (i % inner === 17 ? 30 : value));
const w = wave(out * inner, 1);
const plain = named('y', linear(input('x', ['rows', inner]), parameter('w', [out, inner])));
// Sums of bytes in 16 bits, as some processors have them, hold weights up to 63 only.
const exact = /vnni|dot|i8mm/i.test(describeMachine().instructionSet);

const relative = (got: ArrayLike<number>, wanted: Float64Array): number => Math.hypot(...wanted.map((value, i) => got[i]! - value)) / Math.hypot(...wanted);

it('with one large number in every row, dividing its channel saves most of the loss, and then 127 steps of a weight lose less than 63 do', async () => {
  await using engine = await openEngine({ threads: 1 });
  const values = new Map<string, Tensor>([
    ['x', tensor([rows, inner], x)],
    ['w', tensor([out, inner], w)],
  ]);
  const wanted = inTheory({ y: plain }, values)['y']!.data;
  const lossOf = async (options: Partial<QuantiseOptions>): Promise<number> => {
    const edited = quantise([plain], { bits: 'int8', ...options });
    const given = new Map(values);
    const divisors = Float32Array.from({ length: inner }, (_, i) => (i === 17 ? 6 : 1));
    for (const [name, { shape, data }] of Object.entries(edited.weights[0]!.make(Float32Array.from(w), options.smooth && divisors)))
      given.set(name, tensor(shape, Array.from(data, Number)));
    const theory = inTheory({ y: edited.roots[0]! }, given)['y']!.data;
    if (exact || options.weightMost !== 127)
      expect(relative(numbers((await inPractice(engine, { y: edited.roots[0]! }, given))['y']!), theory)).toBeLessThan(1e-6);
    return relative(theory, wanted);
  };
  const smooth = /y/;
  const [once, divided, finest] = [await lossOf({}), await lossOf({ smooth }), await lossOf({ weightMost: 127, smooth })];
  expect(once).toBeLessThan(0.02);
  expect(divided).toBeLessThan(0.6 * once);
  expect(finest).toBeLessThan(0.8 * divided);
});
