// A config as the `config.json` of a Hugging Face folder, for models that come from files of another format.
import { UnsupportedError } from '../core/index.ts';
import { type RotaryScaling, rotaryFrequencies } from '../nn/index.ts';
import type { CausalConfig } from './causal.ts';
import type { Gemma3Config } from './gemma3.ts';
import type { LlamaConfig } from './llama.ts';

/** The shortest decimal that is the same float32: GGUF keeps numbers so. */
const plain = (value: number): number => {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
};

const classes: Readonly<Record<string, string>> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
  gemma3: 'Gemma3ForCausalLM',
};

/**
 * @param architecture  GGUF's name of the family
 * @throws UnsupportedError where a config.json has no word for it
 */
export const hubConfigOf = (architecture: string, config: CausalConfig, where: string): Record<string, unknown> => ({
  architectures: [classes[architecture]],
  vocab_size: config.vocab,
  hidden_size: config.hidden,
  num_hidden_layers: config.layers,
  num_attention_heads: config.heads,
  num_key_value_heads: config.kvHeads,
  head_dim: config.headDim,
  max_position_embeddings: config.positions,
  tie_word_embeddings: config.tied,
  ...(architecture === 'gemma3' ? gemma3Keys(config as Gemma3Config, where) : llamaKeys(architecture, config as LlamaConfig, where)),
});

const llamaKeys = (architecture: string, config: LlamaConfig, where: string): Record<string, unknown> => {
  const { biases } = config;
  if (architecture === 'llama' && (config.qkNorm || biases.qkv !== biases.out))
    throw new UnsupportedError(`${where}: expected a Llama with biases on all linears of attention or on none, got some; a config.json has no word for it`);
  return {
    model_type: architecture,
    intermediate_size: config.ffn,
    hidden_act: 'silu',
    rms_norm_eps: plain(config.epsilon),
    rope_theta: plain(config.ropeBase),
    rope_scaling: scalingKeys(config.ropeScaling, config, where),
    ...(architecture === 'llama' && { attention_bias: biases.qkv, mlp_bias: biases.mlp }),
    ...(architecture === 'qwen2' && { use_sliding_window: false }),
    ...(architecture === 'qwen3' && { attention_bias: biases.qkv, use_sliding_window: false }),
  };
};

const gemma3Keys = (config: Gemma3Config, where: string): Record<string, unknown> => ({
  model_type: 'gemma3_text',
  intermediate_size: config.ffn,
  hidden_activation: 'gelu_pytorch_tanh',
  rms_norm_eps: plain(config.epsilon),
  query_pre_attn_scalar: Math.round(config.scale ** -2),
  sliding_window: config.window,
  layer_types: config.global.map((whole) => (whole ? 'full_attention' : 'sliding_attention')),
  rope_theta: plain(config.ropeGlobal.base),
  rope_local_base_freq: plain(config.ropeLocal.base),
  rope_scaling: scalingKeys(config.ropeGlobal.scaling, { headDim: config.headDim, ropeBase: config.ropeGlobal.base }, where),
});

const scalingKeys = (
  scaling: RotaryScaling | undefined,
  { headDim, ropeBase }: { readonly headDim: number; readonly ropeBase: number },
  where: string,
): Record<string, unknown> | null => {
  if (!scaling) return null;
  if (scaling.kind === 'linear') return { rope_type: 'linear', factor: plain(scaling.factor) };
  const found = scaling.kind === 'llama3' ? scaling : knownLlama3(scaling.factors, headDim, ropeBase);
  if (!found) throw new UnsupportedError(`${where}: expected factors of rotary embeddings as Llama 3 has them, got others; a config.json has no word for them`);
  const { factor, low, high, positions } = found;
  return { rope_type: 'llama3', factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: positions };
};

/** GGUF keeps what follows from four numbers pair by pair: the published ones that give the same. */
const knownLlama3 = (factors: readonly number[], headDim: number, base: number): Extract<RotaryScaling, { kind: 'llama3' }> | undefined => {
  const frequencies = rotaryFrequencies(headDim, base);
  return [8, 32]
    .map((factor) => ({ kind: 'llama3' as const, factor, low: 1, high: 4, positions: 8192 }))
    .find((scaling) => rotaryFrequencies(headDim, base, scaling).every((f, i) => Math.abs(frequencies[i]! / factors[i]! / f - 1) < 1e-5));
};
