export type { CausalInputs, CausalModel, CausalOutputs, Past } from './causal-model.ts';
export { type Generator, type GeneratorOptions, openGenerator } from './generator.ts';
export type { Generated, Request, Token, TokenMask } from './request.ts';
export type { Candidate, Sampling } from './sampling.ts';
export { stepProgram } from './step-program.ts';
export { type StopFilter, stopFilter } from './stop-strings.ts';
