import { add, div, mean, mul, type Node, sqrt, square, sub, UnsupportedError } from '../../core/index.ts';

/**
 * What a part of a sum adds to the sum's norm, where the norm divides by what it divides the whole by: linear in the part, so that parts that sum to the whole give shares that sum to its norm, less the norm's bias.
 *
 * @param norm   a layerNorm or rmsNorm, whose weight and epsilon are taken
 * @param part   [..., hidden]
 * @param whole  [..., hidden]
 * @throws UnsupportedError for any other node
 */
export const frozenNorm = (norm: Node, part: Node, whole: Node): Node => {
  const weight = norm.inputs[1]!;
  const { epsilon } = norm.attrs as { readonly epsilon: number };
  const average = (x: Node): Node => mean(x, -1, { keepDims: true });
  const scaled = (x: Node, by: Node): Node => mul(div(x, sqrt(add(average(square(by)), epsilon))), weight);
  if (norm.op.name === 'rmsNorm') return scaled(part, whole);
  if (norm.op.name === 'layerNorm') return scaled(sub(part, average(part)), sub(whole, average(whole)));
  throw new UnsupportedError(`frozenNorm: expected a layerNorm or rmsNorm, got ${norm.op.name}; this family has another norm`);
};
