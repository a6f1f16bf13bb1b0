import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CausalTokenizer } from '../../formats/index.ts';
import { cutText } from './cut-text.ts';
import { tinyTokenizer } from './testing/tiny-tokenizer.ts';

let tokenizer: CausalTokenizer;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
});

describe('cutText', () => {
  it('gives pieces that fit and make up the text, whatever the text', () => {
    const part = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\n\n', '\r\n \r\n', '. ', 'word '));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.integer({ min: 9, max: 60 }), (parts, length) => {
        const text = parts.join('').toWellFormed();
        const pieces = cutText(text, { tokenizer, length });
        expect(pieces.join('')).toBe(text);
        for (const piece of pieces) {
          expect(piece.isWellFormed()).toBe(true);
          expect(tokenizer.encode(piece, { parseSpecial: false }).length + 1).toBeLessThanOrEqual(length);
        }
      }),
    );
  });

  it('cuts after paragraphs, else lines, sentences, words, characters', () => {
    const cut = (text: string): string[] => cutText(text, { tokenizer, length: 21 });
    expect(cut('one two\n\nthree. four five\nsix seven')).toEqual(['one two\n\n', 'three. four five\n', 'six seven']);
    expect(cut('One two three. Four five six seven')).toEqual(['One two three. ', 'Four five six seven']);
    expect(cut('one two three four five six')).toEqual(['one two three four ', 'five six']);
    expect(cut('x'.repeat(45))).toEqual(['x'.repeat(20), 'x'.repeat(20), 'x'.repeat(5)]);
    expect(cut('')).toEqual([]);
    expect(() => cutText('text', { tokenizer, length: 8 })).toThrow(/at least 9 tokens/);
  });
});
