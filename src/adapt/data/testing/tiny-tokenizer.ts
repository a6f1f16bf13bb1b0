// A tokenizer whose tokens are the bytes and a few specials, and the template that goes with it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTinyModel } from '../../../app/testing/tiny-language-model.ts';
import { type CausalTokenizer, openCausalTokenizer } from '../../../formats/index.ts';

export const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
/** Ids of `<|endoftext|>`, `<|im_start|>`, `<|im_end|>`. */
export const [endOfText, turnStart, turnEnd] = [256, 257, 258];

/** Bytes as ids, `<|im_end|>` as the end of a turn and `<|endoftext|>` as that of a text. */
export const tinyTokenizer = async (): Promise<CausalTokenizer> => {
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-tokenizer-'));
  try {
    await writeTinyModel(folder);
    return await openCausalTokenizer(join(folder, 'tokenizer.json'), { config: { eos_token: '<|im_end|>' }, eos: [turnEnd, endOfText] });
  } finally {
    await rm(folder, { recursive: true });
  }
};
