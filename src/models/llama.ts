// Llama and the models that differ from it in a few switches: Mistral, SmolLM2, TinyLlama, Qwen2, Qwen3.
import { z } from 'zod';
import { add, ConfigError, type Node, named } from '../core/index.ts';
import {
  type Activation,
  atRows,
  type BlockSite,
  biasOf,
  blockSite,
  type CausalInputs,
  causalAttention,
  gatedMlp,
  type RotaryForm,
  type RotaryScaling,
  rmsNorm,
  rotary,
} from '../nn/index.ts';
import type { Arrangement } from './arrange.ts';
import { type CausalConfig, type CausalModel, causalModel, checkedHeads } from './causal.ts';
import { activationKey, count, epsilonKey, parseConfig } from './config.ts';
import { ropeKeys, ropeValues } from './rope-config.ts';
import { type Arrangements, weightNames } from './weights.ts';

export interface LlamaConfig extends CausalConfig {
  readonly ffn: number;
  readonly activation: Activation;
  readonly epsilon: number;
  readonly ropeBase: number;
  readonly ropeScaling: RotaryScaling | undefined;
  /** 'half' for Hugging Face files; 'interleaved' for GGUF files of the architecture llama, whose rows of q and k lie in that order. */
  readonly rope: RotaryForm;
  readonly biases: { readonly qkv: boolean; readonly out: boolean; readonly mlp: boolean };
  /** Queries and keys are normalised head by head (Qwen3). */
  readonly qkNorm: boolean;
  /** A token sees itself and the window − 1 before it (Mistral 0.1); undefined: all before it. */
  readonly window: number | undefined;
}

const ignored = {
  attention_dropout: 'training only; our training states its own',
  pretraining_tp: 'how the products were split among machines',
  is_llama_config: 'of a converter',
  max_window_layers: 'of sliding windows, which are refused where it matters',
} as const;

const base = {
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count.max(1000),
  num_attention_heads: count,
  num_key_value_heads: count,
  head_dim: count.nullable().optional(),
  intermediate_size: count,
  hidden_act: activationKey,
  max_position_embeddings: count,
  rms_norm_eps: epsilonKey,
  tie_word_embeddings: z.boolean().default(false),
  ...ropeKeys,
};

const allFull = z.array(z.literal('full_attention')).nullable().optional();
// Qwen files name a window that only use_sliding_window switches on.
const noWindow = { use_sliding_window: z.literal(false).optional(), sliding_window: z.number().nullable().optional(), layer_types: allFull };

const schemas = {
  llama: z.strictObject({
    ...base,
    num_key_value_heads: count.nullable().optional(),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    rope_interleaved: z.literal(false).optional(),
  }),
  mistral: z.strictObject({ ...base, sliding_window: count.nullable() }),
  qwen2: z.strictObject({ ...base, ...noWindow, use_mrope: z.literal(false).optional() }),
  qwen3: z.strictObject({ ...base, ...noWindow, head_dim: count, attention_bias: z.boolean().default(false) }),
} as const;

type Parsed = z.infer<typeof schemas.llama> & { sliding_window?: number | null | undefined };

/** Values of `model_type` that are read here. */
export const llamaTypes = Object.keys(schemas) as readonly (keyof typeof schemas)[];

/**
 * Reads the `config.json` of a Llama, Mistral, Qwen2 or Qwen3 model.
 *
 * @throws ConfigError naming every key that does not fit; rotary scaling other than linear and llama3, and windows in Qwen models, are refused
 */
export const llamaConfig = (json: unknown, where = 'config.json'): LlamaConfig => {
  const type = (json as { model_type?: keyof typeof schemas } | null)?.model_type ?? 'llama';
  const c = parseConfig<Parsed>(json, {
    where,
    what: `a ${type} model`,
    types: llamaTypes,
    ignored,
    schema: (Object.hasOwn(schemas, type) ? schemas[type] : schemas.llama) as z.ZodType<Parsed>,
    see: 'src/models/llama.ts',
  });
  const { base, scaling, share } = ropeValues(where, c, 10_000);
  if ((share ?? 1) !== 1) throw new ConfigError(`${where}: expected heads that turn as a whole, got partial_rotary_factor ${share}; this is another model`);
  const heads = c.num_attention_heads;
  const config: LlamaConfig = {
    vocab: c.vocab_size,
    hidden: c.hidden_size,
    layers: c.num_hidden_layers,
    heads,
    kvHeads: c.num_key_value_heads ?? heads,
    headDim: c.head_dim ?? c.hidden_size / heads,
    positions: c.max_position_embeddings,
    tied: c.tie_word_embeddings,
    ffn: c.intermediate_size,
    activation: c.hidden_act,
    epsilon: c.rms_norm_eps,
    ropeBase: base,
    ropeScaling: scaling,
    rope: 'half',
    biases: { qkv: type === 'qwen2' || (c.attention_bias ?? false), out: c.attention_bias ?? false, mlp: c.mlp_bias ?? false },
    qkNorm: type === 'qwen3',
    window: type === 'mistral' ? (c.sliding_window ?? undefined) : undefined,
  };
  return checkedHeads(where, config, { turns: true });
};

/**
 * Llama (arXiv:2302.13971) and its relatives: norms before each part, grouped queries, rotary positions, a gated feed-forward part.
 *
 * @throws ShapeError for inputs that do not fit the config or each other
 */
export const llama = (config: LlamaConfig, inputs: CausalInputs): CausalModel =>
  causalModel('llama', config, inputs, () => {
    const { headDim, ffn, activation, epsilon, biases } = config;
    const rotate = rotary(inputs.positions, { headDim, base: config.ropeBase, scaling: config.ropeScaling, form: config.rope });
    const bias = biasOf(inputs, config.window);
    const normalise = (name: string, x: Node): Node => rmsNorm(name, x, { epsilon });
    return {
      block: (layer, stream, past, rows) => {
        const at = (site: BlockSite): string => blockSite(layer, site);
        const seen = named(at('attn.in'), normalise(`blocks.${layer}.norm1`, stream));
        const qkNorm = config.qkNorm ? normalise : undefined;
        const { out, keys, values } = causalAttention(`blocks.${layer}.attn`, seen, {
          ...config,
          bias,
          rotate,
          normalise: qkNorm,
          past,
          parts: inputs.parts,
          rows,
        });
        const mid = named(at('resid.mid'), add(atRows(stream, rows), out));
        const read = named(at('mlp.in'), normalise(`blocks.${layer}.norm2`, mid));
        return { stream: add(mid, gatedMlp(`blocks.${layer}.mlp`, read, { ffn, activation, bias: biases.mlp })), keys, values };
      },
      final: (stream) => normalise('final', stream),
    };
  });

/** Our names of the linears and norms of a block, and those of Hugging Face files. */
const parts = {
  norm1: 'input_layernorm',
  'attn.q': 'self_attn.q_proj',
  'attn.k': 'self_attn.k_proj',
  'attn.v': 'self_attn.v_proj',
  'attn.qNorm': 'self_attn.q_norm',
  'attn.kNorm': 'self_attn.k_norm',
  'attn.out': 'self_attn.o_proj',
  norm2: 'post_attention_layernorm',
  'mlp.gate': 'mlp.gate_proj',
  'mlp.up': 'mlp.up_proj',
  'mlp.down': 'mlp.down_proj',
} as const;

/** Our parameter name → names under which a Hugging Face file may hold it, the likelier first. */
export const llamaWeightNames = ({ layers }: LlamaConfig): ReadonlyMap<string, readonly string[]> =>
  weightNames(layers, parts, { 'embed.word': 'embed_tokens', final: 'norm' }, (theirs) => [`model.${theirs}`, theirs]).set('logits.weight', ['lm_head.weight']);

/** How q and k, turned in the interleaved form, lie in Hugging Face files, which keep the rows of a head in halves. */
export const llamaInterleaved = ({ layers, heads, kvHeads, headDim, hidden, rope }: LlamaConfig): Arrangements => {
  const arranged = new Map<string, Arrangement>();
  if (rope === 'half') return arranged;
  for (let layer = 0; layer < layers; layer++)
    for (const [part, count] of [
      ['q', heads],
      ['k', kvHeads],
    ] as const) {
      const halves = [count, 2, headDim / 2];
      arranged.set(`blocks.${layer}.attn.${part}.weight`, { stored: [count * headDim, hidden], view: [...halves, hidden], order: [0, 2, 1, 3] });
      arranged.set(`blocks.${layer}.attn.${part}.bias`, { stored: [count * headDim], view: halves, order: [0, 2, 1] });
    }
  return arranged;
};
