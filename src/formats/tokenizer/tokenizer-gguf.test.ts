import { describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../core/index.ts';
import { tokenizerFromGguf, tokenizerFromPieces } from '../index.ts';
import { byteLevel, different, fixture, sentencePiece, tokensOf } from '../testing/tokenizer-fixture.ts';

const keysOf = (keys: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(keys).map(([name, value]) => [`tokenizer.ggml.${name}`, value]));

const tokens = tokensOf(byteLevel);
const merged = {
  model: 'gpt2',
  pre: 'gpt-2',
  tokens,
  token_type: Int32Array.from(tokens, (_, id) => (id < 3 ? 3 : 1)),
  merges: byteLevel.model.merges.map(([left, right]) => `${left} ${right}`),
  bos_token_id: 1,
  eos_token_id: 2,
  eot_token_id: 0,
};
const texts = tokensOf(sentencePiece);
const scores = Float32Array.from(fixture.sentencePiece.scores);
const scored = {
  model: 'llama',
  tokens: texts,
  scores,
  token_type: Int32Array.from(texts, (_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1)),
  bos_token_id: 1,
  eos_token_id: 2,
  unknown_token_id: 0,
};

describe('a tokenizer in GGUF gives the ids of the one it was converted from', () => {
  it.each([
    ['gpt-2', 'gpt2'],
    ['llama-bpe', 'llama3'],
    ['qwen2', 'qwen2'],
    ['smollm', 'smollm'],
  ])('gpt2, %s', (pre, pipeline) => {
    // The reference has both around a text where its post-processor says so.
    const around = pipeline === 'llama3' ? { add_eos_token: true } : {};
    const tokenizer = tokenizerFromGguf(keysOf({ ...merged, pre, ...around }));
    expect(different(fixture.byteLevel.pipelines[pipeline]!.ids, (line) => tokenizer.encode(line))).toEqual([]);
  });

  it('llama, by scores', () => {
    const tokenizer = tokenizerFromGguf(keysOf(scored));
    expect(different(fixture.sentencePiece.sentencepiece, (line) => tokenizer.encode(line, { special: false, parseSpecial: false }))).toEqual([]);
    expect(different(fixture.sentencePiece.pipelines['prepended']!.ids, (line) => tokenizer.encode(line))).toEqual([]);
    expect(tokenizer.encode('a')[0]).toBe(1);
  });

  it('llama without a space in front', () => {
    const tokenizer = tokenizerFromGguf(keysOf({ ...scored, add_space_prefix: false, add_bos_token: false }));
    expect(tokenizer.decode(tokenizer.encode('  the'))).toBe('  the');
    expect(tokenizer.tokenOf(tokenizer.encode('the')[0]!)).not.toMatch(/^▁/);
  });

  it('knows which tokens begin and end', () => {
    const tokenizer = tokenizerFromGguf(keysOf(merged));
    expect([tokenizer.bos, tokenizer.eos, tokenizer.vocabSize]).toEqual([1, [2, 0], tokens.length]);
    expect(tokenizer.encode('a')).toEqual([tokenizer.idOf('a')]);
    expect(tokenizerFromGguf(keysOf({ ...merged, add_bos_token: true })).encode('a')).toEqual([1, tokenizer.idOf('a')]);
  });

  it('user-defined tokens are found in any text and are text', () => {
    const token_type = scored.token_type.slice();
    const id = texts.indexOf('▁the');
    token_type[id] = 4;
    const tokenizer = tokenizerFromGguf(keysOf({ ...scored, token_type, add_space_prefix: false }));
    expect(tokenizer.encode('of the', { special: false, parseSpecial: false }).at(-1)).toBe(id);
    expect(tokenizer.decode([id])).toBe(' the');
  });

  it.each<[string, object, RegExp, new (message: string) => Error]>([
    ['another model', { model: 'bert' }, /tokenizer.ggml.model gpt2 or llama, got bert/, UnsupportedError],
    ['another way to split', { pre: 'chameleon' }, /tokenizer.ggml.pre to be one of .*, got "chameleon"/, UnsupportedError],
    ['no way to split', { pre: undefined }, /got none/, UnsupportedError],
    ['no tokens', { tokens: undefined }, /tokenizer.ggml.tokens/, FormatError],
    ['tokens that are no text', { tokens: [1, 2] }, /tokenizer.ggml.tokens.0/, FormatError],
    ['no merges', { merges: undefined }, /expected tokenizer.ggml.merges, got none/, FormatError],
    ['a merge of one token', { merges: ['Ġthe'] }, /expected merges of two tokens/, FormatError],
    ['a merge of what is no token', { merges: ['Ġthe nothing'] }, /expected merge 0 to be of tokens/, FormatError],
    ['kinds for other tokens', { token_type: Int32Array.of(1, 2) }, /as many tokenizer.ggml.token_type as tokens/, FormatError],
    ['an end beyond the tokens', { eos_token_id: 99_999 }, /tokenizer.ggml.eos_token_id below/, FormatError],
    ['a begin token that is not there', { bos_token_id: undefined, add_bos_token: true }, /expected tokenizer.ggml.bos_token_id/, FormatError],
    ['no scores', { model: 'llama' }, /expected tokenizer.ggml.scores/, FormatError],
    ['a score that is no number', { ...scored, scores: scores.map((score, id) => (id === 300 ? Number.NaN : score)) }, /a number as score/, FormatError],
    ['white space made less', { ...scored, remove_extra_whitespaces: true }, /remove_extra_whitespaces/, UnsupportedError],
  ])('is refused: %s', (_, changes, message, kind) => {
    const open = () => tokenizerFromGguf(keysOf({ ...merged, ...changes }));
    expect(open).toThrow(message);
    expect(open).toThrow(kind);
  });
});

describe('the pieces of llama2.c', () => {
  const pieces = texts.map((text) => text.replaceAll('▁', ' '));

  it('give the ids of a plain merging by score on 2000 lines of hard text', () => {
    const tokenizer = tokenizerFromPieces({ pieces, scores, byteFallback: true });
    expect(different(fixture.sentencePiece.llama2c, (line) => tokenizer.encode(line, { parseSpecial: false }))).toEqual([]);
    expect([tokenizer.bos, tokenizer.eos]).toEqual([1, [2]]);
    expect(tokenizer.decode(tokenizer.encode(' ▁é🙂\n'))).toBe(' ▁é🙂\n');
    expect([...tokenizer.tokenBytes(3 + 0xc3)]).toEqual([0xc3]);
  });

  it('may be without bytes', () => {
    const tokenizer = tokenizerFromPieces({
      pieces: ['<unk>', '<s>', '</s>', ' ', 'a', ' a'],
      scores: Float32Array.of(0, 0, 0, -1, -1, 0),
      byteFallback: false,
    });
    expect(tokenizer.encode('aéa')).toEqual([1, 5, 0, 4]);
  });

  it('are refused where some are missing', () => {
    expect(() => tokenizerFromPieces({ pieces: ['<unk>'], scores: Float32Array.of(0), byteFallback: true })).toThrow(/at least 259 pieces/);
    expect(() => tokenizerFromPieces({ pieces, scores: scores.slice(1), byteFallback: true })).toThrow(FormatError);
  });
});
