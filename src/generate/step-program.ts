import { concat, type Program } from '../core/index.ts';
import { causalInputs } from '../nn/index.ts';
import type { CausalModel } from './causal-model.ts';

/**
 * One program for prompts and for single tokens: some new tokens of some texts, as many of each, against what is cached of them. The cache is an input alone; the program gives the new rows, and who
 * holds the cache writes them in.
 *
 * Inputs are those of `causalInputs` with a past and rows, without a mask. Outputs: logits [rows, vocab]; added [2 · layers · batch, kvHeads, seq, headDim], the keys of all layers, then the values.
 *
 * @param options.fused  for speed alone: attention as one operator, for one text or one token of each (`groupedAttention`), without the sites of scores and pattern
 */
export const stepProgram = ({ name, config, build }: CausalModel, { fused = false }: { fused?: boolean } = {}): Program => {
  const { logits, keys, values } = build(causalInputs(config, { past: 'kvSeq', dense: fused, mask: false, rows: true }));
  return { name: `${name}/${fused ? 'fused' : 'step'}`, outputs: { logits, added: concat([...keys, ...values], 0) } };
};
