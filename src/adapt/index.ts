// Recipes that teach a model: ways to adapt (methods/), what they are trained for (objectives/), on what (data/), and what is kept of it (files/).
export { type KeptPlaces, keptPlaces, withKept } from './against-forgetting.ts';
export type { BaseModel, FrozenWeights, HeldProgram } from './base-model.ts';
export * from './data/index.ts';
export { type ExpertUse, expertUse } from './expert-use.ts';
export * from './files/index.ts';
export { firstValues, type Start } from './first-values.ts';
export { type AdaptContext, type Adapted, adapt, type Method, type ReadBase, type Settled, untouched } from './method.ts';
export * from './methods/index.ts';
export * from './objectives/index.ts';
export { type PairLogProbs, referencePairs, withPairs } from './preferences.ts';
export { type Against, type Preferences, type Recipe, type RecipeInput, recipeOf, type Size, usuallyRecomputed } from './recipe.ts';
export {
  countSteps,
  type HeldOutJudge,
  type HeldOutLoss,
  openHeldOut,
  planStep,
  type TrainAdapterOptions,
  type TrainedAdapter,
  trainAdapter,
} from './train-adapter.ts';
export { stepLengths, type TrainingGraph, type TrainingGraphOptions, trainingGraph } from './training-graph.ts';
