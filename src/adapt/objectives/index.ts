export { type DpoLoss, type DpoOptions, dpo, type PreferencePairs, preferenceInputs } from './dpo.ts';
export { type LabelLoss, type LabelRows, labelCosts, labelInputs, labelLoss } from './label-loss.ts';
export type { RowOptions } from './row-costs.ts';
export { sampleLogProbs } from './sample-log-probs.ts';
