import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, NotFoundError } from '../../core/index.ts';
import {
  type CausalTokenizer,
  type ChatMessage,
  openCausalTokenizer,
  renderChat,
  tokenizerFromGguf,
  tokenizerFromPieces,
  unnamedIds,
} from '../../formats/index.ts';
import type { CausalFiles } from '../../models/index.ts';
import { fileError } from '../file-error.ts';

/** What turns conversations and texts into tokens and back. */
export interface TextTools {
  readonly tokenizer: CausalTokenizer;
  readonly chatTemplate: string | undefined;
}

/** What fits a model. */
export interface FittingTools extends TextTools {
  /** Ids of the model that no token has: never to be drawn. */
  readonly unnamed: readonly number[];
}

/**
 * The tokenizer and chat template that a model's own files bring, else our own template.
 *
 * @param vocab  rows of the model's table of words; without it the tokenizer is held against nothing
 * @throws NotFoundError, FormatError, UnsupportedError · ConfigError where the tokenizer is not for so many rows
 */
export const openTextTools = async (files: CausalFiles, ours: string | undefined, vocab?: number): Promise<FittingTools> => {
  const tools = await ownTools(files, ours, vocab);
  return { ...tools, unnamed: vocab === undefined ? [] : unnamedIds(tools.tokenizer, vocab, tools.where) };
};

const ownTools = async (files: CausalFiles, ours: string | undefined, vocab: number | undefined): Promise<TextTools & { readonly where: string }> => {
  if (files.kind === 'gguf') {
    const { metadata, path } = files.gguf;
    const template = metadata.get('tokenizer.chat_template');
    const where = `gguf ${path} tokenizer`;
    return { where, tokenizer: tokenizerFromGguf(metadata, { where }), chatTemplate: typeof template === 'string' ? template : ours };
  }
  if (files.kind === 'llama2c') {
    const { tokenizer, path } = files.checkpoint;
    if (!tokenizer) throw new NotFoundError(`llama2.c ${path}: expected a tokenizer behind the weights, got none; append tokenizer.bin to the file`);
    const where = `llama2.c ${path} tokenizer`;
    return { where, tokenizer: tokenizerFromPieces(tokenizer, where), chatTemplate: ours };
  }
  const { folder } = files;
  const [config, generation] = [await optionalJson(join(folder, 'tokenizer_config.json')), await optionalJson(join(folder, 'generation_config.json'))];
  const eos = [generation['eos_token_id'] ?? []].flat() as number[];
  const found = (await optionalText(join(folder, 'chat_template.jinja'))) ?? templateOf(config['chat_template']);
  const chatTemplate = found ?? ours;
  const tokenizer = await openCausalTokenizer(join(folder, 'tokenizer.json'), {
    config,
    eos,
    ...(vocab !== undefined && { vocab }),
    ...(chatTemplate !== undefined && { template: chatTemplate }),
  });
  return { where: `tokenizer ${join(folder, 'tokenizer.json')}`, tokenizer, chatTemplate };
};

const optionalText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
};

/** An object in a file that may be missing. */
const optionalJson = async (path: string): Promise<Record<string, unknown>> => {
  const text = await optionalText(path);
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${path}: expected JSON, got ${(error as Error).message}; fetch the model again`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new FormatError(`${path}: expected a JSON object, got ${text.slice(0, 40)}; fetch the model again`);
};

/** A template, or of several by name the one called `default`. */
const templateOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  const named = Array.isArray(value) ? (value as readonly ({ readonly name?: unknown; readonly template?: unknown } | null)[]) : [];
  const found = named.find((one) => one?.name === 'default')?.template;
  return typeof found === 'string' ? found : undefined;
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
