import { concat, type Program } from '../core/index.ts';
import { causalInputs } from '../nn/index.ts';
import type { CausalModel } from './causal-model.ts';

const parts = 4; // more of them leave out little more and take as much time

/**
 * One program for prompts and for single tokens: some new tokens of some texts, as many of each, against what is cached of them. The cache is an input alone; the program gives the new rows, and who
 * holds the cache writes them in.
 *
 * Inputs are those of `causalInputs` with a past and rows, without a mask. Outputs: logits [rows, vocab]; added [2 · layers · batch, kvHeads, seq, headDim], the keys of all layers, then the values.
 *
 * @param options.fused     for speed alone: attention of 16 or more tokens of one text by one operator (`groupedAttention`), without the sites of scores and pattern
 * @param options.rowsOnly  with `fused`, the last block computes what `rows` ask for only: see `CausalInputs`. Default true.
 */
export const stepProgram = (
  { name, config, build }: CausalModel,
  { fused = false, rowsOnly = fused }: { fused?: boolean; rowsOnly?: boolean } = {},
): Program => {
  const { logits, keys, values } = build(causalInputs(config, { past: 'kvSeq', dense: fused, mask: false, rows: true, ...(fused && { parts, rowsOnly }) }));
  return { name: `${name}/${fused ? 'fused' : 'step'}`, outputs: { logits, added: concat([...keys, ...values], 0) } };
};
