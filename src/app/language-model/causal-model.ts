import { gather, inOrder, isParameter, named, nameOf, parameter, reshape, sizeOf } from '../../core/index.ts';
import type { CausalModel } from '../../generate/index.ts';
import type { CausalSource } from '../../models/index.ts';
import { linear } from '../../nn/index.ts';

/** A model as generation wants it: scores for chosen rows alone. */
export const causalModelOf = (name: string, { member }: CausalSource): CausalModel => {
  const { config } = member;
  return {
    name,
    layers: config.layers,
    kvHeads: config.kvHeads,
    headDim: config.headDim,
    vocab: config.vocab,
    context: config.positions,
    build: ({ ids, positions, mask, past, rows }) => {
      const { hidden, keys, values } = member.build({ ids, positions, mask, past });
      // The table of words is one node, whoever reads it.
      const table = inOrder([hidden]).find((node) => isParameter(node) && nameOf(node) === 'embed.word.weight')!;
      const head = config.tied ? table : parameter('logits.weight', [config.vocab, config.hidden]);
      const chosen = gather(reshape(hidden, [sizeOf(ids.shape), config.hidden]), rows);
      return { logits: named('logits', linear(chosen, head)), keys, values };
    },
  };
};
