import type { BaseModel, Recipe, RecipeInput } from '../../adapt/index.ts';
import type { Fit } from './begun-run.ts';
import { besidesSteps, fitMemory, fitUsually, usualBytes } from './fit-memory.ts';

export interface FitRecipeOptions {
  /** What the user said of it: what is told is kept. */
  readonly asked: Pick<RecipeInput, 'microRows' | 'recomputed'>;
  /** What training may take, where that was said. */
  readonly memoryBytes: number | undefined;
  /** How the run was begun: it goes on so. */
  readonly begun: Fit | undefined;
  readonly pairs: boolean;
  readonly onNote: ((message: string) => void) | undefined;
}

export interface FittedRecipe {
  readonly recipe: Recipe;
  /** Bytes that training takes whatever a step is. */
  readonly besides: number;
  /** Whether it stays within what it was to be fitted into. */
  readonly fits: boolean;
}

/**
 * A recipe as it is trained: fitted into the memory that was named, else into what is usual if anything does it, and then the run says how.
 *
 * @throws ConfigError where nothing fits into the memory that was named
 */
export const fitRecipe = async (base: BaseModel, recipe: Recipe, { asked, memoryBytes, begun, pairs, onNote }: FitRecipeOptions): Promise<FittedRecipe> => {
  const besides = besidesSteps(base, recipe);
  if (memoryBytes !== undefined) return { recipe: await fitMemory(base, recipe, { bytes: memoryBytes, besides, pairs }), besides, fits: true };
  if (asked.recomputed !== undefined) return { recipe, besides, fits: true };
  const again = begun && { recomputed: begun.recomputed, ...(asked.microRows === undefined && { microRows: begun.microRows }) };
  const leastRows = asked.microRows === undefined ? 1 : recipe.microRows;
  const fitted = again ? { ...recipe, ...again } : await fitUsually(base, recipe, { besides, pairs, leastRows });
  if (!fitted) return { recipe, besides, fits: false };
  const { layers } = base.source.member.config;
  const means = [
    ...(fitted.recomputed > recipe.recomputed ? [`the activations of ${fitted.recomputed} of ${layers} blocks are computed again`] : []),
    ...(fitted.microRows < recipe.microRows
      ? [`the ${recipe.rows} rows of a step come ${fitted.microRows === 1 ? 'one after another' : `${fitted.microRows} at a time`}`]
      : []),
  ];
  if (means.length > 0)
    onNote?.(
      `${means.join(', and ')}, to stay within ${usualBytes / 1e9} GB; a larger --memory ${fitted.recomputed > recipe.recomputed ? 'computes fewer again' : 'takes more at once'}, and is faster`,
    );
  return { recipe: fitted, besides, fits: true };
};
