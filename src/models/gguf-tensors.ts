// A model as a GGUF file has it: the reverse of `llama-gguf.ts` and `gemma3-gguf.ts`.
import { nameOf, UnsupportedError } from '../core/index.ts';
import type { GgufEntry } from '../formats/index.ts';
import { rotaryFrequencies } from '../nn/index.ts';
import { arrange } from './arrange.ts';
import type { CausalSource } from './causal-source.ts';
import type { Gemma3Config } from './gemma3.ts';
import { gemma3GgufNames } from './gemma3-gguf.ts';
import type { HubTensor } from './hub-tensors.ts';
import { type LlamaConfig, llamaInterleaved } from './llama.ts';
import { llamaGgufNames } from './llama-gguf.ts';
import type { Arrangements } from './weights.ts';

const architectures: Readonly<Record<string, string>> = {
  llama: 'llama',
  mistral: 'llama',
  qwen2: 'qwen2',
  qwen3: 'qwen3',
  gemma3_text: 'gemma3',
  gemma3: 'gemma3',
};

export interface GgufForm {
  /** Keys of the architecture; those of the tokenizer are not among them. */
  readonly metadata: ReadonlyMap<string, GgufEntry>;
  readonly tensors: readonly HubTensor[];
}

/** Keys and tensors of a GGUF file of a model. @throws UnsupportedError for families that such files are not written of, and for what they cannot say */
export const ggufForm = (source: CausalSource, where: string): GgufForm => {
  const architecture = architectures[source.family];
  if (!architecture)
    throw new UnsupportedError(
      `${where}: expected a model of ${Object.keys(architectures).join(', ')}, got ${source.family}; GGUF files of others are not written, convert it to a Hugging Face folder or to ONNX`,
    );
  const config = source.member.config as LlamaConfig | Gemma3Config;
  const gemma = architecture === 'gemma3' ? (config as Gemma3Config) : undefined;
  const llama = gemma ? undefined : (config as LlamaConfig);
  if (llama?.window !== undefined)
    throw new UnsupportedError(
      `${where}: expected a model that sees its whole text, got a window of ${llama.window} tokens; GGUF has no word for it in this family`,
    );
  const { base, scaling } = gemma ? gemma.ropeGlobal : { base: llama!.ropeBase, scaling: llama!.ropeScaling };
  const metadata = new Map<string, GgufEntry>([['general.architecture', { type: 'string', value: architecture }]]);
  const count = (key: string, value: number): void => void metadata.set(`${architecture}.${key}`, { type: 'uint32', value });
  const real = (key: string, value: number): void => void metadata.set(`${architecture}.${key}`, { type: 'float32', value });
  count('block_count', config.layers);
  count('context_length', config.positions);
  count('embedding_length', config.hidden);
  count('feed_forward_length', config.ffn);
  count('vocab_size', config.vocab);
  count('attention.head_count', config.heads);
  count('attention.head_count_kv', config.kvHeads);
  count('attention.key_length', config.headDim);
  count('attention.value_length', config.headDim);
  if (llama) count('rope.dimension_count', config.headDim);
  real('attention.layer_norm_rms_epsilon', config.epsilon);
  real('rope.freq_base', base);
  if (scaling?.kind === 'linear') {
    metadata.set(`${architecture}.rope.scaling.type`, { type: 'string', value: 'linear' });
    real('rope.scaling.factor', scaling.factor);
  }
  if (gemma) gemmaKeys(gemma, count, where);
  const names = gemma ? gemma3GgufNames(gemma) : llamaGgufNames(llama!);
  const turned: Arrangements = architecture === 'llama' && llama!.rope === 'half' ? llamaInterleaved({ ...llama!, rope: 'interleaved' }) : new Map();
  const normShift = gemma ? gemma.normOffset : 0;
  const tensors = source.parameters.map((node): HubTensor => {
    const parameter = nameOf(node);
    const shape = node.shape as readonly number[];
    const how = turned.get(parameter);
    return {
      name: names.get(parameter)![0]!,
      shape,
      stored: source.stored(parameter),
      async read() {
        const values = await source.values(parameter);
        if (how) return arrange(values, how);
        return normShift !== 0 && shape.length === 1 ? values.map((value) => value + normShift) : values;
      },
    };
  });
  if (scaling && scaling.kind !== 'linear') tensors.push(factorsTensor(base, config.headDim, rotaryFrequencies(config.headDim, base, scaling)));
  return { metadata, tensors };
};

const gemmaKeys = (
  { window, global, ropeLocal, scale, headDim, hidden, heads, layers }: Gemma3Config,
  count: (key: string, value: number) => void,
  where: string,
): void => {
  const every = global.indexOf(true) + 1;
  const known = (layers === 62 ? hidden / heads : headDim) ** -0.5;
  if (every === 0 || global.some((whole, layer) => whole !== ((layer + 1) % every === 0)) || ropeLocal.base !== 10_000 || Math.abs(scale / known - 1) > 1e-6)
    throw new UnsupportedError(
      `${where}: expected a Gemma 3 as published (whole layers at equal distances, local base 10 000, products scaled by the length of a head), got another; GGUF cannot say it`,
    );
  count('attention.sliding_window', window);
  count('attention.sliding_window_pattern', every);
};

/** Frequencies that are changed pair by pair are divided by a tensor of factors. */
const factorsTensor = (base: number, headDim: number, wanted: readonly number[]): HubTensor => {
  const factors = Float32Array.from(rotaryFrequencies(headDim, base), (plain, i) => plain / wanted[i]!);
  return { name: 'rope_freqs.weight', shape: [factors.length], stored: 'F32', read: async () => factors };
};
