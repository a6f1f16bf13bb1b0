// How a model fetches an answer, and whether it does the same once its request was moved.
export { type RetrievalComponent, type RetrievalOutcome, type RetrievalResult, type RetrievalRun, retrievalRuns } from './retrieval-result.ts';
export { type RetrievalOptions, studyRetrieval } from './retrieval-study.ts';
export type { OffsetEncoder } from './study-stories.ts';
