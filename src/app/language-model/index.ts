export { type LanguageModel, type LanguageModelOptions, openLanguageModel } from './open-language-model.ts';
export { openLanguageModelApart } from './open-language-model-apart.ts';
export type { ChatMessage, ModelInfo, ModelWeights, TextPiece, TextRequest, TextResult, TextScore, TextToken } from './text-request.ts';
