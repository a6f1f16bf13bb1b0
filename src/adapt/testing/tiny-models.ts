// Tiny models of random weights, as something to adapt: four causal families, one of which keeps query, key and value in one file tensor, and the encoder.
import { type Node, nameOf, type Tensor, tensor } from '../../core/index.ts';
import type { CausalMember } from '../../models/index.ts';
import { causalFixture } from '../../models/testing/causal-fixture.ts';
import { tinyBert } from '../../nn/edits/testing/tiny-bert.ts';
import { causalInputs } from '../../nn/index.ts';

export interface TinyModel {
  /** Logits, or the encoder's last states. */
  readonly root: Node;
  readonly vocab: number;
  readonly hidden: number;
  /** By parameter name. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** A batch with padding. */
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** Of the causal ones. */
  readonly member?: CausalMember;
}

export const tinyModelNames = ['llama', 'gpt-neox', 'gpt2', 'gemma3', 'bert'] as const;

export const tinyModel = async (name: (typeof tinyModelNames)[number]): Promise<TinyModel> => {
  if (name === 'bert') {
    const { config, hidden, parameters, values } = await tinyBert();
    const part = (names: readonly string[]) => new Map(names.map((key) => [key, values.get(key)!]));
    return { root: hidden, vocab: config.vocab, hidden: config.hidden, weights: part(parameters.map(nameOf)), feeds: part(['ids', 'mask']) };
  }
  const { member, weights, ids, mask, positions } = await causalFixture(name);
  const feeds = new Map(Object.entries({ ids, mask, positions }));
  return { root: member.build(causalInputs(member.config)).logits, vocab: member.config.vocab, hidden: member.config.hidden, weights, feeds, member };
};

/** float32 values as a tensor of the evaluator. */
export const asTensor = (node: Node, values: ArrayLike<number>): Tensor => tensor(node.shape as readonly number[], values);
