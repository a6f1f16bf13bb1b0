import { Tokenizer as Library } from '@huggingface/tokenizers';
import { FormatError } from '../../core/index.ts';
import { bounded } from '../bounded.ts';
import { bytePairs } from './byte-pairs.ts';
import { hasForeignPatterns, readTokenizerFile, type TokenizerFile } from './tokenizer-file.ts';
import type { Pieces } from './tokenizer-ids.ts';
import { wordPieces } from './word-piece.ts';

export interface Tokenizer {
  /**
   * Ids of a text, equal to the reference implementation's.
   *
   * @param options.special  put the tokens around it that the model expects (default true); their offsets are [0, 0]
   */
  encode(text: string, options?: { readonly special?: boolean }): Pieces;
  /**
   * Ids of words that are already apart, without special tokens. Every word gets at least one id: one that vanishes (a lone control character) becomes the unknown token. A word spelt like a
   * special token is a word.
   *
   * @returns `first` and `last`: positions in `ids` of each word's first and last id
   */
  encodeWords(words: readonly string[]): { ids: number[]; first: number[]; last: number[] };
  /** Text of ids; special tokens are left out unless asked for. Ids outside the vocabulary read as unknown. */
  decode(ids: readonly number[], options?: { readonly special?: boolean }): string;
  /** Puts the special tokens of a single text around ids: `[CLS] … [SEP]`. */
  wrap(ids: readonly number[]): number[];
  /** One more than the highest id. */
  readonly vocabSize: number;
  /** Special tokens by their spelling: `'[CLS]'` → 101. */
  readonly special: ReadonlyMap<string, number>;
}

/**
 * Opens a `tokenizer.json` (WordPiece, byte-level BPE).
 *
 * @param source            a path, or what the file's JSON says
 * @param options.timeoutMs  longest a call may take where the file brings regular expressions of its own
 * @throws FormatError · UnsupportedError: see `readTokenizerFile`
 */
export const openTokenizer = async (source: string | object, { timeoutMs = 2000 }: { timeoutMs?: number } = {}): Promise<Tokenizer> => {
  const file = await readTokenizerFile(source);
  const where = typeof source === 'string' ? `tokenizer ${source}` : 'tokenizer';
  const tokenizer = build(file, where);
  if (!hasForeignPatterns(file)) return tokenizer;
  const guarded = <T>(work: () => T): T => bounded(work, timeoutMs, where);
  return {
    ...tokenizer,
    encode: (text, options) => guarded(() => tokenizer.encode(text, options)),
    encodeWords: (words) => guarded(() => tokenizer.encodeWords(words)),
    decode: (ids, options) => guarded(() => tokenizer.decode(ids, options)),
  };
};

const build = (file: TokenizerFile, where: string): Tokenizer => {
  const library = makeLibrary(file, where);
  const special = new Map(file.added_tokens.filter((token) => token.special).map(({ content, id }) => [content, id]));
  const unknown = typeof file.model.unk_token === 'string' ? library.token_to_id(file.model.unk_token) : undefined;
  const pieces = piecesOf(file, library, unknown);
  const [before, after] = wrapping(library);
  const sections = sectionsOf(file);
  const wrap = (ids: readonly number[]): number[] => [...before, ...ids, ...after];
  return {
    encode: (text, { special: wanted = true } = {}) => {
      const plain: Pieces = sections ? join(sections(text), pieces) : { ids: library.encode(text, { add_special_tokens: false }).ids };
      if (!wanted) return plain;
      const nowhere = (ids: readonly number[]): [number, number][] => ids.map(() => [0, 0]);
      return { ids: wrap(plain.ids), ...(plain.offsets && { offsets: [...nowhere(before), ...plain.offsets, ...nowhere(after)] }) };
    },
    encodeWords: (words) => {
      const [ids, first, last]: [number[], number[], number[]] = [[], [], []];
      for (const [i, word] of words.entries()) {
        const found = pieces(file.model.type === 'BPE' && i > 0 ? ` ${word}` : word, 0).ids;
        first.push(ids.length);
        ids.push(...(found.length > 0 ? found : [unknown ?? 0]));
        last.push(ids.length - 1);
      }
      return { ids, first, last };
    },
    decode: (ids, { special: wanted = false } = {}) =>
      ids.length === 0 ? '' : library.decode([...ids], { skip_special_tokens: !wanted, clean_up_tokenization_spaces: false }),
    wrap,
    vocabSize: [...Object.values(file.model.vocab), ...file.added_tokens.map(({ id }) => id)].reduce((most, id) => Math.max(most, id + 1), 0),
    special,
  };
};

const makeLibrary = (file: TokenizerFile, where: string): Library => {
  try {
    return new Library({ normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...file }, {});
  } catch (error) {
    throw new FormatError(
      `${where}: expected parts that the tokenizer library knows, got: ${(error as Error).message.slice(0, 200)}; use a model with a plainer tokenizer`,
    );
  }
};

const piecesOf = (file: TokenizerFile, library: Library, unknown: number | undefined): ((text: string, section: number) => Pieces) =>
  file.model.type === 'WordPiece'
    ? wordPieces(library, { prefix: file.model.continuing_subword_prefix, unknown: unknown! })
    : bytePairs(library, {
        unknown,
        trim: trimOf(file),
        plain: file.pre_tokenizer?.type === 'ByteLevel' && file.pre_tokenizer.use_regex !== false && file.pre_tokenizer.add_prefix_space !== true,
      });

const trimOf = ({ post_processor: post }: TokenizerFile): 'none' | 'all' | 'all but a first space' => {
  if (post?.type !== 'ByteLevel' || post.trim_offsets === false) return 'none';
  return post.add_prefix_space === false ? 'all' : 'all but a first space';
};

/** Ids that the post-processor puts before and after a single text: found by giving it a text of one token that cannot be one. */
const wrapping = (library: Library): [number[], number[]] => {
  if (!library.post_processor) return [[], []];
  const probe = '\u0000';
  const { tokens } = (library.post_processor as unknown as (a: string[], b: null, special: boolean) => { tokens: string[] })([probe], null, true);
  const at = tokens.indexOf(probe);
  const idsOf = (names: string[]) => names.map((name) => library.token_to_id(name)).filter((id) => id !== undefined);
  return [idsOf(tokens.slice(0, at)), idsOf(tokens.slice(at + 1))];
};

interface Section {
  readonly text: string;
  readonly start: number;
  readonly id?: number;
}

/** Splits a text at added tokens, longest first; undefined where their rules (stripping, whole words, normalised matching) are left to the library, which gives no offsets. */
const sectionsOf = ({ added_tokens: added, normalizer }: TokenizerFile): ((text: string) => Section[]) | undefined => {
  if (added.some((token) => token.lstrip || token.rstrip || token.single_word || (token.normalized && normalizer))) return undefined;
  if (added.length === 0) return (text) => [{ text, start: 0 }];
  const ids = new Map(added.map(({ content, id }) => [content, id]));
  const spellings = [...ids.keys()].sort((a, b) => b.length - a.length).map((content) => content.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(spellings.join('|'), 'g');
  return (text) => {
    const found: Section[] = [];
    let at = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > at) found.push({ text: text.slice(at, match.index), start: at });
      found.push({ text: match[0], start: match.index, id: ids.get(match[0])! });
      at = match.index + match[0].length;
    }
    if (at < text.length) found.push({ text: text.slice(at), start: at });
    return found;
  };
};

const join = (sections: readonly Section[], pieces: (text: string, section: number) => Pieces): Pieces => {
  const ids: number[] = [];
  let offsets: [number, number][] | undefined = [];
  for (const [i, { text, start, id }] of sections.entries()) {
    const part: Pieces = id === undefined ? pieces(text, i) : { ids: [id], offsets: [[0, text.length]] };
    for (const piece of part.ids) ids.push(piece);
    if (!part.offsets) offsets = undefined;
    else for (const [from, to] of part.offsets) offsets?.push([from + start, to + start]);
  }
  return { ids, ...(offsets && { offsets }) };
};
