import { FormatError, UnsupportedError } from '../../core/index.ts';
import { spellBytes } from './byte-pairs-alphabet.ts';
import type { Word, WordModel } from './byte-pairs-model.ts';
import { type AddedToken, findAdded } from './tokenizer-added.ts';
import { streamText, type TextStream } from './tokenizer-decoder.ts';
import type { Normalise } from './tokenizer-normalizer.ts';
import type { Fragment, Splitter } from './tokenizer-splitter.ts';
import { byteEnds, sliceTraced, trace } from './tokenizer-trace.ts';

export interface EncodeOptions {
  /** Add what the model expects around a text, its begin token for instance (default true). A rendered chat has it already. */
  readonly special?: boolean;
  /** Recognise special tokens that are spelt out in the text (default true, as Hugging Face does). Set to false for text from strangers. Added tokens that are not special are recognised always. */
  readonly parseSpecial?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out (default true). */
  readonly skipSpecial?: boolean;
}

/** Text to token ids and back, for models that continue text. Lone surrogates are read as U+FFFD. */
export interface CausalTokenizer {
  /** One more than the highest id. */
  readonly vocabSize: number;
  /** The id that begins a text, if the model has one. */
  readonly bos: number | undefined;
  /** Ids that end a text or a turn; generation stops at any of them. */
  readonly eos: readonly number[];
  /** @throws UnsupportedError for more than 16 Mi characters, a word of many millions, and where a regular expression of the file's own takes too long */
  encode(text: string, options?: EncodeOptions): number[];
  /** Ids, and for each where its last character ends in the text, in UTF-16 units. A character cut in two ends with each of its tokens; what was put in front ends where it stands. */
  encodeWithOffsets(text: string, options?: EncodeOptions): { ids: number[]; ends: number[] };
  /** Text of ids. Bytes that are no UTF-8 read as U+FFFD, ids that no token has as nothing. */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** Decodes while ids come in. */
  decodeStream(options?: DecodeOptions): TextStream;
  /** The bytes that a token adds to a text; none for special tokens and ids that no token has. Not a copy. */
  tokenBytes(id: number): Uint8Array;
  /** The id of a token as the file spells it (`'Ġthe'`, `'<|im_end|>'`). */
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
}

/** What the sources of tokenizers have to say. */
export interface TokenizerParts {
  /** What stands first in an error. */
  readonly where: string;
  /** Tokens by id, as the file spells them; holes allowed. */
  readonly tokens: readonly (string | undefined)[];
  readonly added: readonly AddedToken[];
  readonly normalise: Normalise;
  readonly splitter: Splitter;
  readonly model: WordModel;
  /** Ids around a text. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** The bytes a token of the model (not an added one) stands for. */
  readonly bytesOf: (token: string) => Uint8Array;
  readonly stripFirstSpace: boolean;
  readonly bos: number | undefined;
  readonly eos: readonly number[];
}

const textLimit = 2 ** 24;
const addedLimit = 2 ** 20;
const wordLimit = 256; // longer words are not kept
const keptLimit = 50_000;
const endTokens = new Set(['<|endoftext|>', '<|end_of_text|>', '<|eot_id|>', '<|eom_id|>', '<|im_end|>', '<end_of_turn>', '</s>']);
const encoder = new TextEncoder();
const nothing = new Uint8Array();

/**
 * Puts the parts together. Special tokens that end a text or a turn by their well-known spelling count as end tokens whether or not the file says so.
 *
 * @throws FormatError for a million characters of added tokens
 */
export const assembleTokenizer = (parts: TokenizerParts): CausalTokenizer => {
  const { tokens, added, normalise, splitter, before, after, where } = parts;
  const addedLength = added.reduce((sum, { content }) => sum + content.length, 0);
  if (addedLength > addedLimit)
    throw new FormatError(`${where}: expected added tokens of ${addedLimit} characters together, got ${addedLength}; the file is not a tokenizer`);
  const addedOf = new Map(added.map((token) => [token.id, token]));
  const idOf = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (token !== undefined) idOf.set(token, id);
  for (const { id, content } of added) idOf.set(content, id);
  const eos = [...new Set([...parts.eos, ...added.filter(({ special, content }) => special && endTokens.has(content)).map(({ id }) => id)])];

  const findRaw = findAdded(
    added.filter(({ normalized }) => !normalized),
    (content) => content,
  );
  const findNormalised = findAdded(
    added.filter(({ normalized }) => normalized),
    (content) => normalise({ text: content, ends: undefined }, 0).text,
  );
  const wordOf = remember(splitter.unspelt ? (word) => parts.model(spellBytes(encoder.encode(word))) : parts.model);

  const encodeInto = (text: string, { special = true, parseSpecial = true }: EncodeOptions, ids: number[], ends: number[] | undefined): void => {
    if (text.length > textLimit)
      throw new UnsupportedError(`${where}: expected a text of at most ${textLimit} characters, got ${text.length}; encode it in parts`);
    const wellFormed = text.toWellFormed();
    const put = (id: number, end: number): void => {
      ids.push(id);
      ends?.push(end);
    };
    const putWord = (fragment: Fragment): void => {
      const word = wordOf(fragment.text);
      for (const id of word.ids) ids.push(id);
      if (!ends || !fragment.ends) return;
      const units = splitter.unspelt ? byteEnds(fragment.text, fragment.ends) : fragment.ends;
      for (const end of word.ends) ends.push(units[end - 1]!);
    };
    if (special) for (const id of before) put(id, 0);
    for (const { from, to, token } of findRaw(wellFormed, { special: parseSpecial })) {
      if (token) {
        put(token.id, to);
        continue;
      }
      const plain = wellFormed.slice(from, to);
      const traced = normalise(ends ? trace(plain, from) : { text: plain, ends: undefined }, from);
      for (const part of findNormalised(traced.text, { special: parseSpecial })) {
        const piece = sliceTraced(traced, part.from, part.to);
        const start = part.from === 0 ? from : (traced.ends?.[part.from - 1] ?? from + part.from);
        if (part.token) put(part.token.id, piece.ends?.at(-1) ?? 0);
        else for (const fragment of splitter.split({ ...piece, start })) putWord(fragment);
      }
    }
    if (special) for (const id of after) put(id, text.length);
  };

  const encode = (text: string, options: EncodeOptions, withEnds: boolean): { ids: number[]; ends: number[] } => {
    const [ids, ends]: [number[], number[]] = [[], []];
    try {
      encodeInto(text, options, ids, withEnds ? ends : undefined);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // a match of millions of characters overflows the stack of the regular-expression engine
      throw new UnsupportedError(`${where}: expected a text that regular expressions can follow, got a word too long (${error.message}); encode it in parts`);
    }
    return { ids, ends };
  };

  const bytes: (Uint8Array | undefined)[] = [];
  const bytesOf = (id: number): Uint8Array => {
    const [addedToken, token] = [addedOf.get(id), tokens[id]];
    if (!addedToken && token === undefined) return nothing;
    bytes[id] ??= addedToken ? encoder.encode(addedToken.content) : parts.bytesOf(token!);
    return bytes[id];
  };
  const plainBytesOf = (id: number): Uint8Array => (addedOf.get(id)?.special ? nothing : bytesOf(id));
  const decodeStream = ({ skipSpecial = true }: DecodeOptions = {}): TextStream =>
    streamText({ bytes: skipSpecial ? plainBytesOf : bytesOf, stripFirstSpace: parts.stripFirstSpace });
  return {
    vocabSize: added.reduce((most, { id }) => Math.max(most, id + 1), tokens.length),
    bos: parts.bos,
    eos,
    encode: (text, options = {}) => encode(text, options, false).ids,
    encodeWithOffsets: (text, options = {}) => encode(text, options, true),
    decode: (ids, options) => {
      const stream = decodeStream(options);
      let text = '';
      for (const id of ids) text += stream.push(id);
      return text + stream.end();
    },
    decodeStream,
    tokenBytes: plainBytesOf,
    idOf: (token) => idOf.get(token),
    tokenOf: (id) => addedOf.get(id)?.content ?? tokens[id],
  };
};

const remember = (find: WordModel): WordModel => {
  const kept = new Map<string, Word>();
  return (word) => {
    if (word.length > wordLimit) return find(word);
    let found = kept.get(word);
    if (!found) {
      if (kept.size >= keptLimit) kept.clear();
      found = find(word);
      kept.set(` ${word}`.slice(1), found); // a copy: a slice would keep the whole text it was cut from
    }
    return found;
  };
};
