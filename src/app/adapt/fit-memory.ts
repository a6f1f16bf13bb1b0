import { type BaseModel, type Recipe, stepBytes } from '../../adapt/index.ts';
import { ConfigError } from '../../core/index.ts';

/**
 * A recipe whose step fits into so many bytes: first blocks are computed again, as few as will do, then rows one after another.
 *
 * @throws ConfigError where nothing fits, saying what the least would take
 */
export const fitMemory = async (base: BaseModel, recipe: Recipe, bytes: number): Promise<Recipe> => {
  const { layers } = base.source.member.config;
  let least = Number.POSITIVE_INFINITY;
  for (let microRows = recipe.microRows; microRows >= 1; microRows = Math.floor(microRows / 2)) {
    const takes = async (recomputed: number): Promise<number> => stepBytes(base, { ...recipe, microRows, recomputed });
    const all = await takes(layers);
    least = Math.min(least, all);
    if (all > bytes) continue;
    let [low, high] = [0, layers]; // the fewest blocks that do lie in [low, high]
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await takes(middle)) <= bytes) high = middle;
      else low = middle + 1;
    }
    return { ...recipe, microRows, recomputed: high };
  }
  throw new ConfigError(
    `adapt: expected a step within the memory given, got at least ${(least / 1e9).toFixed(1)} GB for one row of ${recipe.length} tokens with everything computed again; give more, or take shorter rows (--length ${Math.max(16, recipe.length / 2)})`,
  );
};
