import { z } from 'zod';
import { FormatError, UnsupportedError } from '../../core/index.ts';
import { rankedPairs } from './byte-pairs-model.ts';
import type { AddedToken } from './tokenizer-added.ts';
import { assembleTokenizer, type CausalTokenizer } from './tokenizer-causal.ts';
import { speltBytes } from './tokenizer-ends.ts';
import { makeNormalizer } from './tokenizer-normalizer.ts';
import type { Part } from './tokenizer-part.ts';
import { assemblePieces, pieceType } from './tokenizer-pieces.ts';
import { makeSplitter } from './tokenizer-splitter.ts';

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const sequence = (...pretokenizers: Part[]): Part => ({ type: 'Sequence', ...{ pretokenizers } });
const splitThenBytes = (pattern: string): Part =>
  sequence({ type: 'Split', ...{ pattern: { Regex: pattern }, behavior: 'Isolated', invert: false } }, { ...byteLevel, ...{ use_regex: false } });
const digitsThenBytes = sequence({ type: 'Digits', ...{ individual_digits: true } }, byteLevel);
const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
const rest = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const llama3: Preset = { splitter: splitThenBytes(`${contractions}|\\p{N}{1,3}|${rest}`), whole: true, bos: true };
const qwen2: Preset = { splitter: splitThenBytes(`${contractions}|\\p{N}|${rest}`), normalizer: { type: 'NFC' } };

export interface Preset {
  readonly splitter: Part;
  readonly normalizer?: Part;
  /** A word that is a token is not merged. */
  readonly whole?: boolean;
  /** A text begins with the begin token, unless the file says otherwise. */
  readonly bos?: boolean;
}

// What `tokenizer.ggml.pre` names: how the tokenizer that was converted splits a text.
export const presets: Readonly<Record<string, Preset>> = {
  'gpt-2': { splitter: byteLevel },
  gpt2: { splitter: byteLevel },
  olmo: { splitter: byteLevel },
  'llama-bpe': llama3,
  'llama-v3': llama3,
  llama3: llama3,
  qwen2: qwen2,
  'deepseek-r1-qwen': qwen2,
  smollm: { splitter: digitsThenBytes },
  starcoder: { splitter: digitsThenBytes },
};

const key = (name: string) => `tokenizer.ggml.${name}`;
const numbers = z.custom<ArrayLike<number>>(
  (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value && typeof (value as unknown as ArrayLike<unknown>)[0] !== 'bigint'),
  'expected an array of numbers',
);
const id = z.number().int().min(0);
const schema = z.object({
  model: z.string(),
  pre: z.string().optional(),
  tokens: z
    .array(z.string())
    .min(1)
    .max(2 ** 21),
  token_type: numbers.optional(),
  scores: numbers.optional(),
  merges: z.array(z.string()).optional(),
  bos_token_id: id.optional(),
  eos_token_id: id.optional(),
  eot_token_id: id.optional(),
  eom_token_id: id.optional(),
  unknown_token_id: id.optional(),
  add_bos_token: z.boolean().optional(),
  add_eos_token: z.boolean().optional(),
  add_space_prefix: z.boolean().optional(),
  remove_extra_whitespaces: z.boolean().optional(),
});
type Keys = z.output<typeof schema>;

/**
 * The tokenizer that a GGUF file carries: `tokenizer.ggml.model` gpt2 (byte-level BPE; `.pre` says how texts are split) or llama (SentencePiece BPE by scores). Ids equal those of the tokenizer it was
 * converted from; so for qwen2 a text is normalised to NFC, which llama.cpp leaves out.
 *
 * @param metadata       the file's keys and values
 * @param options.pre    takes the place of `tokenizer.ggml.pre`, for files that lack it or name their own
 * @param options.where  what stands first in an error
 * @throws FormatError where keys are missing or do not fit · UnsupportedError for other models and other values of `.pre`
 */
export const tokenizerFromGguf = (
  metadata: ReadonlyMap<string, unknown>,
  { pre, where = 'gguf tokenizer' }: { readonly pre?: string; readonly where?: string } = {},
): CausalTokenizer => {
  const parsed = schema.safeParse(Object.fromEntries(Object.keys(schema.shape).map((name) => [name, metadata.get(key(name))])));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `${where}: expected the keys of a tokenizer, got at ${key(String(issue?.path.slice(0, 2).join('.')))}: ${issue?.message.slice(0, 200)}; fetch the file again`,
    );
  }
  const keys = parsed.data;
  const { model, tokens, token_type: types, scores } = keys;
  if (model !== 'gpt2' && model !== 'llama')
    throw new UnsupportedError(`${where}: expected ${key('model')} gpt2 or llama, got ${model.slice(0, 40)}; use a model with one of these`);
  for (const [name, value] of [
    ['token_type', types],
    ['scores', scores],
  ] as const)
    if (value && value.length !== tokens.length)
      throw new FormatError(`${where}: expected as many ${key(name)} as tokens, ${tokens.length}, got ${value.length}; fetch the file again`);
  for (const [name, value] of Object.entries(keys))
    if (name.endsWith('_token_id') && (value as number) >= tokens.length)
      throw new FormatError(`${where}: expected ${key(name)} below ${tokens.length}, got ${value}; fetch the file again`);
  return model === 'llama' ? fromPieces(keys, where) : fromMerges(keys, pre ?? keys.pre, where);
};

const aroundOf = (keys: Keys, bosByDefault: boolean, where: string): { before: number[]; after: number[] } => {
  const one = (wanted: boolean, id: number | undefined, name: string): number[] => {
    if (!wanted) return [];
    if (id === undefined) throw new FormatError(`${where}: expected ${key(name)}, since the file wants it around a text, got none; fetch the file again`);
    return [id];
  };
  return {
    before: one(keys.add_bos_token ?? (bosByDefault && keys.bos_token_id !== undefined), keys.bos_token_id, 'bos_token_id'),
    after: one(keys.add_eos_token ?? false, keys.eos_token_id, 'eos_token_id'),
  };
};
const endOf = ({ eos_token_id: eos, eot_token_id: eot, eom_token_id: eom }: Keys): number[] => [eos, eot, eom].filter((id) => id !== undefined);

const fromMerges = (keys: Keys, pre: string | undefined, where: string): CausalTokenizer => {
  const { tokens, token_type: types, merges } = keys;
  if (!merges) throw new FormatError(`${where}: expected ${key('merges')}, got none; fetch the file again`);
  if (pre === undefined || !Object.hasOwn(presets, pre))
    throw new UnsupportedError(
      `${where}: expected ${key('pre')} to be one of ${Object.keys(presets).join(', ')}, got ${pre === undefined ? 'none' : JSON.stringify(pre.slice(0, 40))}; use the model's tokenizer.json, or say which one it is like`,
    );
  const preset = presets[pre]!;
  const vocab = new Map<string, number>();
  const added: AddedToken[] = [];
  for (const [id, content] of tokens.entries()) {
    const type = types?.[id] ?? pieceType.normal;
    if (type === pieceType.normal || type === pieceType.byte) {
      if (!vocab.has(content)) vocab.set(content, id);
    } else if (type !== pieceType.unused && content !== '')
      added.push({ id, content, special: type !== pieceType.userDefined, lstrip: false, rstrip: false, normalized: false, single_word: false });
  }
  return assembleTokenizer({
    where,
    tokens: tokens.map((token, id) => (types?.[id] === pieceType.unused ? undefined : token)), // a table of words is filled up with such
    added,
    normalise: makeNormalizer(preset.normalizer, where),
    splitter: makeSplitter(preset.splitter, where),
    model: rankedPairs(vocab, merges.map(asPair(where)), { whole: preset.whole ?? false, bytes: undefined, unknown: undefined, fuse: false }, where),
    ...aroundOf(keys, preset.bos ?? false, where),
    bytesOf: speltBytes,
    stripFirstSpace: false,
    bos: keys.bos_token_id,
    eos: endOf(keys),
  });
};

// Tokens may begin with a space, never hold one elsewhere.
const asPair =
  (where: string) =>
  (merge: string): readonly [string, string] => {
    const at = merge.indexOf(' ', 1);
    if (at < 0 || at === merge.length - 1)
      throw new FormatError(`${where}: expected merges of two tokens with a space between, got ${JSON.stringify(merge.slice(0, 80))}; fetch the file again`);
    return [merge.slice(0, at), merge.slice(at + 1)];
  };

const fromPieces = (keys: Keys, where: string): CausalTokenizer => {
  const { tokens, token_type: types, scores } = keys;
  if (!scores || !types) throw new FormatError(`${where}: expected ${key('scores')} and ${key('token_type')}, got none; fetch the file again`);
  if (keys.remove_extra_whitespaces)
    throw new UnsupportedError(`${where}: expected ${key('remove_extra_whitespaces')} to be false, got true; use a model that keeps white space as it is`);
  return assemblePieces(
    tokens.map((text, id) => ({ text, score: scores[id]!, type: types[id]! })),
    {
      where,
      mark: '▁',
      spacePrefix: keys.add_space_prefix ?? true,
      unknown: keys.unknown_token_id ?? Math.max(0, Array.from(types).indexOf(pieceType.unknown)),
      ...aroundOf(keys, true, where),
      bos: keys.bos_token_id,
      eos: endOf(keys),
    },
  );
};
