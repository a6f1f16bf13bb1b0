import { z } from 'zod';
import { checkedHeads } from './causal.ts';
import {
  type GgufKeys,
  type GgufOptions,
  ggufKeys,
  ggufOutside,
  ggufParts,
  ggufScaling,
  headDimOf,
  parseGguf,
  size,
  type TensorNames,
  vocabOf,
} from './gguf-config.ts';
import type { LlamaConfig } from './llama.ts';
import { weightNames } from './weights.ts';

const none = z.union([z.literal(0), z.literal(0n)]).optional();

const schemas: Readonly<Record<string, z.ZodType<GgufKeys>>> = {
  // Mixtures of experts go by the same name.
  llama: z.strictObject({ ...ggufKeys, expert_count: none, expert_used_count: none }),
  qwen2: z.strictObject(ggufKeys),
  qwen3: z.strictObject({ ...ggufKeys, 'attention.key_length': size }),
};

/** Values of `general.architecture` that are read here. */
export const llamaArchitectures: readonly string[] = Object.keys(schemas);

/**
 * The config of a Llama, Mistral, SmolLM2, Qwen2 or Qwen3 model from the metadata of its GGUF file. Files of the architecture llama keep the rows of q and k in the order of
 * interleaved rotary embeddings, and the config says so: nothing is put back, and an adapter trained on such a file belongs to that order.
 *
 * @param tensors  names of the file's tensors: they say whether the head is tied and where there are biases
 * @throws ConfigError naming every key that does not fit
 */
export const llamaConfigFromGguf = (metadata: ReadonlyMap<string, unknown>, tensors: TensorNames, options: GgufOptions = {}): LlamaConfig => {
  const { where = 'gguf' } = options;
  const { architecture, keys } = parseGguf(metadata, schemas, { where, see: 'src/models/llama-gguf.ts' });
  const config: LlamaConfig = {
    vocab: vocabOf(metadata, keys, where),
    hidden: keys.embedding_length,
    layers: keys.block_count,
    heads: keys['attention.head_count'],
    kvHeads: keys['attention.head_count_kv'] ?? keys['attention.head_count'],
    headDim: headDimOf(keys, where),
    positions: keys.context_length,
    tied: !tensors.has('output.weight'),
    ffn: keys.feed_forward_length,
    activation: 'silu',
    epsilon: keys['attention.layer_norm_rms_epsilon'],
    ropeBase: keys['rope.freq_base'] ?? 10_000,
    ropeScaling: ggufScaling(keys, tensors, options),
    rope: architecture === 'llama' ? 'interleaved' : 'half',
    biases: { qkv: tensors.has('blk.0.attn_q.bias'), out: tensors.has('blk.0.attn_output.bias'), mlp: tensors.has('blk.0.ffn_up.bias') },
    qkNorm: tensors.has('blk.0.attn_q_norm.weight'),
    window: undefined,
  };
  return checkedHeads(where, config, { turns: true });
};

/** Our parameter name → its name in a GGUF file. */
export const llamaGgufNames = ({ layers }: LlamaConfig): ReadonlyMap<string, readonly string[]> =>
  weightNames(layers, ggufParts, ggufOutside, (theirs) => [theirs], 'blk');
