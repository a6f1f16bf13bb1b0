// The short way in. Everything else is one subpath a room: lyceum/core, lyceum/nn, lyceum/runtime, …
export { adaptModel } from './app/adapt/adapt-model.ts';
export type { AdaptOptions, AdaptOutcome } from './app/adapt/adapt-options.ts';
export { type CombinedTask, type CombineOptions, type CombineOutcome, combineRuns } from './app/adapt/combine-runs.ts';
export { type MatrixOptions, measureMatrix } from './app/adapt/measure-matrix.ts';
export { type EmbedderOptions, embedTexts as embed, openEmbedder } from './app/embed.ts';
export {
  type Calibrated,
  calibrateGuard,
  type GuardPrediction,
  guardAll,
  guardedModel,
  keptAnswers,
  type RedTeamResult,
  redTeam,
  type ScannedDocument,
  scanDocument,
} from './app/guard/index.ts';
export {
  type AttentionOf,
  type AttributionOf,
  attentionOf,
  attributionOf,
  type HeadsOf,
  headsOf,
  type InspectedLanguageModel,
  type InspectOptions,
  type LensOf,
  lensOf,
  type OrionOutcome,
  openInspected,
  type PatchedPair,
  patchPair,
  type RetrievalOf,
  type RetrievalStudies,
  retrievalOf,
  retrievalStudies,
  runOrion,
} from './app/inspect/index.ts';
export {
  type LanguageModel,
  type LanguageModelOptions,
  type ModelEdit,
  type ModelInfo,
  type OpenLanguageModelOptions,
  openLanguageModel as loadModel,
  openLanguageModelApart as loadModelApart,
  type TextPiece,
  type TextRequest,
  type TextResult,
} from './app/language-model/index.ts';
export { openBase } from './app/language-model/open-base.ts';
export { predictDocuments as predict } from './app/predict.ts';
export { type ReadOptions, type ReadOutcome, readPaths as read } from './app/read.ts';
export { openWorkspace, type Workspace, type WorkspaceOptions } from './app/workspace.ts';
export { ConfigError, FormatError, LyceumError, NotFoundError, ShapeError, UnsupportedError } from './core/index.ts';
