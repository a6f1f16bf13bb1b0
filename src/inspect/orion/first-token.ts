import { ConfigError } from '../../core/index.ts';
import { shown } from './table.ts';

/** What turns text into token ids, with what the model expects around a text. */
export interface Encoder {
  encode(text: string): number[];
}

export interface ReadingOptions {
  /** How a prompt is put to the model, a chat template for instance; as it stands unless told. The answer must be able to follow what comes out. */
  readonly wrap?: (text: string) => string;
  /** Id of the token that begins every text, for a tokenizer that does not put it there itself: it is put in front unless it is there. */
  readonly bos?: number;
}

/** Prompts and answers as a model reads them. */
export interface Reader {
  /** The text as it is put to the model. */
  wrap(text: string): string;
  /** Token ids of a prompt. */
  ids(text: string): readonly number[];
  /** The token that begins `answer` behind a prompt; undefined where the two grow into one token, so that no token begins it. */
  first(text: string, answer: string): number | undefined;
  /** The same. @throws ConfigError where the two grow into one token */
  requireFirst(where: string, text: string, answer: string): number;
}

/**
 * Reads with a tokenizer. The first token of an answer is always token number `len(tokens(prompt))` of prompt and answer together: what tokens an answer has by itself says nothing of
 * tokenizers that put a space in front or split digits. Behind a wrapped prompt that ends in white space, an answer loses its own.
 */
export const openReader = (tokenizer: Encoder, { wrap = (text) => text, bos }: ReadingOptions = {}): Reader => {
  const idsOf = (text: string): readonly number[] => {
    const ids = tokenizer.encode(text);
    return bos === undefined || ids[0] === bos ? ids : [bos, ...ids];
  };
  // Of the last prompt: many answers are tried behind the same.
  let last: { readonly text: string; readonly wrapped: string; readonly ids: readonly number[] } | undefined;
  const read = (text: string) => {
    if (last?.text !== text) {
      const wrapped = wrap(text);
      last = { text, wrapped, ids: idsOf(wrapped) };
    }
    return last;
  };
  const first = (text: string, answer: string): number | undefined => {
    const { wrapped, ids } = read(text);
    const both = idsOf(wrapped + (/\s$/.test(wrapped) ? answer.trimStart() : answer));
    return ids.every((id, i) => both[i] === id) ? both[ids.length] : undefined;
  };
  return {
    wrap: (text) => read(text).wrapped,
    ids: (text) => read(text).ids,
    first,
    requireFirst: (where, text, answer) => {
      const found = first(text, answer);
      if (found === undefined)
        throw new ConfigError(
          `${where}: expected ${shown(answer)} to begin with a token of its own behind the prompt, got one that both share at ${shown(read(text).wrapped.slice(-20))}; end the prompt elsewhere or leave the value out`,
        );
      return found;
    },
  };
};
