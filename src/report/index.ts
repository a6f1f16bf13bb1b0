export { adaptReport } from './adapt-report.ts';
export {
  type AdaptResult,
  adaptResultFormat,
  type BeforeAfter,
  combinedKind,
  type Difference,
  type ExpertUse,
  type Interval,
  isTrained,
  type KnowledgeExample,
  type KnowledgeScore,
  retrievedKind,
  type TaskExample,
  type TaskScore,
} from './adapt-result.ts';
export { type AttentionResult, attentionReport, attentionVerdict } from './attention-report.ts';
export { compareReport, compareVerdict } from './compare-report.ts';
export { FormatError } from './errors.ts';
export { type GuardResult, guardReport, guardVerdict } from './guard-report.ts';
export { type HeadKind, type HeadsResult, headKinds, headsReport, headsVerdict } from './heads-report.ts';
export type { LearningMatrix, MatrixTask, Range } from './learning-matrix.ts';
export { matrixVerdict } from './matrix-figure.ts';
export { methodName } from './method-names.ts';
export { type OrionCell, orionCells } from './orion-cells.ts';
export { orionCompareReport, orionCompareVerdict } from './orion-compare.ts';
export { orionReport, orionVerdict } from './orion-report.ts';
export type { OrionAnswered, OrionExtras, OrionMeasured, OrionResult, OrionRole } from './orion-result.ts';
export type { OverSeeds, SeedArm, SeedPair, SeedScore } from './over-seeds.ts';
export { reportPolicy } from './page.ts';
export { parseAdaptResult } from './parse-adapt-result.ts';
export { parseOrionResult } from './parse-orion-result.ts';
export { retrievalReport, retrievalVerdict } from './retrieval-report.ts';
export type { RetrievalReportComponent, RetrievalReportResult } from './retrieval-result.ts';
export { type Judgement, judge, keptWithin, verdict } from './verdict.ts';
