export { type Attribution, attributionPatch } from './attribution-patch.ts';
export { type BlockInput, type BlockOutput, type Blockwise, type InspectedModel, inspectedProgram, openBlockwise, type Scored } from './blockwise.ts';
export * from './components/index.ts';
export { type EncodedPrompt, encodePrompt } from './encode-prompt.ts';
export { type LensOptions, type LensReading, logitLens } from './lens.ts';
export * from './orion/index.ts';
export * from './retrieval/index.ts';
export { type PatchedRun, type Sweep, type SweepOptions, sweep, type TokenScores } from './sweep.ts';
