import { gelu, type Node, named, relu, tanh } from '../core/index.ts';
import { dense, lastLength } from './linear.ts';

/** Activations by the name a config file gives them; `gelu` is the exact form with erf. */
export const activations = { gelu, relu, tanh } as const satisfies Readonly<Record<string, (x: Node) => Node>>;
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
