import { z } from 'zod';
import { factorKey } from './config.ts';
import { checkedGemma3, type Gemma3Config, globalLayers } from './gemma3.ts';
import { type GgufOptions, ggufKeys, ggufOutside, ggufParts, ggufScaling, headDimOf, parseGguf, size, type TensorNames, vocabOf } from './gguf-config.ts';
import { weightNames } from './weights.ts';

const schema = z.strictObject({
  ...ggufKeys,
  'attention.key_length': size,
  'attention.sliding_window': size,
  'attention.sliding_window_pattern': z.union([size, z.array(z.boolean())]).optional(),
  'rope.freq_base_swa': factorKey.optional(),
});

/** Values of `general.architecture` that are read here. */
export const gemma3Architectures: readonly string[] = ['gemma3'];

/**
 * The config of a Gemma 3 text model from the metadata of its GGUF file. Where metadata is silent it is as all published models have it: every sixth layer sees the whole text, the others turn
 * with base 10 000, and products are scaled by 1 / √headDim, but by 1 / √(hidden / heads) in the model of 62 layers.
 *
 * @param tensors  names of the file's tensors: they say whether the head is tied
 * @throws ConfigError naming every key that does not fit
 */
export const gemma3ConfigFromGguf = (metadata: ReadonlyMap<string, unknown>, tensors: TensorNames, options: GgufOptions = {}): Gemma3Config => {
  const { where = 'gguf' } = options;
  const { keys } = parseGguf(metadata, { gemma3: schema }, { where, see: 'src/models/gemma3-gguf.ts' });
  const layers = keys.block_count;
  const headDim = headDimOf(keys, where);
  const [hidden, heads] = [keys.embedding_length, keys['attention.head_count']];
  const every = keys['attention.sliding_window_pattern'] ?? 6;
  return checkedGemma3(where, {
    vocab: vocabOf(metadata, keys, where),
    hidden,
    layers,
    heads,
    kvHeads: keys['attention.head_count_kv'] ?? heads,
    headDim,
    positions: keys.context_length,
    tied: !tensors.has('output.weight'),
    ffn: keys.feed_forward_length,
    activation: 'geluTanh',
    epsilon: keys['attention.layer_norm_rms_epsilon'],
    scale: (layers === 62 ? hidden / heads : headDim) ** -0.5,
    ropeGlobal: { base: keys['rope.freq_base'] ?? 1_000_000, scaling: ggufScaling(keys, tensors, options) },
    ropeLocal: { base: keys['rope.freq_base_swa'] ?? 10_000, scaling: undefined },
    window: keys['attention.sliding_window'],
    // The list says which layers have a window.
    global: typeof every === 'number' ? globalLayers(layers, every) : every.map((windowed) => !windowed),
    normOffset: 0,
  });
};

/** Our parameter name → its name in a GGUF file. */
export const gemma3GgufNames = ({ layers }: Gemma3Config): ReadonlyMap<string, readonly string[]> =>
  weightNames(layers, { ...ggufParts, 'attn.norm': 'post_attention_norm', 'mlp.norm': 'post_ffw_norm' }, ggufOutside, (theirs) => [theirs], 'blk');
