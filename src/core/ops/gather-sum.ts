import { ShapeError } from '../errors.ts';
import { defineOp, type Node } from '../node.ts';
import { elements, positionIn, sameDtype, show } from '../strided.ts';
import { gather, putAlong } from './gather.ts';
import { matmul } from './matmul.ts';
import { squeeze, unsqueeze } from './move.ts';

const op = defineOp<undefined>({
  name: 'gatherSum',

  infer: ([x, indices, weights]) => {
    const [rows, width] = [indices!.shape[0], x!.shape[1]];
    const fits =
      x!.shape.length === 2 && indices!.shape.length === 2 && weights!.shape.length === 2 && weights!.shape.every((axis, i) => axis === indices!.shape[i]);
    if (!fits || rows === undefined || width === undefined)
      throw new ShapeError(
        `gatherSum: expected [n, width] and two of [rows, picks], got ${show(x!)}, ${show(indices!)} and ${show(weights!)}; one weight for each index`,
      );
    return { shape: [rows, width], dtype: sameDtype('gatherSum', [x!, weights!]) };
  },

  // As a matrix [rows, n] the weights take few elements to write, each of which stands for a whole row that a scatter would add.
  grad: ({ inputs: [x, indices, weights] }, d) => [
    matmul(putAlong(indices!, weights!, 1, x!.shape[0]!), d, { transposeA: true }),
    undefined,
    squeeze(matmul(unsqueeze(d, 1), gather(x!, indices!), { transposeB: true }), 1),
  ],

  lower: (emit, _, [x, indices, weights]) => {
    const one = emit.constant('int64', [1], [1]);
    return emit.node('Squeeze', [emit.node('MatMul', [emit.node('Unsqueeze', [weights!, one]), emit.node('Gather', [x!, indices!], { axis: 0 })]), one]);
  },

  reference: ([x, indices, weights], _, shape) => {
    const [rows, width] = shape as [number, number];
    const picks = indices!.shape[1]!;
    const data = new Float64Array(elements(shape));
    for (let r = 0; r < rows; r++)
      for (let k = 0; k < picks; k++) {
        const from = positionIn('gatherSum', indices!.data[r * picks + k]!, x!.shape[0]!) * width;
        for (let i = 0; i < width; i++) data[r * width + i]! += weights!.data[r * picks + k]! * x!.data[from + i]!;
      }
    return { shape, data };
  },
});

/**
 * Weighted sums of a few rows each: result[r] = Σ over k of weights[r, k] · x[indices[r, k]].
 *
 * @param x        [n, width]
 * @param indices  [rows, picks] int64, none negative
 * @param weights  [rows, picks]
 * @returns        [rows, width]
 */
export const gatherSum = (x: Node, indices: Node, weights: Node): Node => op([x, indices, weights], undefined);
