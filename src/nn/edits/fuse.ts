// Steps that onnxruntime has one kernel for, joined where a model is only run: fewer passes over the activations.
import { add, defineOp, edit, evaluate, gelu, inOrder, input, isParameter, layerNorm, type Node, sameShape, type Tensor } from '../../core/index.ts';

const onward = (name: string): never => {
  throw new Error(`internal: ${name} is for running only; take gradients before fusing`);
};

/** What a composed graph computes of values: the meaning of an op that joins its steps. */
const meaning = (values: readonly Tensor[], compose: (nodes: readonly Node[]) => Node): Tensor => {
  const nodes = values.map(({ shape }, i) => input(`${i}`, shape));
  return evaluate([compose(nodes)], new Map(values.map((value, i) => [`${i}`, value])))[0]!;
};

const biasGeluOp = defineOp<undefined>({
  name: 'biasGelu',
  infer: ([x]) => x!,
  grad: () => onward('biasGelu'),
  lower: (emit, _, inputs) => emit.node('BiasGelu', inputs, {}, 'com.microsoft'),
  reference: (values) => meaning(values, ([x, bias]) => gelu(add(x!, bias!))),
});

const skipNormOp = defineOp<{ readonly epsilon: number }>({
  name: 'skipNorm',
  infer: ([x]) => x!,
  grad: () => onward('skipNorm'),
  lower: (emit, { attrs: { epsilon } }, inputs) => emit.node('SkipLayerNormalization', inputs, { epsilon: { float: epsilon } }, 'com.microsoft'),
  reference: (values, { epsilon }) =>
    meaning(values, ([x, skip, weight, bias, shift]) => layerNorm(add(skip!, shift ? add(x!, shift) : x!), weight!, bias!, epsilon)),
});

/**
 * Joins bias and gelu after a quantised product, and residual sums with the norms behind them, in a model that is only run. The last edit: sites on joined steps (`mlp.up`) are gone, and there are no gradients. Results differ by
 * rounding alone. Steps that something else reads stay as they are.
 */
export const fuse = (roots: readonly Node[]): Node[] => {
  const readers = new Map<Node, number>();
  const count = (node: Node) => readers.set(node, (readers.get(node) ?? 0) + 1);
  roots.forEach(count);
  for (const node of inOrder(roots)) node.inputs.forEach(count);
  const single = (node: Node): boolean => readers.get(node) === 1;

  return edit(roots, (node, original) => {
    const named = (other: Node): Node => (original.site === undefined ? other : { ...other, site: original.site });
    const [sum] = original.inputs;
    if (node.dtype !== 'float32' || sum?.op.name !== 'add' || !single(sum)) return node;
    const parts = node.inputs[0]!.inputs as readonly [Node, Node];
    if (original.op.name === 'gelu') return isBiased(sum, single) ? named(biasGeluOp(parts, undefined)) : node;
    if (original.op.name !== 'layerNorm' || !sameShape(parts[0].shape, parts[1].shape)) return node;
    const { epsilon } = original.attrs as { epsilon: number };
    const [, weight, bias] = node.inputs as readonly [Node, Node, Node];
    const at = sum.inputs.findIndex((part) => part.op.name === 'add' && single(part) && isBiased(part, single));
    if (at < 0) return named(skipNormOp([parts[0], parts[1], weight, bias], { epsilon }));
    const [product, shift] = parts[at]!.inputs as readonly [Node, Node];
    return named(skipNormOp([product, parts[1 - at]!, weight, bias, shift], { epsilon }));
  });
};

const quantisedProducts = new Set(['int8Product', 'nBitsProduct']);

/** Whether a sum is a quantised product with its bias; those of floats are joined when a program is compiled. */
const isBiased = ({ inputs: [product, bias] }: Node, single: (node: Node) => boolean): boolean =>
  quantisedProducts.has(product!.op.name) && single(product!) && isParameter(bias!) && bias.shape.length === 1;
