import { add, gather, inOrder, isParameter, multiplyAxes, type Node, named, nameOf, reshape } from '../../core/index.ts';
import { blockSite, type CausalInputs, causalAttention, causalBias, dense, embedding, norm } from '../../nn/index.ts';
import type { Binding } from '../../runtime/index.ts';
import type { CausalModel } from '../causal-model.ts';
import { uniformAt } from '../random.ts';
import { stepProgram } from '../step-program.ts';

const [hidden, heads, kvHeads, vocab, longest] = [12, 4, 2, 37, 320];

/** Two layers of attention over learnt positions: enough that every token depends on all before it and on its place. */
export const tinyModelOf = (headDim: number): CausalModel => ({
  name: 'tiny',
  config: { layers: 2, kvHeads, headDim, vocab, positions: longest },
  build({ ids, positions, past, rows, parts }: CausalInputs) {
    const [batch, seq] = ids.shape as [string, string];
    const bias = causalBias({ batch, seq, past: past!.mask });
    let x = add(embedding('words', ids, { rows: vocab, width: hidden }), embedding('positions', positions, { rows: longest, width: hidden }));
    const [keys, values]: [Node[], Node[]] = [[], []];
    for (let layer = 0; layer < 2; layer++) {
      const normal = norm(`blocks.${layer}.norm`, x, { epsilon: 1e-5 });
      const own = causalAttention(`blocks.${layer}.attn`, normal, {
        heads,
        kvHeads,
        headDim,
        bias,
        parts,
        past: { keys: past!.keys[layer]!, values: past!.values[layer]!, counts: past!.counts, inPlace: past!.inPlace },
      });
      x = named(blockSite(layer, 'resid.post'), add(x, own.out));
      keys.push(own.keys);
      values.push(own.values);
    }
    const chosen = gather(reshape(x, [multiplyAxes(batch, seq), hidden]), rows!);
    return { logits: dense('head', chosen, vocab, { bias: false }), keys, values };
  },
});
export const tinyModel = tinyModelOf(3);

export const tinyBindings = (seed = 1, scale = 1.2, model = tinyModel): Map<string, Binding> =>
  new Map(
    inOrder(Object.values(stepProgram(model).outputs))
      .filter(isParameter)
      .map((node, k): [string, Binding] => {
        const shape = node.shape as readonly number[];
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (2 * uniformAt(100 * seed + k, i) - 1) * scale);
        return [nameOf(node), { kind: 'constant', value: { dtype: 'float32', shape, data } }];
      }),
  );
