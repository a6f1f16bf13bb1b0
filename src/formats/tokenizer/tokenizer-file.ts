import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { FormatError, UnsupportedError } from '../../core/index.ts';

const fileLimitBytes = 128 * 2 ** 20;
const vocabLimit = 2 ** 21;
const tokenLengthLimit = 1024;
const depthLimit = 32;

const id = z.number().int().min(0).max(vocabLimit);
const addedToken = z.object({
  id,
  content: z.string().min(1).max(tokenLengthLimit),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(false),
  single_word: z.boolean().default(false),
});
const component = z.looseObject({ type: z.string() }).nullish();
const vocab = z.record(z.string(), id);
const merge = z.union([z.string().max(2 * tokenLengthLimit + 1), z.tuple([z.string(), z.string()])]);
const schema = z.object({
  added_tokens: z.array(addedToken).max(vocabLimit).default([]),
  normalizer: component,
  pre_tokenizer: component,
  post_processor: component,
  decoder: component,
  model: z.discriminatedUnion('type', [
    z.looseObject({
      type: z.literal('WordPiece'),
      vocab,
      unk_token: z.string(),
      continuing_subword_prefix: z.string().default('##'),
      max_input_chars_per_word: z.number().int().min(1).max(10_000).default(100),
    }),
    z.looseObject({
      type: z.literal('BPE'),
      vocab,
      merges: z.array(merge).max(vocabLimit),
      unk_token: z.string().nullish(),
      dropout: z.number().nullish(),
      continuing_subword_prefix: z.string().nullish(),
      end_of_word_suffix: z.string().nullish(),
      fuse_unk: z.boolean().nullish(),
      byte_fallback: z.boolean().nullish(),
      ignore_merges: z.boolean().nullish(),
    }),
  ]),
});

export type TokenizerFile = z.infer<typeof schema>;

/**
 * Reads a `tokenizer.json` and checks what its users rely on. Truncation and padding in the file are not ours to obey: who reads a document decides both.
 *
 * @param source  a path, or what the file's JSON says
 * @throws FormatError where the file is not what the format says · UnsupportedError for models other than WordPiece and BPE
 */
export const readTokenizerFile = async (source: string | object): Promise<TokenizerFile> => {
  const where = typeof source === 'string' ? `tokenizer ${source}` : 'tokenizer';
  const json = typeof source === 'string' ? await readJson(source, where) : source;
  const kind = (json as { model?: { type?: unknown } } | null)?.model?.type;
  if (typeof kind === 'string' && kind !== 'WordPiece' && kind !== 'BPE')
    throw new UnsupportedError(`${where}: expected a model of type WordPiece or BPE, got ${kind.slice(0, 40)}; use a model with one of these`);
  checkDepth(json, where);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(`${where}: expected a tokenizer.json, got at ${issue?.path.join('.').slice(0, 100) || 'the top'}: ${issue?.message}; fetch it again`);
  }
  checkVocab(parsed.data, where);
  return parsed.data;
};

// Parts may hold parts; who walks them does so on the stack.
const checkDepth = (json: unknown, where: string): void => {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthLimit) throw new FormatError(`${where}: expected at most ${depthLimit} levels, got more; the file is not a tokenizer`);
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value).filter((child) => typeof child === 'object') : []));
  }
};

const readJson = async (path: string, where: string): Promise<unknown> => {
  const { size } = await stat(path);
  if (size > fileLimitBytes) throw new FormatError(`${where}: expected at most ${fileLimitBytes} bytes, got ${size}; the file is not a tokenizer`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)));
  } catch (error) {
    throw new FormatError(`${where}: expected JSON, got ${(error as Error).message.slice(0, 200)}; fetch it again`);
  }
};

// Ids are positions of tables: a single huge one would make a table of that size, a doubled one would lose a token.
const checkVocab = ({ model, added_tokens: added }: TokenizerFile, where: string): void => {
  const ids = new Set<number>();
  for (const [token, value] of Object.entries(model.vocab)) {
    if (ids.has(value) || token.length > tokenLengthLimit)
      throw new FormatError(
        `${where}: expected ids once each and tokens of at most ${tokenLengthLimit} characters, got id ${value} for ${JSON.stringify(token.slice(0, 40))}; fetch it again`,
      );
    ids.add(value);
  }
  const most = 2 * (ids.size + added.length) + 1000;
  for (const value of [...ids, ...added.map((token) => token.id)])
    if (value > most) throw new FormatError(`${where}: expected ids near the ${ids.size} tokens there are, got ${value}; fetch it again`);
  const unknown = model.unk_token;
  if (typeof unknown === 'string' && !Object.hasOwn(model.vocab, unknown) && !added.some(({ content }) => content === unknown))
    throw new FormatError(`${where}: expected unk_token ${JSON.stringify(unknown.slice(0, 40))} among the tokens, got none; fetch it again`);
};

/** Whether some part of the file is a regular expression of its author's own. */
export const hasForeignPatterns = (file: TokenizerFile): boolean => {
  const search = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(search);
    if (typeof value !== 'object' || value === null) return false;
    const { Regex } = value as { Regex?: unknown };
    return (typeof Regex === 'string' && !knownPatterns.has(Regex)) || Object.values(value).some(search);
  };
  return [file.normalizer, file.pre_tokenizer, file.decoder].some(search);
};

// Patterns of well-known models, linear in the length of the text.
const knownPatterns = new Set([
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
]);
