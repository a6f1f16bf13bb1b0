import { add, gelu, gradients, input, layerNorm, matmul, mean, type Node, nameOf, type Program, parameter, recomputeIn, square } from '../index.ts';

/** A chain of residual blocks with every gradient as an output: where the order of computation decides how much memory is in use. Input `x` [rows, hidden]. */
export function deepChain(layers: number, hidden: number, recompute: boolean): Program {
  const parameters: Node[] = [];
  const weight = (name: string, ...shape: number[]): Node => {
    const node = parameter(name, shape);
    parameters.push(node);
    return node;
  };
  let x: Node = input('x', ['rows', hidden]);
  for (let layer = 0; layer < layers; layer++) {
    const up = gelu(matmul(x, weight(`${layer}.up`, 4 * hidden, hidden), { transposeB: true }));
    const down = matmul(up, weight(`${layer}.down`, hidden, 4 * hidden), { transposeB: true });
    const out = layerNorm(add(x, down), weight(`${layer}.scale`, hidden), weight(`${layer}.shift`, hidden), 1e-5);
    x = recompute ? recomputeIn(`blocks.${layer}`, [x], [out])[0]! : out;
  }
  const loss = mean(square(x), [0, 1]);
  const slopes = gradients(loss, parameters);
  return { name: `chain of ${layers}`, outputs: { loss, ...Object.fromEntries(parameters.map((node, i) => [`d.${nameOf(node)}`, slopes[i]!])) } };
}
