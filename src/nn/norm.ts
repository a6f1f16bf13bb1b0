import { add, layerNorm, type Node, parameter, rmsNorm as rms } from '../core/index.ts';
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

/**
 * x / √(mean of squares + epsilon) · (weight + offset) over the last axis, with parameter `NAME.weight` [hidden]. Source: arXiv:1910.07467.
 *
 * @param x       [..., hidden]
 * @param offset  what is added to the stored weight. Default 0.
 */
export const rmsNorm = (name: string, x: Node, { epsilon, offset = 0 }: { epsilon: number; offset?: number }): Node => {
  const weight = parameter(`${name}.weight`, [lastLength(name, x)]);
  return rms(x, offset === 0 ? weight : add(weight, offset), epsilon);
};
