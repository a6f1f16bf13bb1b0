export { type BertConfig, type BertOptions, bert, bertConfig, bertWeightNames } from './bert.ts';
export { countParameters, type FrozenWeight, frozenWeights, locateWeights } from './weights.ts';
