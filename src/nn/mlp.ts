import { add, gelu, mul, type Node, named, relu, silu, square, tanh } from '../core/index.ts';
import { dense, lastLength } from './linear.ts';

/** The approximation of gelu by tanh: x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). */
export const geluTanh = (x: Node): Node => {
  const inner = mul(x, add(mul(square(x), 0.044715 * Math.sqrt(2 / Math.PI)), Math.sqrt(2 / Math.PI)));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
};

/** Activations by our names; `gelu` is the exact form with erf. */
export const activations = { gelu, geluTanh, relu, silu, tanh } as const satisfies Readonly<Record<string, (x: Node) => Node>>;
export type Activation = keyof typeof activations;

/**
 * Two linears with an activation between: sites `SITE.up`, `SITE.act`, `SITE.down`.
 *
 * @param x  [..., hidden]
 * @returns  [..., hidden]
 */
export const mlp = (site: string, x: Node, { ffn, activation }: { ffn: number; activation: Activation }): Node => {
  const up = dense(`${site}.up`, x, ffn);
  return dense(`${site}.down`, named(`${site}.act`, activations[activation](up)), lastLength(site, x));
};

/**
 * Two linears side by side, the activation of one times the other, and a third: sites `SITE.gate`, `SITE.up`, `SITE.act` (the product), `SITE.down`. Source: arXiv:2002.05202.
 *
 * @param x     [..., hidden]
 * @param bias  whether the linears have one. Default false.
 * @returns     [..., hidden]
 */
export const gatedMlp = (site: string, x: Node, { ffn, activation, bias = false }: { ffn: number; activation: Activation; bias?: boolean }): Node => {
  const gate = dense(`${site}.gate`, x, ffn, { bias });
  const up = dense(`${site}.up`, x, ffn, { bias });
  return dense(`${site}.down`, named(`${site}.act`, mul(activations[activation](gate), up)), lastLength(site, x), { bias });
};
