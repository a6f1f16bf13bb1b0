import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '../../core/index.ts';
import { type CausalTokenizer, type ChatMessage, openCausalTokenizer, renderChat, tokenizerFromGguf, tokenizerFromPieces } from '../../formats/index.ts';
import type { CausalFiles } from '../../models/index.ts';

/** What turns conversations and texts into tokens and back. */
export interface TextTools {
  readonly tokenizer: CausalTokenizer;
  readonly chatTemplate: string | undefined;
}

/** The tokenizer and chat template that a model's own files bring, else our own template. @throws NotFoundError, FormatError, UnsupportedError */
export const openTextTools = async (files: CausalFiles, ours: string | undefined): Promise<TextTools> => {
  if (files.kind === 'gguf') {
    const { metadata, path } = files.gguf;
    const template = metadata.get('tokenizer.chat_template');
    return { tokenizer: tokenizerFromGguf(metadata, { where: `gguf ${path} tokenizer` }), chatTemplate: typeof template === 'string' ? template : ours };
  }
  if (files.kind === 'llama2c') {
    const { tokenizer, path } = files.checkpoint;
    if (!tokenizer) throw new NotFoundError(`llama2.c ${path}: expected a tokenizer behind the weights, got none; append tokenizer.bin to the file`);
    return { tokenizer: tokenizerFromPieces(tokenizer, `llama2.c ${path} tokenizer`), chatTemplate: ours };
  }
  const { folder } = files;
  const optional = async (name: string): Promise<Record<string, unknown>> => {
    try {
      return JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw error;
    }
  };
  const [config, generation] = [await optional('tokenizer_config.json'), await optional('generation_config.json')];
  const eos = [generation.eos_token_id ?? []].flat() as number[];
  const template = config.chat_template;
  return {
    tokenizer: await openCausalTokenizer(join(folder, 'tokenizer.json'), { config, eos }),
    chatTemplate: typeof template === 'string' ? template : ours,
  };
};

/** A conversation as the model's template writes it, up to where the answer begins. @throws as `renderChat` */
export const chatText = (
  { tokenizer, chatTemplate }: { readonly tokenizer: CausalTokenizer; readonly chatTemplate: string },
  messages: readonly ChatMessage[],
  tools?: readonly object[],
): Promise<string> => {
  const spelt = (id: number | undefined): string => (id === undefined ? '' : (tokenizer.tokenOf(id) ?? ''));
  return renderChat(chatTemplate, {
    messages,
    ...(tools && { tools }),
    addGenerationPrompt: true,
    bosToken: spelt(tokenizer.bos),
    eosToken: spelt(tokenizer.eos[0]),
  });
};
