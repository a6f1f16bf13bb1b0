import { type Axis, sizeOf } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { defineOp, type Node } from '../node.ts';
import { elements, sameDtype, show } from '../strided.ts';
import { matmul } from './matmul.ts';
import { reshape } from './move.ts';

interface AffineAttrs {
  readonly transposeB: boolean;
}

const op = defineOp<AffineAttrs>({
  name: 'affine',

  infer([x, weight, bias], { transposeB }) {
    const [inner, out] = sides(weight!, transposeB);
    const fits = x!.shape.length >= 1 && weight!.shape.length === 2 && bias!.shape.length === 1 && x!.shape.at(-1) === inner && bias!.shape[0] === out;
    if (!fits)
      throw new ShapeError(
        `affine: expected [..., in], [in, out] and [out], got ${show(x!)}, ${show(weight!)}${transposeB ? 'ᵀ' : ''} and ${show(bias!)}; transpose the weight or mend its shape`,
      );
    return { shape: [...x!.shape.slice(0, -1), out!], dtype: sameDtype('affine', [x!, weight!, bias!]) };
  },

  grad({ inputs: [x, weight], attrs: { transposeB } }, d) {
    const [flatX, flatD] = [flat(x!), flat(d)];
    const dX = matmul(flatD, weight!, { transposeB: !transposeB });
    return [reshape(dX, x!.shape), transposeB ? matmul(flatD, flatX, { transposeA: true }) : matmul(flatX, flatD, { transposeA: true }), d];
  },

  // Gemm lays the bias down before it adds the product: no second pass over the result.
  lower(emit, { attrs: { transposeB }, inputs: [x], shape }, [nameX, weight, bias]) {
    const columns = x!.shape.at(-1)!;
    const rows = sizeOf(x!.shape.slice(0, -1));
    const is2d = x!.shape.length === 2;
    const given = is2d ? nameX! : emit.node('Reshape', [nameX!, emit.shape([rows, columns])], { allowzero: 1 });
    const product = emit.node('Gemm', [given, weight!, bias!], { transB: Number(transposeB) });
    return is2d ? product : emit.node('Reshape', [product, emit.shape(shape)], { allowzero: 1 });
  },

  reference([x, weight, bias], { transposeB }, shape) {
    const inner = x!.shape.at(-1)!;
    const out = shape.at(-1)!;
    const [alongInner, alongOut] = transposeB ? [1, inner] : [out, 1];
    const data = new Float64Array(elements(shape));
    for (let at = 0; at < data.length; at++) {
      const [row, column] = [Math.floor(at / out), at % out];
      let total = bias!.data[column]!;
      for (let k = 0; k < inner; k++) total += x!.data[row * inner + k]! * weight!.data[k * alongInner + column * alongOut]!;
      data[at] = total;
    }
    return { shape, data };
  },
});

const sides = ({ shape }: Node, transposed: boolean): (Axis | undefined)[] => (transposed ? [shape[1], shape[0]] : [shape[0], shape[1]]);
const flat = (x: Node): Node => reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);

/**
 * x · W + b in one step. `fused` makes these of a product and a sum; models are written with those, so that edits find them.
 *
 * @param x       [..., in]
 * @param weight  [in, out], or [out, in] with `transposeB`
 * @param bias    [out]
 */
export const affine = (x: Node, weight: Node, bias: Node, { transposeB = false }: Partial<AffineAttrs> = {}): Node => op([x, weight, bias], { transposeB });
