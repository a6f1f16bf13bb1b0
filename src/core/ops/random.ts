// Randomness without state: a hash of (key, salt, position). The same key gives the same numbers on every device, bit for bit.
import { type Axis, type Shape, sizeOf } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { onnxDtype } from '../leaf.ts';
import { defineOp, type Emit, type Node } from '../node.ts';
import { show } from '../strided.ts';
import { cast } from './compare.ts';
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

const saltHash = (salt: number): number => mix(Math.imul(salt + 1, golden));

const columnHashes = (length: number): Uint32Array => Uint32Array.from({ length }, (_, j) => mix(j + 1));

// The bits at [row, column] are hash(row, key, salt) · hash(column) mod 2³², the first factor odd: one pass over the whole, and for any two places the high
// bits are independent. Only high bits are used; the low ones of a product are poor.
function* bitsOf(key: number, salt: number, shape: readonly number[]): Generator<number> {
  const columns = shape.at(-1) ?? 1;
  const seed = mix(key ^ saltHash(salt));
  const hashes = columnHashes(columns);
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  for (let i = 0; i < rows; i++) {
    const row = mix(Math.imul(i, golden) + seed) | 1;
    for (let j = 0; j < columns; j++) yield Math.imul(row, hashes[j]!) >>> 0;
  }
}

const uint = (emit: Emit, value: number): string => emit.constant('uint32', [], [value >>> 0]);

const xorShift = (emit: Emit, x: string, by: number): string =>
  emit.node('BitwiseXor', [x, emit.node('BitShift', [x, uint(emit, by)], { direction: 'RIGHT' })]);

const mixNodes = (emit: Emit, x: string): string => {
  const h = emit.node('Mul', [xorShift(emit, x, 16), uint(emit, first)]);
  return xorShift(emit, emit.node('Mul', [xorShift(emit, h, 15), uint(emit, second)]), 16);
};

// What all draws of a program share, written down once: nodes by what they compute.
const shared = new WeakMap<Emit, Map<string, string>>();
const once = (emit: Emit, what: string, write: () => string): string => {
  const known = shared.get(emit) ?? new Map<string, string>();
  shared.set(emit, known);
  const name = known.get(what) ?? write();
  known.set(what, name);
  return name;
};

const positions = (emit: Emit, length: Axis): string =>
  once(emit, `positions ${length}`, () =>
    emit.node('Cast', [emit.node('Range', [emit.constant('int64', [], [0]), emit.axis(length), emit.constant('int64', [], [1])])], { to: onnxDtype.uint32 }),
  );

const columnNodes = (emit: Emit, length: Axis): string =>
  typeof length === 'number'
    ? emit.constant('uint32', [length], columnHashes(length))
    : once(emit, `columns ${length}`, () => mixNodes(emit, emit.node('Add', [positions(emit, length), uint(emit, 1)])));

/** bitsOf as nodes, [rows, columns] uint32. */
function bitNodes(emit: Emit, key: string, salt: number, shape: Shape): string {
  const rows = sizeOf(shape.slice(0, -1));
  const seed = mixNodes(emit, emit.node('BitwiseXor', [emit.node('Reshape', [key, emit.constant('int64', [1], [1])]), uint(emit, saltHash(salt))]));
  const spread = once(emit, `spread ${rows}`, () => emit.node('Mul', [positions(emit, rows), uint(emit, golden)]));
  const row = emit.node('BitwiseOr', [mixNodes(emit, emit.node('Add', [spread, seed])), uint(emit, 1)]);
  return emit.node('Mul', [emit.node('Reshape', [row, emit.shape([rows, 1])], { allowzero: 1 }), columnNodes(emit, shape.at(-1) ?? 1)]);
}

const shaped = (emit: Emit, x: string, shape: Shape): string => (shape.length === 2 ? x : emit.node('Reshape', [x, emit.shape(shape)], { allowzero: 1 }));

function check(where: string, key: Node, salt: number): void {
  if (key.dtype !== 'uint32' || sizeOf(key.shape) !== 1) throw new ShapeError(`${where}: expected one uint32 key, got ${show(key)}; cast the step`);
  if (!Number.isInteger(salt) || salt < 0 || salt > 0xfffffffe)
    throw new ShapeError(`${where}: expected a salt in [0, 2^32 − 2], got ${salt}; count the places that draw`);
}

const uniformOp = defineOp<RandomAttrs>({
  name: 'randomUniform',
  infer: ([key], { shape, salt }) => {
    check('randomUniform', key!, salt);
    return { shape, dtype: 'float32' };
  },
  grad: () => [],
  lower: (emit, { attrs: { salt, shape } }, [key]) => {
    const top = emit.node('Cast', [emit.node('BitShift', [bitNodes(emit, key!, salt, shape), uint(emit, 8)], { direction: 'RIGHT' })], {
      to: onnxDtype.float32,
    });
    return shaped(emit, emit.node('Mul', [top, emit.constant('float32', [], [2 ** -24])]), shape);
  },
  reference: ([key], { salt }, shape) => ({ shape, data: Float64Array.from(bitsOf(key!.data[0]!, salt, shape), (bits) => (bits >>> 8) * 2 ** -24) }),
});

interface MaskAttrs extends RandomAttrs {
  readonly threshold: number;
}

const maskOp = defineOp<MaskAttrs>({
  name: 'randomMask',
  infer: ([key], { shape, salt }) => {
    check('randomMask', key!, salt);
    return { shape, dtype: 'bool' };
  },
  grad: () => [],
  lower: (emit, { attrs: { salt, shape, threshold } }, [key]) =>
    shaped(emit, emit.node('GreaterOrEqual', [bitNodes(emit, key!, salt, shape), uint(emit, threshold)]), shape),
  reference: ([key], { salt, threshold }, shape) => ({
    shape,
    data: Float64Array.from(bitsOf(key!.data[0]!, salt, shape), (bits) => Number(bits >= threshold)),
  }),
});

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²⁴, float32; no gradient.
 *
 * @param key   one uint32, normally the training step
 * @param salt  tells apart the places of a program that draw with one key
 */
export const randomUniform = (key: Node, salt: number, shape: Shape): Node => uniformOp([key], { salt, shape });

/** bool, false with probability `rate` in [0, 1); drawn like randomUniform. */
export function randomMask(key: Node, salt: number, rate: number, shape: Shape): Node {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`randomMask: expected a rate in [0, 1), got ${rate}; 0 keeps everything`);
  return maskOp([key], { salt, shape, threshold: Math.floor(rate * 2 ** 32) });
}

/** Zeroes each element with probability `rate` in [0, 1) and scales the rest by 1 / (1 − rate). */
export const dropout = (x: Node, rate: number, key: Node, salt: number): Node =>
  rate === 0 ? x : mul(x, mul(cast(randomMask(key, salt, rate, x.shape), x.dtype), 1 / (1 - rate)));
