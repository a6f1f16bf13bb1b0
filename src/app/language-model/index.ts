export { type LanguageModel, type LanguageModelOptions, type OpenLanguageModel, openLanguageModel } from './open-language-model.ts';
export { openLanguageModelApart } from './open-language-model-apart.ts';
export type { ModelInfo, ModelLoad, ModelWeights, TextCandidate, TextPiece, TextRequest, TextResult, TextScore, TextToken } from './text-request.ts';
