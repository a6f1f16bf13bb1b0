import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numbersOf } from '../../runtime/index.ts';
import { beamSize, cellsOf, gridOf, mentionBucket, tilesOf } from './grid.ts';
import { tinySpecial, tinyTokenizer } from './testing/tiny-reader.ts';
import { piecesOf } from './windows.ts';

const text = fc.array(
  fc.array(
    fc.nat(200).map((n) => `w${n}`),
    { maxLength: 25 },
  ),
  { maxLength: 12 },
);

describe('windows', () => {
  it('take every word of every sentence exactly once, and never hold more than fits', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 10, max: 60 }), (sentences, window) => {
        const { windows, subwords } = piecesOf(sentences, tinyTokenizer, window);
        const words = windows.flatMap((one) => one.sentences.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)));
        expect(words.sort((a, b) => a - b)).toEqual(Array.from({ length: subwords.length }, (_, i) => i));
        for (const { start, end, sentences: own } of windows) {
          expect(subwords.slice(start, end).flat().length).toBeLessThanOrEqual(window - 2);
          for (const sentence of own) expect(sentence.start >= start && sentence.end <= end).toBe(true);
        }
      }),
    );
  });

  it('are one where a document fits, and overlap where it does not', () => {
    const sentences = Array.from({ length: 10 }, (_, i) => Array.from({ length: 5 }, (_, j) => `w${i}-${j}`));
    expect(piecesOf(sentences, tinyTokenizer, 500).windows).toMatchObject([{ start: 0, end: 50 }]);
    const { windows } = piecesOf(sentences, tinyTokenizer, 60);
    expect(windows.length).toBeGreaterThan(1);
    for (const [i, { start }] of windows.slice(1).entries()) expect(start).toBeLessThan(windows[i]!.end);
  });

  it('undo bracket escapes and compare words without case and plural', () => {
    expect(piecesOf([['-LRB-', 'Parsers', 'Boss', 'his']], tinyTokenizer, 50).words).toEqual(['(', 'parser', 'boss', 'his']);
  });
});

describe('the grid', () => {
  it('points every word at its own subwords', () => {
    const pieces = [piecesOf([['a', 'bb', 'c']], tinyTokenizer, 50), piecesOf([['dd', 'e']], tinyTokenizer, 50)];
    const { feeds, sentences } = gridOf(
      pieces.map((piece) => ({ pieces: piece, window: piece.windows[0]! })),
      2,
      tinySpecial,
    );
    const [ids, word] = [numbersOf(feeds.ids), numbersOf(feeds.tokenWord)];
    const all = pieces.flatMap(({ subwords }) => subwords);
    for (const [i, own] of all.entries()) {
      const [first, last] = [numbersOf(feeds.wordFirst)[i]!, numbersOf(feeds.wordLast)[i]!];
      expect([...ids.subarray(first, last + 1)]).toEqual(own);
      expect([...word.subarray(first, last + 1)]).toEqual(own.map(() => i));
    }
    expect(sentences).toEqual([
      { row: 0, start: 0, end: 3 },
      { row: 1, start: 3, end: 5 },
    ]);
    expect(cellsOf(sentences[0]!, 2)).toEqual([0, 1, 2, 3, 4]);
  });

  it('covers every wanted pair of every beam once with tiles', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 4 }), fc.boolean(), (beams, lower) => {
        const wanted = (i: number, j: number) => (lower ? j < i : true);
        const { rows, columns, mask, count, place } = tilesOf(beams, wanted);
        expect(mask.length).toBe(count * 16);
        let offset = 0;
        let pairs = 0;
        for (const [beam, size] of beams.entries()) {
          for (let i = 0; i < size; i++)
            for (let j = 0; j < size; j++)
              if (wanted(i, j)) {
                const at = place(beam, i, j)!;
                pairs++;
                expect(mask[at]).toBe(1);
                expect(rows[Math.floor(at / 4)]).toBe(offset + i);
                expect(columns[Math.floor(at / 16) * 4 + (at % 4)]).toBe(offset + j);
              }
          offset += size;
        }
        expect(mask.reduce((a, b) => a + b, 0)).toBe(pairs);
      }),
    );
  });

  it('counts beams and buckets as the paper does', () => {
    expect([beamSize(0.3, 10, 99), beamSize(0.4, 1, 99), beamSize(0.4, 25, 7)]).toEqual([3, 1, 7]);
    expect([0, 1, 4, 5, 7, 8, 15, 16, 31, 32, 63, 64, 500].map(mentionBucket)).toEqual([0, 1, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]);
  });
});
