import { z } from 'zod';
import { add, gather, named, parameter } from '../core/index.ts';
import { type Activation, atRows, biasOf, blockSite, type CausalInputs, causalAttention, mlp, norm } from '../nn/index.ts';
import { turned } from './arrange.ts';
import { type CausalConfig, type CausalModel, causalModel, checkedHeads } from './causal.ts';
import { activationKey, count, epsilonKey, parseConfig } from './config.ts';
import { type Arrangements, weightNames } from './weights.ts';

const ignored = {
  attn_pdrop: 'training only; our training states its own',
  embd_pdrop: 'training only; our training states its own',
  resid_pdrop: 'training only; our training states its own',
  summary_activation: 'of a head',
  summary_first_dropout: 'of a head',
  summary_proj_to_labels: 'of a head',
  summary_type: 'of a head',
  summary_use_proj: 'of a head',
  _num_labels: 'of a head',
  task_specific_params: 'how examples were drawn from it',
  n_ctx: 'n_positions under its old name',
  reorder_and_upcast_attn: 'rounding in half precision',
} as const;

const schema = z.strictObject({
  vocab_size: count,
  n_positions: count,
  n_embd: count,
  n_layer: count.max(1000),
  n_head: count,
  n_inner: count.nullable().optional(),
  activation_function: activationKey,
  layer_norm_epsilon: epsilonKey,
  tie_word_embeddings: z.boolean().default(true),
  scale_attn_weights: z.literal(true).optional(),
  scale_attn_by_inverse_layer_idx: z.literal(false).optional(),
  add_cross_attention: z.literal(false).optional(),
});

export interface Gpt2Config extends CausalConfig {
  readonly ffn: number;
  readonly activation: Activation;
  readonly epsilon: number;
}

/**
 * Reads the `config.json` of a GPT-2 model.
 *
 * @throws ConfigError naming every key that does not fit
 */
export const gpt2Config = (json: unknown, where = 'config.json'): Gpt2Config => {
  const c = parseConfig(json, { where, what: 'a GPT-2 model', types: ['gpt2'], ignored, schema, see: 'src/models/gpt2.ts' });
  return checkedHeads(where, {
    vocab: c.vocab_size,
    hidden: c.n_embd,
    layers: c.n_layer,
    heads: c.n_head,
    kvHeads: c.n_head,
    headDim: c.n_embd / c.n_head,
    positions: c.n_positions,
    tied: c.tie_word_embeddings,
    ffn: c.n_inner ?? 4 * c.n_embd,
    activation: c.activation_function,
    epsilon: c.layer_norm_epsilon,
  });
};

/**
 * GPT-2 (Radford et al. 2019): learned positions, norms before each part. Every position must lie below `config.positions`.
 *
 * @throws ShapeError for inputs that do not fit the config or each other
 */
export const gpt2 = (config: Gpt2Config, inputs: CausalInputs): CausalModel =>
  causalModel('gpt2', config, inputs, () => {
    const { hidden, ffn, activation, epsilon } = config;
    const bias = biasOf(inputs);
    const biases = { qkv: true, out: true };
    return {
      embed: (words) => add(words, gather(parameter('embed.position.weight', [config.positions, hidden]), inputs.positions)),
      block: (layer, stream, past, rows) => {
        const seen = named(blockSite(layer, 'attn.in'), norm(`blocks.${layer}.norm1`, stream, { epsilon }));
        const { out, keys, values } = causalAttention(`blocks.${layer}.attn`, seen, { ...config, bias, biases, past, parts: inputs.parts, rows });
        const mid = named(blockSite(layer, 'resid.mid'), add(atRows(stream, rows), out));
        const read = named(blockSite(layer, 'mlp.in'), norm(`blocks.${layer}.norm2`, mid, { epsilon }));
        return { stream: add(mid, mlp(`blocks.${layer}.mlp`, read, { ffn, activation })), keys, values };
      },
      final: (stream) => norm('final', stream, { epsilon }),
    };
  });

const parts = {
  norm1: 'ln_1',
  'attn.q': 'attn.c_attn',
  'attn.k': 'attn.c_attn',
  'attn.v': 'attn.c_attn',
  'attn.out': 'attn.c_proj',
  norm2: 'ln_2',
  'mlp.up': 'mlp.c_fc',
  'mlp.down': 'mlp.c_proj',
} as const;

/** Our parameter name → names under which a Hugging Face file may hold it, the likelier first. */
export const gpt2WeightNames = ({ layers }: Gpt2Config): ReadonlyMap<string, readonly string[]> =>
  weightNames(layers, parts, { 'embed.word': 'wte', 'embed.position': 'wpe', final: 'ln_f' }, (theirs) => [`transformer.${theirs}`, theirs], 'h').set(
    'logits.weight',
    ['lm_head.weight'],
  );

/** Such files keep weights [in, out], and queries, keys and values side by side. */
export const gpt2Arranged = ({ layers, hidden, ffn }: Gpt2Config): Arrangements => {
  const arranged = new Map<string, ReturnType<typeof turned>>();
  for (let layer = 0; layer < layers; layer++) {
    for (const [index, part] of ['q', 'k', 'v'].entries()) {
      const name = `blocks.${layer}.attn.${part}`;
      arranged.set(`${name}.weight`, { stored: [hidden, 3 * hidden], view: [hidden, 3, hidden], take: { axis: 1, index }, order: [1, 0] });
      arranged.set(`${name}.bias`, { stored: [3 * hidden], view: [3, hidden], take: { axis: 0, index } });
    }
    arranged.set(`blocks.${layer}.attn.out.weight`, turned([hidden, hidden]));
    arranged.set(`blocks.${layer}.mlp.up.weight`, turned([hidden, ffn]));
    arranged.set(`blocks.${layer}.mlp.down.weight`, turned([ffn, hidden]));
  }
  return arranged;
};
