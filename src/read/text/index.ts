export { sentences } from './sentences.ts';
export { type Block, type BlockKind, type Sentence, splitDocument } from './split.ts';
export { type Range, words } from './words.ts';
