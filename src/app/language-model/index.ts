export type { ModelEdit } from './edited-step.ts';
export { measureWeights } from './measure-weights.ts';
export type { MeasuredMode, MeasuredWeights } from './measured-weights.ts';
export { guardFile, readGuardSettings, shippedGuard } from './open-guard.ts';
export {
  type LanguageModel,
  type LanguageModelOptions,
  type OpenLanguageModel,
  type OpenLanguageModelOptions,
  openLanguageModel,
} from './open-language-model.ts';
export { openLanguageModelApart } from './open-language-model-apart.ts';
export type { TextPerplexity } from './perplexity.ts';
export type {
  GuardVerdict,
  ModelInfo,
  ModelLoad,
  ModelWeights,
  TextCandidate,
  TextPiece,
  TextRequest,
  TextResult,
  TextScore,
  TextToken,
} from './text-request.ts';
export { type WeightModes, weightModes } from './weight-modes.ts';
