export { capture, sitesIn } from './capture.ts';
export { int8Product, quantiseInt8, quantiseRows, rowScale } from './int8.ts';
export { type ActivationRange, int8Linear, quantiseStatic, type StaticScale, staticScale } from './int8-static.ts';
export { type LowRankOptions, lowRank, lowRankParameters, lowRankStart, mergeLowRank } from './low-rank.ts';
export { dequantiseBlocks, type NBitsAttrs, nBitsProduct, quantiseBlocks } from './n-bits.ts';
export { type PackedForm, type PackedValues, type PackedWeight, packed } from './packed.ts';
export { activationRanges, type Quantised, type QuantisedWeight, type QuantiseOptions, quantise } from './quantise.ts';
export { recompute } from './recompute.ts';
export { patch, replace } from './replace.ts';
