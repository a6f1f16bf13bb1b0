export { type AdamW, defaultAdamW, type ParameterGroup } from './adamw.ts';
export { type Checkpoint, readCheckpoint, sha256Of, writeCheckpoint } from './checkpoint.ts';
export { epochBatches, epochOrder } from './epoch.ts';
export { hashOf, hashOfName, uniformOf } from './hash.ts';
export { appendMetrics, cutMetrics, type MetricsLine } from './metrics-file.ts';
export { accumulateProgram, applyProgram, type Objective, stepProgram } from './programs.ts';
export { openRun, type RunDescription } from './run-file.ts';
export { rateAt, type Schedule } from './schedule.ts';
export { bestWeights, type Progress, type TrainOptions, type TrainResult, train, type Verdict } from './train.ts';
