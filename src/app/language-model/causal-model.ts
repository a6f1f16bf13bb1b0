import type { CausalModel } from '../../generate/index.ts';
import type { CausalSource } from '../../models/index.ts';

/** A model as generation wants it. */
export const causalModelOf = (name: string, { member: { config, build } }: CausalSource): CausalModel => ({
  name,
  layers: config.layers,
  kvHeads: config.kvHeads,
  headDim: config.headDim,
  vocab: config.vocab,
  context: config.positions,
  build,
});
