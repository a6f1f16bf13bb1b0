import { input, type Node, parameter, type Tensor, tensor } from '../../../core/index.ts';
import { linear } from '../../linear.ts';
import { type PackedForm, type PackedValues, type PackedWeight, packed } from '../packed.ts';

export const packedForms = [
  { bits: 4, block: 32, minimums: true },
  { bits: 4, block: 32, minimums: false },
  { bits: 5, block: 32, minimums: true },
  { bits: 6, block: 16, minimums: false },
  { bits: 8, block: 32, minimums: false },
] as const satisfies readonly PackedForm[];

export const [rows, inner, out] = [5, 64, 24];
export const wave = (length: number, by: number): number[] => Array.from({ length }, (_, i) => Math.sin(by + i * 1.7));

/** A linear `y` whose weight is kept so, beside the same with the weight in floats, and values of all they read. */
export const packedCase = (form: PackedForm, activations: 'float' | 'int8'): { packed: Node; plain: Node; values: Map<string, Tensor> } => {
  const plain = linear(input('x', ['rows', inner]), parameter('w', [out, inner]), parameter('b', [out]));
  const low = form.minimums ? 0 : -(2 ** (form.bits - 1));
  const codes = Int8Array.from({ length: out * inner }, (_, i) => low + ((i * 7919 + (i >> 5)) % 2 ** form.bits));
  const blocks = inner / form.block;
  const scales = Float32Array.from(wave(out * blocks, 1), (value) => (0.32 / 2 ** form.bits) * value);
  const minimums = form.minimums ? Float32Array.from(wave(out * blocks, 2), (value) => 0.1 * value) : undefined;
  const float = Array.from(codes, (code, i) => scales[Math.floor(i / form.block)]! * code + (minimums?.[Math.floor(i / form.block)] ?? 0));
  const edited = packed([plain], new Map([['w', form]]), { activations });
  const values = new Map<string, Tensor>([
    ['x', tensor([rows, inner], wave(rows * inner, 3))],
    ['w', tensor([out, inner], float)],
    ['b', tensor([out], wave(out, 4))],
    ...madeValues(edited.weights[0]!, { codes, scales, minimums }),
  ]);
  return { packed: edited.roots[0]!, plain, values };
};

export const madeValues = (weight: PackedWeight, values: PackedValues): [string, Tensor][] =>
  Object.entries(weight.make(values)).map(([name, { shape, data }]) => [name, tensor(shape, Array.from(data))]);
