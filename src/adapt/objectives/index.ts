export { type LabelLoss, type LabelLossOptions, type LabelRows, labelInputs, labelLoss } from './label-loss.ts';
