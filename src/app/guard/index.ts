export { type Calibrated, type CalibrateOptions, calibrateGuard, type GuardShares, type OpenModel, type TrustedRecord } from './calibrate.ts';
export { guardedModel } from './guarded-model.ts';
export { keptAnswers, keptAnswersFile, type RunKept } from './kept-answers.ts';
export type { CaseResult, GuardCase } from './measure-guard.ts';
export { type GuardPrediction, type GuardRecord, guardAll } from './predict.ts';
export { type RedTeamResult, redTeam, storyCases } from './red-team.ts';
export { type ScannedDocument, type ScannedSegment, scanDocument } from './scan-document.ts';
