import { z } from 'zod';
import { add, ConfigError, named } from '../core/index.ts';
import {
  type Activation,
  atRows,
  type BlockSite,
  biasOf,
  blockSite,
  type CausalInputs,
  causalAttention,
  mlp,
  norm,
  type RotaryScaling,
  rotary,
} from '../nn/index.ts';
import type { Arrangement } from './arrange.ts';
import { type CausalConfig, type CausalModel, causalModel, checkedHeads } from './causal.ts';
import { activationKey, count, epsilonKey, factorKey, parseConfig } from './config.ts';
import { ropeKeys, ropeValues } from './rope-config.ts';
import { type Arrangements, weightNames } from './weights.ts';

const ignored = {
  attention_dropout: 'training only; our training states its own',
  hidden_dropout: 'training only; our training states its own',
  is_decoder: 'the model always is one',
} as const;

const schema = z.strictObject({
  ...ropeKeys,
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count.max(1000),
  num_attention_heads: count,
  intermediate_size: count,
  hidden_act: activationKey,
  max_position_embeddings: count,
  layer_norm_eps: epsilonKey,
  rotary_pct: z.number().positive().max(1).optional(),
  rotary_emb_base: factorKey.optional(),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(false),
});

export interface GptNeoxConfig extends CausalConfig {
  readonly ffn: number;
  readonly activation: Activation;
  readonly epsilon: number;
  readonly ropeBase: number;
  readonly ropeScaling: RotaryScaling | undefined;
  /** How many of the first numbers of a head turn. */
  readonly ropeDims: number;
  /** Attention and the feed-forward part read the same residual stream; otherwise the second reads what the first has left. */
  readonly parallel: boolean;
  /** Whether the linears of attention have biases. */
  readonly attentionBias: boolean;
}

/**
 * Reads the `config.json` of a GPT-NeoX or Pythia model.
 *
 * @throws ConfigError naming every key that does not fit
 */
export const gptNeoxConfig = (json: unknown, where = 'config.json'): GptNeoxConfig => {
  const c = parseConfig(json, { where, what: 'a GPT-NeoX model', types: ['gpt_neox'], ignored, schema, see: 'src/models/gpt-neox.ts' });
  const { base, scaling, share } = ropeValues(where, { ...c, rope_theta: one(where, 'base', c.rotary_emb_base, c.rope_theta) }, 10_000);
  const headDim = c.hidden_size / c.num_attention_heads;
  const ropeDims = Math.floor(headDim * (one(where, 'share', c.rotary_pct, share) ?? 0.25));
  if (ropeDims < 2 || ropeDims % 2 !== 0)
    throw new ConfigError(`${where}: expected an even number of dims that turn, got ${ropeDims} of ${headDim}; see rotary_pct and num_attention_heads`);
  return checkedHeads(where, {
    vocab: c.vocab_size,
    hidden: c.hidden_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    kvHeads: c.num_attention_heads,
    headDim,
    positions: c.max_position_embeddings,
    tied: c.tie_word_embeddings,
    ffn: c.intermediate_size,
    activation: c.hidden_act,
    epsilon: c.layer_norm_eps,
    ropeBase: base,
    ropeScaling: scaling,
    ropeDims,
    parallel: c.use_parallel_residual,
    attentionBias: c.attention_bias,
  });
};

/** One number that may go by two names. */
const one = (where: string, what: string, a: number | undefined, b: number | undefined): number | undefined => {
  if (a !== undefined && b !== undefined && a !== b)
    throw new ConfigError(`${where}: expected one ${what} of rotary embeddings, got ${a} and ${b}; keep the one that is right`);
  return a ?? b;
};

/**
 * GPT-NeoX (arXiv:2204.06745): a part of each head turns by its position; attention and the feed-forward part side by side. There is no site `resid.mid` then: no part reads such a state.
 *
 * @throws ShapeError for inputs that do not fit the config or each other
 */
export const gptNeox = (config: GptNeoxConfig, inputs: CausalInputs): CausalModel =>
  causalModel('gpt-neox', config, inputs, () => {
    const { headDim, ffn, activation, epsilon, parallel } = config;
    const rotate = rotary(inputs.positions, { headDim, dims: config.ropeDims, base: config.ropeBase, scaling: config.ropeScaling });
    const bias = biasOf(inputs);
    const biases = { qkv: config.attentionBias, out: config.attentionBias };
    return {
      block: (layer, stream, past, rows) => {
        const at = (site: BlockSite): string => blockSite(layer, site);
        const seen = named(at('attn.in'), norm(`blocks.${layer}.norm1`, stream, { epsilon }));
        const { out, keys, values } = causalAttention(`blocks.${layer}.attn`, seen, { ...config, bias, biases, rotate, past, parts: inputs.parts, rows });
        const asked = atRows(stream, rows);
        const after = add(asked, out);
        const mid = parallel ? after : named(at('resid.mid'), after);
        const read = named(at('mlp.in'), norm(`blocks.${layer}.norm2`, parallel ? asked : mid, { epsilon }));
        return { stream: add(mid, mlp(`blocks.${layer}.mlp`, read, { ffn, activation })), keys, values };
      },
      final: (stream) => norm('final', stream, { epsilon }),
    };
  });

const parts = {
  norm1: 'input_layernorm',
  'attn.q': 'attention.query_key_value',
  'attn.k': 'attention.query_key_value',
  'attn.v': 'attention.query_key_value',
  'attn.out': 'attention.dense',
  norm2: 'post_attention_layernorm',
  'mlp.up': 'mlp.dense_h_to_4h',
  'mlp.down': 'mlp.dense_4h_to_h',
} as const;

/** Our parameter name → names under which a Hugging Face file may hold it, the likelier first. */
export const gptNeoxWeightNames = ({ layers }: GptNeoxConfig): ReadonlyMap<string, readonly string[]> =>
  weightNames(layers, parts, { 'embed.word': 'embed_in', final: 'final_layer_norm' }, (theirs) => [`gpt_neox.${theirs}`, theirs]).set('logits.weight', [
    'embed_out.weight',
    'lm_head.weight',
  ]);

/** Such files keep query, key and value of each head one after another. */
export const gptNeoxArranged = ({ layers, heads, headDim, hidden }: GptNeoxConfig): Arrangements => {
  const arranged = new Map<string, Arrangement>();
  for (let layer = 0; layer < layers; layer++)
    for (const [index, part] of ['q', 'k', 'v'].entries()) {
      const name = `blocks.${layer}.attn.${part}`;
      const take = { axis: 1, index };
      arranged.set(`${name}.weight`, { stored: [3 * hidden, hidden], view: [heads, 3, headDim, hidden], take });
      arranged.set(`${name}.bias`, { stored: [3 * hidden], view: [heads, 3, headDim], take });
    }
  return arranged;
};
