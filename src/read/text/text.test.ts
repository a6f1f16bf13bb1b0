import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sentences, splitDocument, words } from './index.ts';

const cut = (text: string) => words(text).map(({ start, end }) => text.slice(start, end));
const parts = (text: string) => sentences(text).map(({ start, end }) => text.slice(start, end));

describe('words', () => {
  it.each([
    ['The state-of-the-art CRF-based tagger (ours).', ['The', 'state-of-the-art', 'CRF-based', 'tagger', '(', 'ours', ')', '.']],
    ["The model's loss doesn't fall; we've checked.", ['The', 'model', "'s", 'loss', 'does', "n't", 'fall', ';', 'we', "'ve", 'checked', '.']],
    ['a gain of 3.5% over 1,432 images, from -96.7 to .01', ['a', 'gain', 'of', '3.5', '%', 'over', '1,432', 'images', ',', 'from', '-96.7', 'to', '.01']],
    [
      'e.g. speech, i.e. audio, etc., see Fig. 2 and Li et al. [3]',
      ['e.g.', 'speech', ',', 'i.e.', 'audio', ',', 'etc.', ',', 'see', 'Fig.', '2', 'and', 'Li', 'et', 'al.', '[', '3', ']'],
    ],
    ['C++, C# and Q&A with and/or in U.S. data', ['C++', ',', 'C#', 'and', 'Q&A', 'with', 'and/or', 'in', 'U.S.', 'data']],
    ["“quoted” ``old'' text -- dash…", ['“', 'quoted', '”', '``', 'old', "''", 'text', '--', 'dash', '…']],
    ['see https://example.org/a?b=c. Write to a.b@example.org, then', ['see', 'https://example.org/a?b=c', '.', 'Write', 'to', 'a.b@example.org', ',', 'then']],
    ['Schrödinger naïve x² 語彙', ['Schrödinger', 'naïve', 'x²', '語', '彙']],
    ['320x240 pixels at 20k-word F1=0.9', ['320x240', 'pixels', 'at', '20k-word', 'F1', '=', '0.9']],
    ['end.Next', ['end', '.', 'Next']],
    ['in no. 5 or no.', ['in', 'no.', '5', 'or', 'no', '.']],
    ["students' work, O'Neil's", ['students', "'", 'work', ',', "O'Neil", "'s"]],
  ])('%s', (text, expected) => {
    expect(cut(text)).toEqual(expected);
  });

  it('law: words stand in order, do not touch white space, and leave out nothing but it and control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const found = words(text);
        let at = 0;
        let between = '';
        for (const { start, end } of found) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThan(start);
          expect(text.slice(start, end)).not.toMatch(/\s/);
          between += text.slice(at, start);
          at = end;
        }
        between += text.slice(at);
        expect(between.replace(/[\s\p{Cc}\p{Cf}]/gu, '')).toBe('');
      }),
      { numRuns: 300 },
    );
  });

  it('law: a part of the text is cut at the positions it has in the whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('model', "it's", '3.5', '(', ')', '.', 'e.g.', 'state-of-the-art')),
        fc.array(fc.constantFrom('a', 'b.', '[1]')),
        (left, right) => {
          const [a, b] = [`${left.join(' ')} `, right.join(' ')];
          expect(words(a + b, a.length)).toEqual(words(b).map(({ start, end }) => ({ start: start + a.length, end: end + a.length })));
        },
      ),
    );
  });

  it('takes linear time on hostile runs', () => {
    for (const text of [
      'a-'.repeat(100_000),
      '.'.repeat(100_000),
      "'".repeat(100_000),
      '1,'.repeat(100_000),
      'A.'.repeat(100_000),
      `${'a'.repeat(200_000)}@`,
      'http://'.repeat(50_000),
    ])
      expect(words(text).at(-1)!.end).toBe(text.length);
  });
});

describe('sentences', () => {
  it.each([
    ['We use features, e.g. Gabor filters. They help.', ['We use features, e.g. Gabor filters.', 'They help.']],
    ['As Fig. 2 and Eq. 3 show, it works. See Sec. 4 for more.', ['As Fig. 2 and Eq. 3 show, it works.', 'See Sec. 4 for more.']],
    ['Smith et al. Proposed names differ. Following Lee et al. We agree.', ['Smith et al. Proposed names differ.', 'Following Lee et al.', 'We agree.']],
    [
      'The logic of H. Kamp is used. It is discussed in Appendix B. We omit it.',
      ['The logic of H. Kamp is used.', 'It is discussed in Appendix B.', 'We omit it.'],
    ],
    ['Accuracy rises from 3.5 to 4.7. Version 2.0 is faster.', ['Accuracy rises from 3.5 to 4.7.', 'Version 2.0 is faster.']],
    ['As was shown before [12]. Then came more.[3, 4] Later work differs.', ['As was shown before [12].', 'Then came more.[3, 4]', 'Later work differs.']],
    ['Rules lose (We tried two. Both fail.) against learning. So be it.', ['Rules lose (We tried two. Both fail.) against learning.', 'So be it.']],
    ['Is it no. 5? The answer is no. We stop.', ['Is it no. 5?', 'The answer is no.', 'We stop.']],
    ['Does it scale? Yes! It does.', ['Does it scale?', 'Yes!', 'It does.']],
    ['A hard\nwrapped line ends.\nThe next one\r\ntoo.', ['A hard\nwrapped line ends.', 'The next one\r\ntoo.']],
    ['1. First we parse. 2. Then we link.', ['1. First we parse.', '2. Then we link.']],
    ['Trained on SGD vs. Adam. "It converges." That is all.', ['Trained on SGD vs. Adam.', '"It converges."', 'That is all.']],
    ['A space was lost.We go on.See node.js too.', ['A space was lost.', 'We go on.See node.js too.']],
    ['no full stop at the end', ['no full stop at the end']],
    ['   ', []],
  ])('%s', (text, expected) => {
    expect(parts(text)).toEqual(expected);
  });

  it('law: sentences stand in order, hold every character that is not white space, and begin and end with one', () => {
    const piece = fc.oneof(
      fc.constantFrom('Fig. 2', 'e.g.', 'et al.', 'We go.', '[1]', '(See. That.)', '\n', '?', 'B.', '1.'),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join(' ');
        let at = 0;
        let between = '';
        for (const { start, end } of sentences(text)) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(text.slice(start, end)).toBe(text.slice(start, end).trim());
          between += text.slice(at, start);
          at = end;
        }
        expect((between + text.slice(at)).trim()).toBe('');
      }),
    );
  });
});

describe('splitDocument', () => {
  it('takes prose only, and gives positions in the whole text', () => {
    const text = 'A Fine Title.\n1. Intro.\nWe parse. We link.\n[1] A paper. 1999.';
    const kinds = ['title', 'heading', 'paragraph', 'references'] as const;
    let at = 0;
    const blocks = text.split('\n').map((line, i) => {
      const block = { kind: kinds[i]!, start: at, end: at + line.length };
      at += line.length + 1;
      return block;
    });
    const found = splitDocument({ text, blocks });
    expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(['We parse.', 'We link.']);
    expect(found.map(({ block }) => block)).toEqual([2, 2]);
    expect(found.flatMap((sentence) => sentence.words.map(({ start, end }) => text.slice(start, end)))).toEqual(['We', 'parse', '.', 'We', 'link', '.']);
  });

  it('cuts a list in disguise: no sentence has more than 110 words, and no word is lost', () => {
    const text = Array.from({ length: 500 }, (_, i) => `word${i}${i % 7 === 0 ? ',' : ''}`).join(' ');
    const found = splitDocument({ text, blocks: [{ kind: 'paragraph', start: 0, end: text.length }] });
    expect(Math.max(...found.map((sentence) => sentence.words.length))).toBeLessThanOrEqual(110);
    expect(found.flatMap((sentence) => sentence.words)).toEqual(words(text));
    expect(text.slice(found[0]!.start, found[0]!.end).endsWith(',')).toBe(true);
  });
});
