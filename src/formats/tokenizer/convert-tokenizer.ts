// Tokenizers from one format into another: a tokenizer.json of what a GGUF file says, and back.
import { UnsupportedError } from '../../core/index.ts';
import type { GgufEntry } from '../gguf/write-gguf.ts';
import type { Llama2cTokenizer } from '../llama2c/llama2c-tokenizer.ts';
import { readProcessor } from './tokenizer-ends.ts';
import { readTokenizerFile } from './tokenizer-file.ts';
import { presets } from './tokenizer-gguf.ts';
import { pieceType } from './tokenizer-pieces.ts';

type Metadata = ReadonlyMap<string, unknown>;
const key = (name: string): string => `tokenizer.ggml.${name}`;

/**
 * The `tokenizer.json` of a tokenizer that `tokenizerFromGguf` reads: the same ids for every text.
 *
 * @param metadata  as that takes it; it is checked there
 */
export const tokenizerJsonOf = (metadata: Metadata): object => {
  const tokens = metadata.get(key('tokens')) as readonly string[];
  const types = metadata.get(key('token_type')) as ArrayLike<number> | undefined;
  const typeOf = (id: number): number => types?.[id] ?? pieceType.normal;
  const pieces = metadata.get(key('model')) === 'llama';
  const preset = pieces ? undefined : presets[metadata.get(key('pre')) as string]!;
  const vocab: Record<string, number> = Object.create(null);
  const added: object[] = [];
  for (const [id, token] of tokens.entries()) {
    if (token === '') continue;
    vocab[token] ??= id;
    const type = typeOf(id);
    if (type === pieceType.normal || type === pieceType.byte || type === pieceType.unused) continue;
    const content = pieces && type === pieceType.userDefined ? token.replaceAll('▁', ' ') : token;
    added.push({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: type !== pieceType.userDefined });
  }
  const wanted = (name: 'bos' | 'eos', byDefault: boolean): number | undefined => {
    const id = metadata.get(key(`${name}_token_id`)) as number | undefined;
    return ((metadata.get(key(`add_${name}_token`)) as boolean | undefined) ?? (byDefault && id !== undefined)) ? id : undefined;
  };
  const [before, after] = [wanted('bos', pieces || (preset?.bos ?? false)), wanted('eos', false)];
  const special = (id: number) => ({ SpecialToken: { id: tokens[id]!, type_id: 0 } });
  const around = (type: 'A' | 'B') => [
    ...(before === undefined ? [] : [special(before)]),
    { Sequence: { id: type, type_id: 0 } },
    ...(after === undefined ? [] : [special(after)]),
  ];
  const ids = [before, after].filter((id) => id !== undefined);
  const template = {
    type: 'TemplateProcessing',
    single: around('A'),
    pair: [...around('A'), ...around('B')],
    special_tokens: Object.fromEntries(ids.map((id) => [tokens[id]!, { id: tokens[id]!, ids: [id], tokens: [tokens[id]!] }])),
  };
  const common = { version: '1.0', truncation: null, padding: null, added_tokens: added };
  const processor = ids.length > 0 ? template : null;
  if (!pieces)
    return {
      ...common,
      normalizer: preset!.normalizer ?? null,
      pre_tokenizer: preset!.splitter,
      post_processor: processor,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: { ...plainModel, ignore_merges: preset!.whole ?? false, vocab, merges: metadata.get(key('merges')) },
    };
  const prefix = (metadata.get(key('add_space_prefix')) as boolean | undefined) ?? true;
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const unknown = (metadata.get(key('unknown_token_id')) as number | undefined) ?? Math.max(0, Array.from(types!).indexOf(pieceType.unknown));
  const steps = [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }];
  return {
    ...common,
    normalizer: { type: 'Sequence', normalizers: [...(prefix ? [{ type: 'Prepend', prepend: '▁' }] : []), replace] },
    pre_tokenizer: null,
    post_processor: processor,
    decoder: { type: 'Sequence', decoders: [...steps, ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [])] },
    model: {
      ...plainModel,
      unk_token: tokens[unknown],
      fuse_unk: true,
      byte_fallback: Array.from(types!).includes(pieceType.byte),
      vocab,
      merges: mergesOf(tokens, metadata.get(key('scores')) as ArrayLike<number>, typeOf),
    },
  };
};

const plainModel = {
  type: 'BPE',
  dropout: null,
  unk_token: null as string | null | undefined,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
};

/** Every pair of pieces that together is one, best score first: SentencePiece merges by the piece that comes of it. */
const mergesOf = (tokens: readonly string[], scores: ArrayLike<number>, typeOf: (id: number) => number): [string, string][] => {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (typeOf(id) === pieceType.normal && !ids.has(token)) ids.set(token, id);
  const found: { readonly pair: [string, string]; readonly score: number; readonly order: readonly [number, number] }[] = [];
  for (const [token, id] of ids) {
    const characters = [...token];
    for (let cut = 1, left = characters[0]!; cut < characters.length; left += characters[cut++]!) {
      const right = token.slice(left.length);
      const order = [ids.get(left), ids.get(right)] as const;
      if (order[0] !== undefined && order[1] !== undefined) found.push({ pair: [left, right], score: scores[id]!, order: order as readonly [number, number] });
    }
  }
  found.sort((a, b) => b.score - a.score || a.order[0] - b.order[0] || a.order[1] - b.order[1]);
  return found.map(({ pair }) => pair);
};

/** What a GGUF file says of the tokenizer of a llama2.c checkpoint. */
export const ggufTokenizerOfPieces = ({ pieces, scores, byteFallback }: Llama2cTokenizer): Map<string, GgufEntry> => {
  const firstByte = 3;
  const others = firstByte + (byteFallback ? 256 : 0);
  const typeOf = (id: number): number => {
    if (id === 0) return pieceType.unknown;
    if (id < firstByte) return pieceType.control;
    return id < others ? pieceType.byte : pieceType.normal;
  };
  // Unknown, begin and end are spelt there with line breaks around.
  const spelt = pieces.map((piece, id) => (id < firstByte ? piece.trim() : id < others ? piece : piece.replaceAll(' ', '▁')));
  return new Map<string, GgufEntry>([
    [key('model'), { type: 'string', value: 'llama' }],
    [key('pre'), { type: 'string', value: 'default' }],
    [key('tokens'), { type: 'strings', value: spelt }],
    [key('scores'), { type: 'float32s', value: scores }],
    [key('token_type'), { type: 'int32s', value: pieces.map((_, id) => typeOf(id)) }],
    [key('unknown_token_id'), { type: 'uint32', value: 0 }],
    [key('bos_token_id'), { type: 'uint32', value: 1 }],
    [key('eos_token_id'), { type: 'uint32', value: 2 }],
    [key('add_bos_token'), { type: 'bool', value: true }],
    [key('add_eos_token'), { type: 'bool', value: false }],
    [key('add_space_prefix'), { type: 'bool', value: true }],
  ]);
};

/**
 * What a GGUF file says of a byte-level tokenizer.json.
 *
 * @param vocab  ids that the model knows: those that the tokenizer has no token for are filled up
 * @throws UnsupportedError for a tokenizer that GGUF has no name for, or of another kind
 */
export const ggufTokenizerOf = async (
  path: string,
  { vocab, bos, eos }: { readonly vocab: number; readonly bos: number | undefined; readonly eos: readonly number[] },
): Promise<Map<string, GgufEntry>> => {
  const where = `tokenizer ${path}`;
  const file = await readTokenizerFile(path);
  const { model, added_tokens: added } = file;
  const found = Object.entries(presets).find(
    ([, { splitter, normalizer, whole }]) =>
      same(splitter, file.pre_tokenizer) &&
      same(normalizer ?? null, file.normalizer ?? null) &&
      (whole ?? false) === (model.type === 'BPE' && model.ignore_merges === true),
  );
  if (model.type !== 'BPE' || model.byte_fallback || !found)
    throw new UnsupportedError(
      `${where}: expected a byte-level tokenizer like that of ${Object.keys(presets).join(', ')}, for which GGUF has a name, got another; convert the model to a Hugging Face folder instead`,
    );
  const tokens = Array.from({ length: vocab }, (_, id) => `[PAD${id}]`);
  const types = Array<number>(vocab).fill(pieceType.unused);
  for (const [token, id] of Object.entries(model.vocab)) [tokens[id], types[id]] = [token, pieceType.normal];
  for (const { id, content, special } of added) [tokens[id], types[id]] = [content, special ? pieceType.control : pieceType.userDefined];
  const { before, after } = readProcessor(file.post_processor, where);
  if (
    before.length + after.length > 0 &&
    (String(before) !== String([bos ?? ''].filter((id) => id !== '')) || (after.length > 0 && String(after) !== String(eos[0])))
  )
    throw new UnsupportedError(
      `${where}: expected nothing around a text but its begin and end tokens, got ${[...before, ...after].join(', ')}; GGUF cannot say it`,
    );
  const id = (name: string, value: number | undefined): [string, GgufEntry][] => (value === undefined ? [] : [[key(name), { type: 'uint32', value }]]);
  return new Map<string, GgufEntry>([
    [key('model'), { type: 'string', value: 'gpt2' }],
    [key('pre'), { type: 'string', value: found[0] }],
    [key('tokens'), { type: 'strings', value: tokens }],
    [key('token_type'), { type: 'int32s', value: types }],
    [key('merges'), { type: 'strings', value: model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))) }],
    ...id('bos_token_id', bos),
    ...id('eos_token_id', eos[0]),
    [key('add_bos_token'), { type: 'bool', value: before.length > 0 }],
    [key('add_eos_token'), { type: 'bool', value: after.length > 0 }],
  ]);
};

/** Whether two parts of a tokenizer do the same; offsets and what is false anyway do not count. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
const canonical = (part: unknown): unknown => {
  if (Array.isArray(part)) return part.map(canonical);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .filter(([name, value]) => name !== 'trim_offsets' && !(name === 'invert' && value === false))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, canonical(value)]),
  );
};
