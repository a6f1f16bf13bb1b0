// A small transformer made of core ops: what the laws of the runtime are tried on.
import {
  add,
  constant,
  gather,
  gelu,
  input,
  layerNorm,
  matmul,
  mean,
  mul,
  type Node,
  parameter,
  recomputeIn,
  reshape,
  softmax,
  square,
  sub,
  transpose,
  unsqueeze,
  where,
} from '../../core/index.ts';

export interface TransformerSize {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly vocab: number;
  /** Compute the activations of each block again in the backward pass. */
  readonly recompute?: boolean;
}

/** Token ids to hidden states, pre-norm blocks, no positions. */
export function transformer({ layers, hidden, heads, vocab, recompute = false }: TransformerSize): {
  readonly hidden: Node;
  readonly loss: Node;
  readonly parameters: readonly Node[];
} {
  const parameters: Node[] = [];
  const weight = (name: string, ...shape: number[]): Node => {
    const made = parameter(name, shape);
    parameters.push(made);
    return made;
  };
  const ids = input('ids', ['batch', 'seq'], 'int64');
  const mask = unsqueeze(unsqueeze(input('mask', ['batch', 'seq'], 'bool'), 1), 1); // [batch, 1, 1, seq]
  const headDim = hidden / heads;
  const split = (x: Node): Node => transpose(reshape(x, ['batch', 'seq', heads, headDim]), [0, 2, 1, 3]);
  const linear = (name: string, x: Node, out: number): Node =>
    add(matmul(x, weight(`${name}.weight`, out, x.shape.at(-1) as number), { transposeB: true }), weight(`${name}.bias`, out));
  const norm = (name: string, x: Node): Node => layerNorm(x, weight(`${name}.weight`, hidden), weight(`${name}.bias`, hidden), 1e-5);

  let x = gather(weight('embedding', vocab, hidden), ids);
  for (let i = 0; i < layers; i++) {
    const before = x;
    const normal = norm(`${i}.norm1`, x);
    const [q, k, v] = ['q', 'k', 'v'].map((part) => split(linear(`${i}.${part}`, normal, hidden))) as [Node, Node, Node];
    const scores = where(mask, matmul(q, k, { transposeB: true, scale: headDim ** -0.5 }), constant(-1e9));
    const mixed = reshape(transpose(matmul(softmax(scores), v), [0, 2, 1, 3]), ['batch', 'seq', hidden]);
    x = add(x, linear(`${i}.o`, mixed, hidden));
    x = add(x, linear(`${i}.down`, gelu(linear(`${i}.up`, norm(`${i}.norm2`, x), 4 * hidden)), hidden));
    if (recompute) [x] = recomputeIn(`block ${i}`, [before, ...parameters, mask], [x]) as [Node];
  }
  const out = norm('final', x);
  return { hidden: out, loss: mean(square(out), [0, 1, 2]), parameters };
}

/** Plain gradient descent on every parameter, as outputs beside the loss. */
export const descent = (parameters: readonly Node[], gradients: readonly Node[], rate: number): Record<string, Node> =>
  Object.fromEntries(parameters.map((node, i) => [`new ${(node.attrs as { name: string }).name}`, sub(node, mul(gradients[i]!, rate))]));

/** Values for the parameters: small, different, the same at every call. */
export const initial = (parameters: readonly Node[]): Map<string, { readonly shape: readonly number[]; readonly data: Float64Array }> =>
  new Map(
    parameters.map((node, seed) => {
      const shape = node.shape as readonly number[];
      const { name } = node.attrs as { name: string };
      const scale = name.endsWith('.bias') ? 0.1 : shape.length === 2 ? 1.5 / Math.sqrt(shape[1]!) : 1;
      return [
        name,
        { shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.fround(scale * Math.sin(seed * 7.1 + i * 1.31))) },
      ];
    }),
  );
