import { z } from 'zod';
import { ConfigError, FormatError, UnsupportedError } from '../../core/index.ts';
import { bounded } from '../bounded.ts';
import { rankedPairs } from './byte-pairs-model.ts';
import { assembleTokenizer, type CausalTokenizer } from './tokenizer-causal.ts';
import { readDecoder, readProcessor } from './tokenizer-ends.ts';
import { hasForeignPatterns, readTokenizerFile, type TokenizerFile } from './tokenizer-file.ts';
import { makeNormalizer } from './tokenizer-normalizer.ts';
import { makeSplitter } from './tokenizer-splitter.ts';

export interface CausalOptions {
  /** What `tokenizer_config.json` says, for the begin and end tokens; other keys are not read. */
  readonly config?: object;
  /** More end tokens, as ids or spelt: `eos_token_id` of `generation_config.json`. */
  readonly eos?: readonly (number | string)[];
  /** Rows of the model's table of words. Added tokens beyond it (for pictures, say, in the tokenizer of a model of texts) are left out: they are plain text to it. Default: as many as there are tokens. */
  readonly vocab?: number;
  /** The model's chat template: added tokens that it writes are not left out but refused, as are those that `config` and `eos` name. */
  readonly template?: string;
  /** Longest a call may take for each Mi of characters, where the file brings regular expressions of its own (default 2000). */
  readonly timeoutMs?: number;
}

const named = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const configSchema = z.looseObject({ bos_token: named, eos_token: named });

/**
 * Opens a `tokenizer.json` with byte-pair encoding, by bytes (GPT-2, Llama 3, Qwen, SmolLM) or by SentencePiece (Llama 2, Gemma), for a model that continues text. Ids equal the reference
 * implementation's (Hugging Face tokenizers). Decoding differs from it in two things: an added token always decodes to its own spelling, and bytes that are no UTF-8 read by the WHATWG rule everywhere.
 *
 * @param source  a path, or what the file's JSON says
 * @throws FormatError where the file is not what the format says, or an end token is not among the tokens · ConfigError where the chat template or the configuration names a token beyond `vocab` · UnsupportedError for models and parts that are not known here
 */
export const openCausalTokenizer = async (
  source: string | object,
  { config, eos = [], vocab, template, timeoutMs = 2000 }: CausalOptions = {},
): Promise<CausalTokenizer> => {
  const where = typeof source === 'string' ? `tokenizer ${source}` : 'tokenizer';
  const file = await readTokenizerFile(source);
  const tokenizer = assemble(
    vocab === undefined ? file : withinRows(file, vocab, { eos, ...(config && { config }), ...(template !== undefined && { template }) }, where),
    { config, eos },
    where,
  );
  if (!hasForeignPatterns(file)) return tokenizer;
  const guarded = <T>(text: string, work: () => T): T => bounded(work, timeoutMs * Math.max(1, Math.ceil(text.length / 2 ** 20)), where);
  return {
    ...tokenizer,
    encode: (text, options) => guarded(text, () => tokenizer.encode(text, options)),
    encodeWithOffsets: (text, options) => guarded(text, () => tokenizer.encodeWithOffsets(text, options)),
  };
};

/** The file without added tokens beyond the rows of the model. @throws ConfigError where one of them is needed */
const withinRows = (file: TokenizerFile, rows: number, { template = '', config, eos = [] }: CausalOptions, where: string): TokenizerFile => {
  const beyond = file.added_tokens.filter(({ id }) => id >= rows);
  if (beyond.length === 0) return file;
  const { bos_token: bos, eos_token: end } = (config ?? {}) as { readonly bos_token?: unknown; readonly eos_token?: unknown };
  const ends: readonly unknown[] = [...[bos, end].map((token) => (token as { content?: unknown } | null | undefined)?.content ?? token), ...eos];
  const needed = beyond.find(({ id, content }) => (content !== '' && template.includes(content)) || ends.includes(content) || ends.includes(id));
  if (needed)
    throw new ConfigError(
      `${where}: expected tokens below ${rows}, the rows of the model, got ${JSON.stringify(needed.content.slice(0, 40))} with ${needed.id}, which its chat template or configuration names; tokenizer and weights are of two models, fetch both from one place`,
    );
  const names = new Set(beyond.map(({ content }) => content));
  const vocab = Object.fromEntries(Object.entries(file.model.vocab).filter(([token]) => !names.has(token)));
  return { ...file, added_tokens: file.added_tokens.filter(({ id }) => id < rows), model: { ...file.model, vocab } };
};

const assemble = (file: TokenizerFile, { config, eos }: { config: object | undefined; eos: readonly (number | string)[] }, where: string): CausalTokenizer => {
  const { model, added_tokens: added } = file;
  if (model.type !== 'BPE')
    throw new UnsupportedError(`${where}: expected a model of type BPE, got ${model.type}; models that continue text have no other here`);
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix', 'dropout'] as const)
    if (model[key]) throw new UnsupportedError(`${where}: expected no ${key}, got ${JSON.stringify(model[key])}; use a model with a plainer tokenizer`);
  const vocab = new Map(Object.entries(model.vocab));
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of vocab) tokens[id] = token;
  const idOf = (token: string): number | undefined => added.find(({ content }) => content === token)?.id ?? vocab.get(token);
  const bytes = model.byte_fallback ? byteTokens(vocab) : undefined;
  const unknown = typeof model.unk_token === 'string' ? vocab.get(model.unk_token) : undefined;
  const splitter = makeSplitter(file.pre_tokenizer, where);
  const isToken = (id: number): boolean => tokens[id] !== undefined || added.some((token) => token.id === id);
  const { bos, end } = endsOf(config, eos, idOf, isToken, where);
  const processor = readProcessor(file.post_processor, where);
  const { bytesOf, stripFirstSpace } = readDecoder(file.decoder, file.pre_tokenizer, where);
  return assembleTokenizer({
    where,
    tokens,
    added,
    normalise: makeNormalizer(file.normalizer, where),
    splitter,
    model: rankedPairs(vocab, model.merges.map(asPair(where)), { whole: model.ignore_merges === true, bytes, unknown, fuse: model.fuse_unk === true }, where),
    ...processor,
    bytesOf,
    stripFirstSpace,
    bos: bos ?? (processor.before.length === 1 ? processor.before[0] : undefined),
    eos: end,
  });
};

/** Ids of `<0x00>` to `<0xFF>`. */
export const byteTokens = (vocab: ReadonlyMap<string, number>): (number | undefined)[] =>
  Array.from({ length: 256 }, (_, byte) => vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));

const asPair =
  (where: string) =>
  (merge: string | readonly [string, string]): readonly [string, string] => {
    if (typeof merge !== 'string') return merge;
    const parts = merge.split(' ');
    if (parts.length !== 2)
      throw new FormatError(`${where}: expected merges of two tokens with a space between, got ${JSON.stringify(merge.slice(0, 80))}; fetch it again`);
    return parts as unknown as readonly [string, string];
  };

const endsOf = (
  config: object | undefined,
  eos: readonly (number | string)[],
  idOf: (token: string) => number | undefined,
  isToken: (id: number) => boolean,
  where: string,
): { bos: number | undefined; end: number[] } => {
  const parsed = configSchema.safeParse(config ?? {});
  if (!parsed.success)
    throw new FormatError(
      `${where}: expected a tokenizer_config.json, got at ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}; fetch it again`,
    );
  const require = (token: string): number => {
    const id = idOf(token);
    if (id === undefined)
      throw new FormatError(`${where}: expected ${JSON.stringify(token.slice(0, 40))} among the tokens, got none; fetch tokenizer and configuration together`);
    return id;
  };
  const spelt = (token: z.output<typeof named>): string[] => (token ? [typeof token === 'string' ? token : token.content] : []);
  const odd = eos.findIndex((id) => typeof id !== 'string' && !(typeof id === 'number' && isToken(id)));
  if (odd >= 0)
    throw new FormatError(
      `${where}: expected end tokens of the tokenizer, got ${typeof eos[odd] === 'number' ? eos[odd] : eos[odd] === null ? null : typeof eos[odd]}; fetch tokenizer and generation_config.json together`,
    );
  const [bos] = spelt(parsed.data.bos_token).map(require);
  return { bos, end: [...spelt(parsed.data.eos_token), ...eos].map((token) => (typeof token === 'number' ? token : require(token))) };
};
