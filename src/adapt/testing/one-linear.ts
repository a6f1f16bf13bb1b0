// One linear of a block, as something to adapt, and four finished adapters of it.
import { input, leavesOf, type Node, nameOf, parameter, type Tensor, tensor } from '../../core/index.ts';
import { inTheory } from '../../nn/edits/testing/tiny-bert.ts';
import { linear } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import type { FinishedAdapter } from '../methods/index.ts';

export const [inner, out, rank, experts, rows] = [12, 7, 2, 4, 5];
export const site = 'blocks.0.mlp.up';
export const x = input('x', ['batch', inner]);
export const base: Node = { ...linear(x, parameter(`${site}.weight`, [out, inner]), parameter(`${site}.bias`, [out])), site };
/** float32 values for a node, some batch of them. */
export const wave = (node: Node, salt: number): Tensor => {
  const shape = node.shape.map((axis) => (axis === 'batch' ? rows : (axis as number)));
  return tensor(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.fround(Math.sin(1.9 * i + salt))),
  );
};
/** Values for all that a graph reads, by name. */
export const valuesFor = (...roots: Node[]): Map<string, Tensor> => {
  const { inputs, parameters } = leavesOf(roots);
  return new Map([...inputs, ...parameters].map(([name, node]) => [name, node.dtype === 'uint32' ? tensor([1], [7]) : wave(node, name.length)]));
};
/** Of the evaluator, in float64. */
export const value = (root: Node, values: ReadonlyMap<string, Tensor>): Float64Array => inTheory({ root }, values)['root']!.data;
export const adapted = (method: Method): Node => method.apply([base]).roots[0]!;

export const finished: readonly FinishedAdapter[] = Array.from({ length: experts }, (_, n) => ({
  name: `task ${n}`,
  scale: 0.5 + n,
  values: new Map(
    [parameter(`${site}.lora.a`, [rank, inner]), parameter(`${site}.lora.b`, [out, rank])].map((node, k) => {
      const { shape, data } = wave(node, 10 * n + k);
      return [nameOf(node), { shape, data: Float32Array.from(data) }] as const;
    }),
  ),
}));

/** Values for all that an adapted linear reads, its own as they start. */
export const started = async (method: Method): Promise<Map<string, Tensor>> => {
  const { roots, parameters } = method.apply([base]);
  const values = valuesFor(...roots);
  const weights = (name: string) => Promise.resolve(Float32Array.from(values.get(name)!.data));
  for (const node of parameters) values.set(nameOf(node), tensor(node.shape as number[], await method.start(node, 1, weights)));
  return values;
};
