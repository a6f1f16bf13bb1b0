import type { Tokenizer as Library } from '@huggingface/tokenizers';
import type { Pieces } from './tokenizer-ids.ts';

/**
 * WordPiece with character offsets. Text is normalised code point by code point (as the reference implementation does: a final sigma is a sigma like any other), so every normalised
 * character knows where it came from; words and pieces are the library's.
 */
export const wordPieces = (library: Library, { prefix, unknown }: { prefix: string; unknown: number }): ((text: string) => Pieces) => {
  const normalised = remember((point: string) => (library.normalizer ? library.normalizer(point) : point), 100_000);
  const pieces = remember((word: string) => {
    const tokens = (library.model!([word]) as string[]).map((token, i) => ({
      id: library.token_to_id(token) ?? unknown,
      length: token.length - (i > 0 && token.startsWith(prefix) ? prefix.length : 0),
    }));
    // A word that is not in the vocabulary comes as one unknown token, whatever that is spelt like.
    return tokens.length === 1 ? [{ id: tokens[0]!.id, length: word.length }] : tokens;
  }, 50_000);
  return (text) => {
    let plain = '';
    const from: number[] = []; // UTF-16 unit of `plain` → first unit of its code point in `text`
    const to: number[] = [];
    for (let at = 0; at < text.length; ) {
      const point = String.fromCodePoint(text.codePointAt(at)!);
      const becomes = normalised(point);
      for (let i = 0; i < becomes.length; i++) {
        from.push(at);
        to.push(at + point.length);
      }
      plain += becomes;
      at += point.length;
    }
    const ids: number[] = [];
    const offsets: [number, number][] = [];
    let at = 0;
    for (const word of library.pre_tokenizer ? library.pre_tokenizer(plain) : [plain]) {
      at = plain.indexOf(word, at);
      for (const { id, length } of pieces(word)) {
        ids.push(id);
        offsets.push([from[at]!, to[at + length - 1]!]);
        at += length;
      }
    }
    return { ids, offsets };
  };
};

/** A function of a string whose results are kept; when there are too many, all are forgotten. */
const remember = <T>(compute: (key: string) => T, most: number): ((key: string) => T) => {
  const kept = new Map<string, T>();
  return (key) => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size >= most) kept.clear();
    const value = compute(key);
    kept.set(key, value);
    return value;
  };
};
