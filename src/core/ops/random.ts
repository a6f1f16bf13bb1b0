// Randomness without state: a hash of (key, salt, position). The same key gives the same numbers on every device, bit for bit.
import { type Shape, sizeOf } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { onnxDtype } from '../leaf.ts';
import { defineOp, type Emit, type Node } from '../node.ts';
import { show } from '../strided.ts';
import { cast, greaterOrEqual } from './compare.ts';
import { mul } from './pointwise.ts';

interface RandomAttrs {
  readonly salt: number;
  readonly shape: Shape;
}

const golden = 0x9e3779b9;
const [first, second] = [0x7feb352d, 0x846ca68b]; // multipliers of a 32-bit mix with low bias, found by search (C. Wellons, hash prospector)

/** uint32 → uint32, every bit of the result depends on every bit of x. */
const mix = (x: number): number => {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), first);
  h = Math.imul(h ^ (h >>> 15), second);
  return (h ^ (h >>> 16)) >>> 0;
};

const rowSeed = (key: number, salt: number): number => mix((key ^ mix(Math.imul(salt + 1, golden))) >>> 0);

const uint = (emit: Emit, value: number): string => emit.constant('uint32', [], [value >>> 0]);

const xorShift = (emit: Emit, x: string, by: number): string =>
  emit.node('BitwiseXor', [x, emit.node('BitShift', [x, uint(emit, by)], { direction: 'RIGHT' })]);

const mixNodes = (emit: Emit, x: string): string => {
  const h = emit.node('Mul', [xorShift(emit, x, 16), uint(emit, first)]);
  return xorShift(emit, emit.node('Mul', [xorShift(emit, h, 15), uint(emit, second)]), 16);
};

const positions = (emit: Emit, length: string): string =>
  emit.node('Cast', [emit.node('Range', [emit.constant('int64', [], [0]), length, emit.constant('int64', [], [1])])], { to: onnxDtype.uint32 });

const randomOp = defineOp<RandomAttrs>({
  name: 'randomUniform',
  infer: ([key], { shape, salt }) => {
    if (key!.dtype !== 'uint32' || sizeOf(key!.shape) !== 1) throw new ShapeError(`randomUniform: expected one uint32 key, got ${show(key!)}; cast the step`);
    if (!Number.isInteger(salt) || salt < 0 || salt > 0xfffffffe)
      throw new ShapeError(`randomUniform: expected a salt in [0, 2^32 − 2], got ${salt}; count the places that draw`);
    return { shape, dtype: 'float32' };
  },
  grad: () => [],
  // Rows and columns are hashed apart and meet in one multiply, so that few passes run over the whole: u = (row ^ column)·first, xor-shifted, ·second; its top 24 bits.
  lower: (emit, { attrs: { salt, shape } }, [key]) => {
    const columns = shape.at(-1) ?? 1;
    const rows = sizeOf(shape.slice(0, -1));
    const seed = mixNodes(
      emit,
      emit.node('BitwiseXor', [emit.node('Reshape', [key!, emit.constant('int64', [1], [1])]), uint(emit, mix(Math.imul(salt + 1, golden)))]),
    );
    const row = mixNodes(emit, emit.node('Add', [emit.node('Mul', [positions(emit, emit.axis(rows)), uint(emit, golden)]), seed]));
    const column = mixNodes(emit, emit.node('Add', [positions(emit, emit.axis(columns)), uint(emit, salt)]));
    const crossed = emit.node('BitwiseXor', [emit.node('Reshape', [row, emit.shape([rows, 1])], { allowzero: 1 }), column]);
    const mixed = emit.node('Mul', [xorShift(emit, emit.node('Mul', [crossed, uint(emit, first)]), 15), uint(emit, second)]);
    const top = emit.node('Cast', [emit.node('BitShift', [mixed, uint(emit, 8)], { direction: 'RIGHT' })], { to: onnxDtype.float32 });
    const uniform = emit.node('Mul', [top, emit.constant('float32', [], [2 ** -24])]);
    return shape.length === 2 ? uniform : emit.node('Reshape', [uniform, emit.shape(shape)], { allowzero: 1 });
  },
  reference: ([key], { salt }, shape) => {
    const columns = shape.at(-1) ?? 1;
    const seed = rowSeed(key!.data[0]!, salt);
    const columnHash = Uint32Array.from({ length: columns }, (_, j) => mix(j + salt));
    const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
    for (let at = 0; at < data.length; at += columns) {
      const row = mix(Math.imul(at / columns, golden) + seed);
      for (let j = 0; j < columns; j++) {
        const h = Math.imul(row ^ columnHash[j]!, first) >>> 0;
        data[at + j] = (Math.imul(h ^ (h >>> 15), second) >>> 8) * 2 ** -24;
      }
    }
    return { shape, data };
  },
});

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²⁴, float32; no gradient.
 *
 * @param key   one uint32, normally the training step
 * @param salt  tells apart the places of a program that draw with one key
 */
export const randomUniform = (key: Node, salt: number, shape: Shape): Node => randomOp([key], { salt, shape });

/** Zeroes each element with probability `rate` and scales the rest by 1 / (1 − rate). */
export function dropout(x: Node, rate: number, key: Node, salt: number): Node {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`dropout: expected a rate in [0, 1), got ${rate}; 0 turns it off`);
  if (rate === 0) return x;
  const kept = cast(greaterOrEqual(randomUniform(key, salt, x.shape), rate), x.dtype);
  return mul(x, mul(kept, 1 / (1 - rate)));
}
