import { concat, type Program } from '../core/index.ts';
import { causalInputs } from '../nn/index.ts';
import type { CausalModel } from './causal-model.ts';

const usualParts = 4; // more of them leave out little more and take as much time

export interface StepForm {
  readonly fused?: boolean;
  readonly inPlace?: boolean;
  readonly rowsOnly?: boolean;
  readonly parts?: number;
}

/**
 * One program for prompts and for single tokens: some new tokens of some texts, as many of each, against what is cached of them. The cache is an input alone; the program gives the new rows, and who
 * holds the cache writes them in.
 *
 * Inputs are those of `causalInputs` with a past and rows, without a mask. Outputs: logits [rows, vocab]; added [2 · layers · batch, kvHeads, seq, headDim], the keys of all layers, then the values; with
 * `inPlace` those of the last layer only, and none without `rowsOnly`.
 *
 * @param options.fused     for speed alone: attention of 16 or more tokens of one text by one operator (`groupedAttention`), without the sites of scores and pattern
 * @param options.inPlace   with `fused`: the new rows of all other layers are written into the cache where it lies, which has room for them; for an engine in this process, on the CPU. Default false.
 * @param options.parts     with `fused`: see `GroupedAttention`; the step has at least the square of it in tokens then. With 1 it is also for one token of each of several texts. Default 4.
 * @param options.rowsOnly  with `fused`, the last block computes what `rows` ask for only: see `CausalInputs`. Default true.
 */
export const stepProgram = (
  { name, config, build }: CausalModel,
  { fused = false, inPlace = false, rowsOnly = fused, parts = usualParts }: StepForm = {},
): Program => {
  const { logits, keys, values } = build(
    causalInputs(config, { past: 'kvSeq', dense: fused, inPlace, mask: false, rows: true, ...(fused && { parts, rowsOnly }) }),
  );
  const given = inPlace ? (rowsOnly ? 1 : 0) : keys.length; // layers whose new rows lie nowhere yet
  const added = given > 0 && concat([...keys.slice(-given), ...values.slice(-given)], 0);
  return { name: `${name}/${fused ? 'fused' : 'step'}`, outputs: { logits, ...(added && { added }) } };
};
