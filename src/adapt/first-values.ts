import { ConfigError, elements, type Node, nameOf } from '../core/index.ts';
import type { TensorData } from '../runtime/index.ts';
import type { BaseModel } from './base-model.ts';
import type { Recipe } from './recipe.ts';

/** What an earlier training ended with, by parameter: another one of the same method begins from it. */
export type Start = ReadonlyMap<string, Float32Array>;

/**
 * What training begins from, by parameter.
 *
 * @param start  default: the method's own, with which the model computes what it did before
 * @throws ConfigError where `start` is of another method or shape
 */
export const firstValues = async (
  base: BaseModel,
  { method, seed }: Pick<Recipe, 'method' | 'seed'>,
  parameters: readonly Node[],
  start?: Start,
): Promise<Record<string, TensorData>> => {
  const found: Record<string, TensorData> = {};
  for (const node of parameters) {
    const [name, shape] = [nameOf(node), node.shape as readonly number[]];
    const data = start ? start.get(name) : await method.start(node, seed, base.source.values);
    if (data?.length !== elements(shape))
      throw new ConfigError(
        `adapt: expected ${name} [${shape.join(', ')}] to start from, got ${data ? `${data.length} values` : 'none'}; start from a run of the same method and options`,
      );
    found[name] = { dtype: 'float32', shape, data };
  }
  if (start && start.size > parameters.length)
    throw new ConfigError(`adapt: expected ${parameters.length} parameters to start from, got ${start.size}; start from a run of the same method and options`);
  return found;
};
