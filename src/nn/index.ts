export { attention, paddingBias } from './attention.ts';
export { type Dropout, drop, saltOf } from './dropout.ts';
export * from './edits/index.ts';
export { embedding } from './embedding.ts';
export { dense, lastLength, linear } from './linear.ts';
export { marginalLogLikelihood, softmaxCrossEntropy } from './losses.ts';
export { type Activation, activations, mlp } from './mlp.ts';
export { norm } from './norm.ts';
export { type BlockSite, blockOf, blockSite, blockSites, modelSites } from './sites.ts';
