import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rankedPairs } from './byte-pairs-model.ts';
import { scoredPieces } from './sentence-piece.ts';

const where = 'here';

/** Merges by looking at all neighbours again and again. */
const slowly = (word: string, scores: ReadonlyMap<string, number>): string[] => {
  const parts = [...word];
  for (;;) {
    let best: { at: number; score: number } | undefined;
    for (let at = 0; at + 1 < parts.length; at++) {
      const score = scores.get(parts[at]! + parts[at + 1]!);
      if (score !== undefined && (!best || score > best.score)) best = { at, score };
    }
    if (!best) return parts;
    parts.splice(best.at, 2, parts[best.at]! + parts[best.at + 1]!);
  }
};

const letters = ['a', 'b', 'c'];
const pieces = fc.uniqueArray(fc.string({ unit: fc.constantFrom(...letters), minLength: 2, maxLength: 5 }), { maxLength: 20 });

it('merging by score with a heap is merging by looking again and again', () => {
  fc.assert(
    fc.property(
      pieces,
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 23, maxLength: 23 }),
      fc.string({ unit: fc.constantFrom(...letters), maxLength: 40 }),
      (texts, scores, word) => {
        const all = [...letters, ...texts].map((text, id) => ({ text, id, score: scores[id]! }));
        const model = scoredPieces(all, { bytes: undefined, unknown: 0 }, where);
        const { ids, ends } = model(word);
        const slow = slowly(word, new Map(all.map(({ text, score }) => [text, score])));
        expect(Array.from(ids, (id) => all[id]!.text)).toEqual(slow);
        expect(Array.from(ends, (end, i) => word.slice(ends[i - 1] ?? 0, end))).toEqual(slow);
      },
    ),
    { numRuns: 500 },
  );
});

it('characters that are no piece become bytes, or the unknown token once for all in a row', () => {
  const all = ['a', 'ab'].map((text, id) => ({ text, id: id + 300, score: -id }));
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const spelt = scoredPieces(all, { bytes, unknown: 999 }, where)('abé🙂b');
  expect([...spelt.ids]).toEqual([301, 0xc3, 0xa9, 0xf0, 0x9f, 0x99, 0x82, 0x62]);
  expect([...spelt.ends]).toEqual([2, 3, 3, 5, 5, 5, 5, 6]);
  const unknown = scoredPieces(all, { bytes: undefined, unknown: 999 }, where)('éb🙂a🙂');
  expect([...unknown.ids]).toEqual([999, 300, 999]);
  expect([...unknown.ends]).toEqual([4, 5, 7]);
});

it('a word of a million characters is merged like any other', () => {
  const tokens = ['a', 'aa', 'aaaa', 'b', 'ab'];
  const vocab = new Map(tokens.map((token, id) => [token, id]));
  const model = rankedPairs(vocab, [['a', 'a'], ['aa', 'aa'], ['a', 'b']], { whole: false, bytes: undefined, unknown: undefined, fuse: false }, where); // biome-ignore format: pairs
  const { ids, ends } = model(`${'a'.repeat(2 ** 20 + 1)}b`);
  expect(ids.length).toBe(2 ** 18 + 1);
  expect([ids[0], ids.at(-1), ends.at(-1)]).toEqual([2, 4, 2 ** 20 + 2]);
});

it('a merge of what is no token is refused', () => {
  expect(() => rankedPairs(new Map([['a', 0]]), [['a', 'a']], { whole: false, bytes: undefined, unknown: undefined, fuse: false }, where)).toThrow(
    /here: expected merge 0 to be of tokens and into one, got \["a","a"\]/,
  );
});
