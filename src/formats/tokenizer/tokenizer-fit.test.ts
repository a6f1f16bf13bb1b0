import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/index.ts';
import { openCausalTokenizer } from '../index.ts';
import { byteLevel, tokensOf } from '../testing/tokenizer-fixture.ts';
import { unnamedIds } from './tokenizer-fit.ts';

/** A tokenizer of so many tokens, without those that are left out. */
const of = (vocabSize: number, holes: readonly number[] = []) => ({
  vocabSize,
  tokenOf: (id: number) => (id < vocabSize && !holes.includes(id) ? `${id}` : undefined),
});

describe('unnamedIds', () => {
  it.each([
    ['as many', 49_152, 49_152],
    ['padded to a multiple of 128', 50_277, 50_304],
    ['padded for many processors', 151_665, 152_064],
    ['with a reserve', 100_015, 102_400],
    ['of a tiny model', 3, 256],
  ])('lets pass a table %s', (_, tokens, rows) => {
    const found = unnamedIds(of(tokens), rows, 'here');
    expect([found.length, found[0]]).toEqual([rows - tokens, rows === tokens ? undefined : tokens]);
  });

  it('names the holes among the tokens', () => {
    expect(unnamedIds(of(100, [3, 50]), 102, 'here')).toEqual([3, 50, 100, 101]);
  });

  it.each([
    [32_000, 49_152, 'here: expected a tokenizer of 46080 to 49152 tokens (the model has 49152 rows for them, at most 3072 to spare), got 32000; tokenizer'],
    [50_257, 128_256, 'got 50257; tokenizer'],
    [49_153, 49_152, 'here: expected a tokenizer of at most 49152 tokens, got 49153; tokenizer and weights are of two models, fetch both from one place'],
    [0, 200, 'expected a tokenizer of 1 to 200 tokens'],
  ])('refuses %i tokens for %i rows', (tokens, rows, message) => {
    expect(() => unnamedIds(of(tokens), rows, 'here')).toThrow(ConfigError);
    expect(() => unnamedIds(of(tokens), rows, 'here')).toThrow(message);
  });

  it('counts tokens, not the highest id', () => {
    const holes = Array.from({ length: 5000 }, (_, i) => 2 * i);
    expect(() => unnamedIds(of(40_000, holes), 40_000, 'here')).toThrow(/got 35000/);
  });
});

describe('added tokens beyond the table', () => {
  const rows = tokensOf(byteLevel).length;
  const picture = (id: number) => ({ id, content: '<picture>', special: true, single_word: false, lstrip: false, rstrip: false, normalized: false });

  it('are plain text, for the model knows none of them', async () => {
    const more = { ...byteLevel, added_tokens: [...byteLevel.added_tokens, picture(rows)] };
    expect((await openCausalTokenizer(more)).encode('a<picture>')).toContain(rows);
    const tokenizer = await openCausalTokenizer(more, { vocab: rows });
    expect(tokenizer.encode('a<picture>')).toEqual((await openCausalTokenizer(byteLevel)).encode('a<picture>'));
    expect([tokenizer.vocabSize, tokenizer.idOf('<picture>')]).toEqual([rows, undefined]);
  });

  it('are refused where something needs them', async () => {
    const more = { ...byteLevel, added_tokens: [...byteLevel.added_tokens, picture(rows)] };
    await expect(openCausalTokenizer(more, { vocab: rows, template: 'x <picture>' })).rejects.toThrow(
      `tokenizer: expected tokens below ${rows}, the rows of the model, got "<picture>" with ${rows}, which its chat template or configuration names; tokenizer and weights are of two models, fetch both from one place`,
    );
    await expect(openCausalTokenizer(more, { vocab: rows, config: { eos_token: '<picture>' } })).rejects.toThrow(/got "<picture>" with \d+, which its chat/);
    await expect(openCausalTokenizer(more, { vocab: rows, eos: [rows] })).rejects.toThrow(/got "<picture>" with /);
  });

  it.each([[[null]], [[{}]], [[1.5]], [[-1]], [[[0]]], [[2 ** 40]], [[true]]])('end tokens %j of generation_config.json are refused', async (eos) => {
    await expect(openCausalTokenizer(byteLevel, { eos: eos as never })).rejects.toThrow(/tokenizer: expected end tokens .+, got .+; fetch/);
  });
});
