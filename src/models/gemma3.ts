import { z } from 'zod';
import { add, ConfigError, mul, type Node, named } from '../core/index.ts';
import {
  type Activation,
  atRows,
  type BlockSite,
  biasOf,
  blockSite,
  type CausalInputs,
  causalAttention,
  gatedMlp,
  type RotaryScaling,
  rmsNorm,
  rotary,
} from '../nn/index.ts';
import { type CausalConfig, type CausalModel, causalModel, checkedHeads } from './causal.ts';
import { activationKey, count, epsilonKey, factorKey, parseConfig } from './config.ts';
import { rope, ropeKeys, ropeValues } from './rope-config.ts';
import { weightNames } from './weights.ts';

const ignored = {
  attention_dropout: 'training only; our training states its own',
  cache_implementation: 'of the Python interface',
} as const;

const pattern = count.optional();
const schema = z.strictObject({
  ...ropeKeys,
  rope_parameters: z.strictObject({ full_attention: rope, sliding_attention: rope }).nullable().optional(),
  rope_local_base_freq: factorKey.optional(),
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count.max(1000),
  num_attention_heads: count,
  num_key_value_heads: count,
  head_dim: count,
  intermediate_size: count,
  hidden_activation: activationKey,
  max_position_embeddings: count,
  rms_norm_eps: epsilonKey,
  query_pre_attn_scalar: factorKey,
  sliding_window: count,
  sliding_window_pattern: pattern,
  _sliding_window_pattern: pattern,
  layer_types: z
    .array(z.enum(['full_attention', 'sliding_attention']))
    .nullable()
    .optional(),
  tie_word_embeddings: z.boolean().default(true),
  attention_bias: z.literal(false).optional(),
  attn_logit_softcapping: z.null().optional(),
  final_logit_softcapping: z.null().optional(),
  use_bidirectional_attention: z.literal(false).nullable().optional(),
});

interface Rotation {
  readonly base: number;
  readonly scaling: RotaryScaling | undefined;
}

export interface Gemma3Config extends CausalConfig {
  readonly ffn: number;
  readonly activation: Activation;
  readonly epsilon: number;
  /** Factor on the products of queries and keys. */
  readonly scale: number;
  /** How heads turn in layers that see the whole text, and in those that see a window. */
  readonly ropeGlobal: Rotation;
  readonly ropeLocal: Rotation;
  /** Tokens that a layer with a window sees, its own included. */
  readonly window: number;
  /** For each layer whether it sees the whole text. */
  readonly global: readonly boolean[];
  /** Added to the stored weights of norms: 1 for Hugging Face files, 0 for GGUF files, whose weights include it. */
  readonly normOffset: 0 | 1;
}

/**
 * Reads the `config.json` of a Gemma 3 text model (`gemma3_text`).
 *
 * @throws ConfigError naming every key that does not fit
 */
export const gemma3Config = (json: unknown, where = 'config.json'): Gemma3Config => {
  const c = parseConfig(json, { where, what: 'a Gemma 3 text model', types: ['gemma3_text'], ignored, schema, see: 'src/models/gemma3.ts' });
  const { rope_theta, rope_scaling, rope_local_base_freq, rope_parameters: both } = c;
  if (both && (rope_scaling || rope_theta || rope_local_base_freq))
    throw new ConfigError(`${where}: expected rope_parameters alone, got rope_theta, rope_scaling or rope_local_base_freq beside it; keep what is right`);
  const everyOther = c.sliding_window_pattern ?? c._sliding_window_pattern ?? 6;
  const global = c.layer_types?.map((type) => type === 'full_attention') ?? globalLayers(c.num_hidden_layers, everyOther);
  return checkedGemma3(where, {
    vocab: c.vocab_size,
    hidden: c.hidden_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    kvHeads: c.num_key_value_heads,
    headDim: c.head_dim,
    positions: c.max_position_embeddings,
    tied: c.tie_word_embeddings,
    ffn: c.intermediate_size,
    activation: c.hidden_activation,
    epsilon: c.rms_norm_eps,
    scale: c.query_pre_attn_scalar ** -0.5,
    ropeGlobal: rotation(ropeValues(where, both ? { rope_parameters: both.full_attention } : { rope_theta, rope_scaling }, 1_000_000), where),
    ropeLocal: rotation(ropeValues(where, both ? { rope_parameters: both.sliding_attention } : { rope_theta: rope_local_base_freq }, 10_000), where),
    window: c.sliding_window,
    global,
    normOffset: 1,
  });
};

/** The config itself. @throws ConfigError where heads or kinds of layers do not fit */
export const checkedGemma3 = (where: string, config: Gemma3Config): Gemma3Config => {
  const { layers, global } = config;
  if (global.length !== layers) throw new ConfigError(`${where}: expected a kind of attention for each of ${layers} layers, got ${global.length}; one a layer`);
  return checkedHeads(where, config, { turns: true });
};

const rotation = ({ base, scaling, share = 1 }: ReturnType<typeof ropeValues>, where: string): Rotation => {
  if (share !== 1) throw new ConfigError(`${where}: expected heads that turn as a whole, got partial_rotary_factor ${share}; this is another model`);
  return { base, scaling };
};

/** Every so many layers one sees the whole text. */
export const globalLayers = (layers: number, every: number): boolean[] => Array.from({ length: layers }, (_, layer) => (layer + 1) % every === 0);

/**
 * Gemma 3 (arXiv:2503.19786), text only: norms before and after each part, layers with a sliding window between layers without, scaled embeddings. The scale stays √hidden in
 * float32, where reference implementations round it to the dtype of the weights.
 *
 * @throws ShapeError for inputs that do not fit the config or each other
 */
export const gemma3 = (config: Gemma3Config, inputs: CausalInputs): CausalModel =>
  causalModel('gemma3', config, inputs, () => {
    const { headDim, ffn, activation, epsilon, window } = config;
    const whole = { bias: biasOf(inputs), window: undefined, rotate: rotary(inputs.positions, { headDim, ...config.ropeGlobal }) };
    const near = { bias: biasOf(inputs, window), window, rotate: rotary(inputs.positions, { headDim, ...config.ropeLocal }) };
    const normalise = (name: string, x: Node): Node => rmsNorm(name, x, { epsilon, offset: config.normOffset });
    return {
      embed: (words) => mul(words, Math.sqrt(config.hidden)),
      block: (layer, stream, past, rows) => {
        const at = (site: BlockSite): string => blockSite(layer, site);
        const seen = named(at('attn.in'), normalise(`blocks.${layer}.norm1`, stream));
        const { out, keys, values } = causalAttention(`blocks.${layer}.attn`, seen, {
          ...config,
          ...(config.global[layer] ? whole : near),
          normalise,
          past,
          parts: inputs.parts,
          rows,
        });
        const mid = named(at('resid.mid'), add(atRows(stream, rows), named(at('attn.add'), normalise(`blocks.${layer}.attn.norm`, out))));
        const read = named(at('mlp.in'), normalise(`blocks.${layer}.norm2`, mid));
        const fed = gatedMlp(`blocks.${layer}.mlp`, read, { ffn, activation });
        return { stream: add(mid, named(at('mlp.add'), normalise(`blocks.${layer}.mlp.norm`, fed))), keys, values };
      },
      final: (stream) => normalise('final', stream),
    };
  });

const parts = {
  norm1: 'input_layernorm',
  'attn.q': 'self_attn.q_proj',
  'attn.k': 'self_attn.k_proj',
  'attn.v': 'self_attn.v_proj',
  'attn.qNorm': 'self_attn.q_norm',
  'attn.kNorm': 'self_attn.k_norm',
  'attn.out': 'self_attn.o_proj',
  'attn.norm': 'post_attention_layernorm',
  norm2: 'pre_feedforward_layernorm',
  'mlp.gate': 'mlp.gate_proj',
  'mlp.up': 'mlp.up_proj',
  'mlp.down': 'mlp.down_proj',
  'mlp.norm': 'post_feedforward_layernorm',
} as const;

/** Our parameter name → names under which a Hugging Face file may hold it, the likelier first. */
export const gemma3WeightNames = ({ layers }: Gemma3Config): ReadonlyMap<string, readonly string[]> =>
  weightNames(layers, parts, { 'embed.word': 'embed_tokens', final: 'norm' }, (theirs) => [`model.${theirs}`, theirs]).set('logits.weight', ['lm_head.weight']);
