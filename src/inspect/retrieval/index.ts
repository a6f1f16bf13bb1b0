// How a model fetches an answer, and whether it does the same once its request was moved.
export { type OverSeeds, overSeeds, type RetrievalOverSeeds } from './over-seeds.ts';
export {
  type RetrievalComponent,
  type RetrievalOutcome,
  type RetrievalResult,
  type RetrievalRun,
  type RetrievalValues,
  retrievalRuns,
} from './retrieval-result.ts';
export { type RetrievalOptions, type StudyKept, studyRetrieval } from './retrieval-study.ts';
export type { OffsetEncoder } from './study-stories.ts';
