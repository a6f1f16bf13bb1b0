export { type BalanceOptions, balanceLoss } from './balance.ts';
export { type DpoLoss, type DpoOptions, dpo, type PreferencePairs, preferenceInputs } from './dpo.ts';
export { anchorOf, ewcPenalty, fisherOf, l2SpPenalty, type PullOptions, partInput, pullBindings } from './ewc.ts';
export { type FisherOptions, fisherDiagonal } from './fisher-diagonal.ts';
export { baseBeside, type KlRows, klToBase, klToTop, likeliest, unchangedOf } from './kl-to-base.ts';
export { type LabelLoss, type LabelRows, labelCosts, labelInputs, labelLoss } from './label-loss.ts';
export type { RowOptions } from './row-costs.ts';
export { pairLogProbs, sampleLogProbs } from './sample-log-probs.ts';
export { type SwitchBalance, switchBalanceLoss } from './switch-balance.ts';
