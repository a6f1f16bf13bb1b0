import { layerNorm, type Node, parameter } from '../core/index.ts';
import { lastLength } from './linear.ts';

/**
 * Layer normalisation over the last axis with parameters `NAME.weight` and `NAME.bias` [hidden].
 *
 * @param x  [..., hidden]
 */
export const norm = (name: string, x: Node, { epsilon }: { epsilon: number }): Node => {
  const hidden = lastLength(name, x);
  return layerNorm(x, parameter(`${name}.weight`, [hidden]), parameter(`${name}.bias`, [hidden]), epsilon);
};
