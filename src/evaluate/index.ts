export type { AnnotatedDocument, Annotations, Entity, Relation, Span, TokenDocument } from './annotations.ts';
export { containsAnswer, matchesExactly, normaliseAnswer, wordF1 } from './answer-text.ts';
export { assign } from './assignment.ts';
export { builtinFacts, worldFactsPath } from './builtin-facts.ts';
export { type ChangedAnswers, type ChangedItem, changedAnswers } from './changed-answers.ts';
export { parseQuestions, type Question, type QuestionStyle, questionItems } from './closed-book.ts';
export { countBCubed, countCeaf, countMuc, meanScore } from './coreference.ts';
export { addCounts, type Counts, noCounts, type Score, scoreOf } from './counts.ts';
export { parseGold, parsePredictions, parseTokens } from './dygie.ts';
export { countEntities, countSpans } from './entities.ts';
export { FormatError } from './errors.ts';
export type { Evaluation } from './evaluation.ts';
export { type NamedText, parseFacts } from './fact-files.ts';
export { type CandidateOptions, type Fact, type FactProbe, factConvention, rankFacts, withCandidates } from './fact-ranking.ts';
export { summariseMatrix, type TaskMatrix, type TaskMatrixSummary } from './matrix.ts';
export { bootstrapMatrix, type MatrixIntervals, type Range, type ScoredMatrix } from './matrix-intervals.ts';
export { type AnswerItem, answerConvention, measureAnswers } from './measure-answers.ts';
export { measurePreferences, type PreferenceItem } from './measure-preferences.ts';
export { type MeasuredItem, meanOf, summarise } from './measured-item.ts';
export type { AnswerWriter, CompletionScore, CompletionScorer, Prompt, RunOptions } from './model-under-test.ts';
export { countRelations, type RelationConvention } from './relations.ts';
export { bootstrap, drawSome, type Interval, type PairedInterval, pairedBootstrap, type ResampleOptions } from './resample.ts';
export { type BySeed, bootstrapSeeds, pairedBootstrapSeeds, type SeedResampleOptions } from './resample-seeds.ts';
export { compareScierc, countScierc, type DocumentCounts, evaluateScierc, poolScierc } from './scierc.ts';
export {
  asMessages,
  type ChoiceItem,
  type LabelTask,
  labelTasks,
  measureTasks,
  parseTaskItems,
  type SkippedSample,
  type TaskItem,
  taskConvention,
} from './task-mix.ts';
