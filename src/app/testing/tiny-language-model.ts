import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameOf } from '../../core/index.ts';
import { writeSafetensors } from '../../formats/index.ts';
import { uniformAt } from '../../generate/random.ts';
import { causalMember } from '../../models/index.ts';
import { causalInputs } from '../../nn/index.ts';

export const tinyConfig = {
  model_type: 'llama',
  vocab_size: 264,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 64,
  hidden_act: 'silu',
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  rope_theta: 10_000,
};
const specials = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

/** The printable character that stands for a byte in byte-level tokenizers. */
const letterOf = (byte: number): string => {
  const plain = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  if (plain(byte)) return String.fromCodePoint(byte);
  let before = 0;
  for (let b = 0; b < byte; b++) if (!plain(b)) before++;
  return String.fromCodePoint(256 + before);
};

/** Writes a model folder as Hugging Face has it: a Llama of random weights, a tokenizer whose tokens are the bytes and the `words`, a chat template. */
export const writeTinyModel = async (
  folder: string,
  {
    template = true,
    words = [],
    vocab = tinyConfig.vocab_size + words.length,
    context = tinyConfig.max_position_embeddings,
  }: { readonly template?: boolean | string; readonly words?: readonly string[]; readonly vocab?: number; readonly context?: number } = {},
): Promise<string> => {
  await mkdir(folder, { recursive: true });
  const config = { ...tinyConfig, vocab_size: vocab, max_position_embeddings: context };
  const member = causalMember(config);
  const { parameters } = member.build(causalInputs(member.config));
  const weights = parameters.map((node, k) => {
    const shape = node.shape as readonly number[];
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (shape.length === 1 ? 1 : 2.5 * (uniformAt(k + 1, i) - 0.5)));
    return [member.weightNames.get(nameOf(node))![0]!, { dtype: 'float32' as const, shape, data }] as const;
  });
  await writeSafetensors(join(folder, 'model.safetensors'), Object.fromEntries(weights));
  const json = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value));
  await json('config.json', config);
  await json('tokenizer.json', {
    version: '1.0',
    added_tokens: [...specials, ...words].map((content, i) => ({
      id: 256 + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: i < specials.length,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', vocab: Object.fromEntries(Array.from({ length: 256 }, (_, byte) => [letterOf(byte), byte])), merges: [] },
  });
  await json('tokenizer_config.json', {
    eos_token: '<|im_end|>',
    ...(template && {
      chat_template:
        typeof template === 'string'
          ? template
          : "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    }),
  });
  return folder;
};
