import type { Emit, OnnxAttribute } from '../core/index.ts';

type Write = Emit['node'];
type Rewrite = (
  write: Write,
  emit: Emit,
  inputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>>,
  rankOf: (name: string) => number,
) => string;

const scalar = (emit: Emit, value: number): string => emit.constant('float32', [], [value]);
const flag = (attribute: OnnxAttribute | undefined): boolean => attribute === 1;
const factor = (attribute: OnnxAttribute | undefined): number => (typeof attribute === 'object' && 'float' in attribute ? attribute.float : 1);

/** x − max, the max, and log Σ e^(x − max): no sum overflows. */
const shifted = (write: Write, x: string, axes: string): { moved: string; most: string; log: string } => {
  const most = write('ReduceMax', [x, axes], { keepdims: 1 });
  const moved = write('Sub', [x, most]);
  return { moved, most, log: write('Log', [write('ReduceSum', [write('Exp', [moved]), axes], { keepdims: 1 })]) };
};

// π in three parts of few bits: their products with the whole numbers that occur have no rounding, or a small one.
const piParts = [3.140625, 0.0009675025939941406, 1.509957990978376e-7];
// sin r = r (1 − r²/3! + r⁴/5! − …) up to r¹¹, within 6e-8 for |r| ≤ π/2; highest power first.
const sineTerms = [-1 / 39_916_800, 1 / 362_880, -1 / 5040, 1 / 120, -1 / 6, 1];

/**
 * sin(x − shift π), by the series around its nearest zero. WGSL promises 5e-4 of the device's own between −π and π and nothing beyond, and the angles of rotary
 * embeddings are as large as positions.
 */
const sine = (write: Write, emit: Emit, x: string, shift: number): string => {
  const by = (value: string, factor: number): string => write('Mul', [value, scalar(emit, factor)]);
  const whole = write('Floor', [write('Add', [by(x, 1 / Math.PI), scalar(emit, 0.5 - shift)])]);
  const zeros = shift === 0 ? whole : write('Add', [whole, scalar(emit, shift)]);
  const r = piParts.reduce((left, part) => write('Sub', [left, by(zeros, part)]), x);
  const square = write('Mul', [r, r]);
  const [first, ...rest] = sineTerms;
  const series = rest.reduce((sum, term) => write('Add', [write('Mul', [sum, square]), scalar(emit, term)]), scalar(emit, first!));
  const odd = write('Sub', [whole, by(write('Floor', [by(whole, 0.5)]), 2)]);
  return write('Mul', [write('Mul', [r, series]), write('Sub', [scalar(emit, 1), by(odd, 2)])]);
};

/**
 * What is written on WebGPU in place of an ONNX node that has no kernel there (its tensors would travel to the CPU and back), or a wrong one.
 * Which these are is found by the device table.
 */
export const webgpuRewrites: Readonly<Record<string, Rewrite>> = {
  FusedMatMul: (write, emit, [a, b], attributes, rankOf) => {
    const turned = (name: string, transposed: boolean): string => {
      const rank = rankOf(name);
      return transposed ? write('Transpose', [name], { perm: Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i)) }) : name;
    };
    const alpha = factor(attributes.alpha);
    const product = write('MatMul', [turned(a!, flag(attributes.transA)), turned(b!, flag(attributes.transB))]);
    return alpha === 1 ? product : write('Mul', [product, scalar(emit, alpha)]);
  },
  LogSoftmax: (write, emit, [x]) => {
    const { moved, log } = shifted(write, x!, emit.constant('int64', [1], [-1]));
    return write('Sub', [moved, log]);
  },
  // There is a kernel, but it overflows: ∞ for numbers near 1000.
  ReduceLogSumExp: (write, _emit, [x, axes], attributes) => {
    const { most, log } = shifted(write, x!, axes!);
    const total = write('Add', [most, log]);
    return attributes.keepdims === 0 ? write('Squeeze', [total, axes!]) : total;
  },
  Sign: (write, emit, [x]) => {
    const as = (test: string): string => write('Cast', [write(test, [x!, scalar(emit, 0)])], { to: 1 });
    return write('Sub', [as('Greater'), as('Less')]);
  },
  Sin: (write, emit, [x]) => sine(write, emit, x!, 0),
  Cos: (write, emit, [x]) => sine(write, emit, x!, -0.5),
  Or: (write, _emit, [a, b]) => write('Not', [write('And', [write('Not', [a!]), write('Not', [b!])])]),
};
