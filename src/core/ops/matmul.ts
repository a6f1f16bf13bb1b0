import { type Axis, sizeOf } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { defineOp, type Emit, type Node, type Tensor } from '../node.ts';
import { broadcastShapes, broadcastStrides, elements, isFloat, offsetsOf, sameDtype, show } from '../strided.ts';
import { reshape } from './move.ts';

interface MatmulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Factor on the product; 1 unless given. */
  readonly scale?: number;
}

const op = defineOp<MatmulAttrs>({
  name: 'matmul',

  infer([a, b], { transposeA, transposeB }) {
    const dtype = sameDtype('matmul', [a!, b!]);
    if (a!.shape.length < 2 || b!.shape.length < 2)
      throw new ShapeError(`matmul: expected at least two axes each, got ${show(a!)} · ${show(b!)}; unsqueeze the vector`);
    if (!isFloat(dtype)) throw new ShapeError(`matmul: expected floats, got ${show(a!)} · ${show(b!)}; cast both`);
    const [rows, inner] = lastTwo(a!, transposeA);
    const [innerB, columns] = lastTwo(b!, transposeB);
    if (inner !== innerB)
      throw new ShapeError(
        `matmul: expected equal inner axes, got ${show(a!)}${transposeA ? 'ᵀ' : ''} · ${show(b!)}${transposeB ? 'ᵀ' : ''}; transpose one of them`,
      );
    return { shape: [...broadcastShapes('matmul', a!.shape.slice(0, -2), b!.shape.slice(0, -2)), rows, columns], dtype };
  },

  // C = s·A B  ⇒  dA = s·dC Bᵀ, dB = s·Aᵀ dC; with a transposed input the product comes out transposed, so its factors swap.
  grad({ inputs: [a, b], attrs: { transposeA, transposeB, scale = 1 } }, dC) {
    if (b!.shape.length === 2 && a!.shape.length > 2 && !transposeA) {
      // one weight for the whole batch: its gradient is one flat product, not one for each batch and a sum
      const flatA = flat(a!);
      const flatC = flat(dC);
      return [
        matmul(dC, b!, { transposeB: !transposeB, scale }),
        transposeB ? matmul(flatC, flatA, { transposeA: true, scale }) : matmul(flatA, flatC, { transposeA: true, scale }),
      ];
    }
    return [
      transposeA ? matmul(b!, dC, { transposeA: transposeB, transposeB: true, scale }) : matmul(dC, b!, { transposeB: !transposeB, scale }),
      transposeB ? matmul(dC, a!, { transposeA: true, transposeB: transposeA, scale }) : matmul(a!, dC, { transposeA: !transposeA, scale }),
    ];
  },

  lower(emit, { attrs: { transposeA, transposeB, scale = 1 }, inputs: [a, b], dtype }, [nameA, nameB]) {
    if (dtype === 'float32') {
      if (!transposeA && !transposeB && scale === 1) return emit.node('MatMul', [nameA!, nameB!]);
      return emit.node('FusedMatMul', [nameA!, nameB!], { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: scale } }, 'com.microsoft');
    }
    const product = emit.node('MatMul', [transposeA ? swapped(emit, a!, nameA!) : nameA!, transposeB ? swapped(emit, b!, nameB!) : nameB!]);
    return scale === 1 ? product : emit.node('Mul', [product, emit.constant(dtype, [], [scale])]);
  },

  reference([a, b], { transposeA, transposeB, scale = 1 }, shape) {
    const [rows, columns] = shape.slice(-2) as [number, number];
    const inner = a!.shape.at(transposeA ? -2 : -1)!;
    const batch = shape.slice(0, -2);
    const [ofA, ofB] = [a!, b!].map((t) => batchOffsets(t, batch)) as [Int32Array, Int32Array];
    const [rowA, innerA] = transposeA ? [1, rows] : [inner, 1];
    const [innerB, columnB] = transposeB ? [1, inner] : [columns, 1];
    const data = new Float64Array(elements(shape));
    for (let n = 0; n < ofA.length; n++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          let total = 0;
          for (let k = 0; k < inner; k++) total += a!.data[ofA[n]! + i * rowA + k * innerA]! * b!.data[ofB[n]! + k * innerB + j * columnB]!;
          data[(n * rows + i) * columns + j] = scale * total;
        }
    return { shape, data };
  },
});

/**
 * Matrix product of the last two axes; leading axes broadcast.
 *
 * @param a  [..., rows, inner], or [..., inner, rows] with `transposeA`
 * @param b  [..., inner, columns], or [..., columns, inner] with `transposeB` (linears keep their weight [out, in])
 * @returns  [..., rows, columns]
 * @throws ShapeError when the inner axes differ
 */
export const matmul = (a: Node, b: Node, { transposeA = false, transposeB = false, scale = 1 }: Partial<MatmulAttrs> = {}): Node =>
  op([a, b], scale === 1 ? { transposeA, transposeB } : { transposeA, transposeB, scale });

const lastTwo = ({ shape }: Node, transposed: boolean): [Axis, Axis] => (transposed ? [shape.at(-1)!, shape.at(-2)!] : [shape.at(-2)!, shape.at(-1)!]);

/** [..., n] → [rows, n] */
const flat = (x: Node): Node => reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);

const swapped = (emit: Emit, { shape }: Node, name: string): string => {
  const rank = shape.length;
  return emit.node('Transpose', [name], { perm: Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i)) });
};

const batchOffsets = (t: Tensor, batch: readonly number[]): Int32Array => {
  const size = t.shape.at(-2)! * t.shape.at(-1)!;
  return offsetsOf(
    batch,
    broadcastStrides(t.shape.slice(0, -2), batch).map((stride) => stride * size),
  );
};
