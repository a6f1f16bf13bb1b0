export { type BertConfig, type BertOptions, bert, bertConfig, bertWeightNames } from './bert.ts';
