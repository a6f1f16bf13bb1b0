import type { Tokenizer as Library } from '@huggingface/tokenizers';
import type { Pieces } from './tokenizer.ts';

/**
 * Byte-level BPE with character offsets. Tokens are spelt in an alphabet of one character a byte, so their lengths add up to the UTF-8 bytes of the text; a character cut in two belongs to both
 * tokens. Where the text was changed before (a normaliser, a space put in front) by more than that space, there are no offsets.
 *
 * @param trim  leave white space at the ends of a token out of its offsets
 */
export const bytePairs = (library: Library, { unknown, trim }: { unknown: number | undefined; trim: boolean }): ((text: string, section: number) => Pieces) => {
  const encoder = new TextEncoder();
  return (text, section) => {
    const plain = library.normalizer ? library.normalizer(text) : text;
    const words = library.pre_tokenizer ? library.pre_tokenizer(plain, { section_index: section }) : [plain];
    const tokens = library.model!(words) as string[];
    const ids = tokens.map((token) => library.token_to_id(token) ?? unknown).filter((id) => id !== undefined);
    const total = tokens.reduce((sum, token) => sum + token.length, 0);
    const bytes = encoder.encode(plain).length;
    const extra = total - bytes; // 1 where a space was put in front
    if (plain !== text || ids.length !== tokens.length || extra < 0 || extra > 1) return { ids };
    const characterOf: number[] = Array.from({ length: extra }, () => 0); // byte → where its character begins
    const endOf: number[] = Array.from({ length: extra }, () => 0);
    for (let at = 0; at < text.length; ) {
      const point = text.codePointAt(at)!;
      const units = point > 0xffff ? 2 : 1;
      for (let i = 0; i < (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4); i++) {
        characterOf.push(at);
        endOf.push(at + units);
      }
      at += units;
    }
    let at = 0;
    const offsets = tokens.map((token): [number, number] => {
      let [start, end] = [characterOf[at]!, endOf[at + token.length - 1]!];
      at += token.length;
      while (trim && start < end && isSpace(text[start]!)) start++;
      while (trim && start < end && isSpace(text[end - 1]!)) end--;
      return [start, end];
    });
    return { ids, offsets };
  };
};

const isSpace = (character: string): boolean => /\s/.test(character);
