import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../core/index.ts';
import { ggufTokenizerOf, ggufTokenizerOfPieces, tokenizerJsonOf } from './convert-tokenizer.ts';
import { tokenizerFromGguf } from './tokenizer-gguf.ts';
import { openCausalTokenizer } from './tokenizer-json.ts';
import { tokenizerFromPieces } from './tokenizer-pieces.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-convert-tokenizer-'));
});
afterAll(() => rm(folder, { recursive: true }));

const hard = ['', ' ', 'the the', '  two  spaces', "don't 1234", 'naïve 日本 🙂\n\ttab', '<s> x </s>', 'a b▁c', 'trail ', 'hello hell helo', '<0x41>'];
/** Bytes, then some words of SentencePiece with scores. */
const pieces = {
  pieces: [
    '<unk>',
    '\n<s>\n',
    '\n</s>\n',
    ...Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`),
    ' ',
    'h',
    'e',
    'l',
    'o',
    't',
    ' h',
    'he',
    'll',
    'lo',
    ' he',
    'hell',
    'ello',
    ' t',
    'th',
    ' th',
    ' the',
    'hello',
    ' hello',
  ],
  scores: [0, 0, 0, ...Array<number>(256).fill(0), -20, -21, -22, -23, -24, -25, -7, -1, -2, -3, -6, -5, -4, -8, -9, -10, -11, -12, -13],
  byteFallback: true,
};
const metadata = new Map([...ggufTokenizerOfPieces(pieces as never)].map(([key, { value }]) => [key, value as unknown]));

describe('a tokenizer of pieces', () => {
  it('gives the same ids as GGUF and as tokenizer.json', async () => {
    const [first, gguf] = [tokenizerFromPieces(pieces as never), tokenizerFromGguf(metadata)];
    const json = await openCausalTokenizer(JSON.parse(JSON.stringify(tokenizerJsonOf(metadata))));
    expect(json.encode('hello')).toEqual([1, first.idOf(' hello')]);
    for (const text of hard) {
      // There the begin token is spelt with line breaks around, and ▁ is a letter like any other.
      if (!/<s>|▁/.test(text)) expect(gguf.encode(text), text).toEqual(first.encode(text));
      expect(json.encode(text), text).toEqual(gguf.encode(text));
      expect(json.decode(json.encode(text)), text).toBe(gguf.decode(gguf.encode(text)));
    }
    expect(json.encode('h').at(0)).toBe(1);
  });

  it('keeps to the file where no space comes first and no begin token', async () => {
    const plain = new Map(metadata).set('tokenizer.ggml.add_space_prefix', false).set('tokenizer.ggml.add_bos_token', false);
    const [gguf, json] = [tokenizerFromGguf(plain), await openCausalTokenizer(JSON.parse(JSON.stringify(tokenizerJsonOf(plain))))];
    for (const text of hard) expect(json.encode(text), text).toEqual(gguf.encode(text));
    expect(json.encode('hello')).toEqual([gguf.idOf('hello')]);
  });
});

describe('a byte-level tokenizer', () => {
  const letters = [...'abcdehlnotÃ¯ĠĊ1234.'];
  const keys = (pre: string) =>
    new Map<string, unknown>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.pre', pre],
      ['tokenizer.ggml.tokens', [...letters, 'he', 'll', 'hell', 'Ġt', 'th', 'Ġth', 'Ġthe', '<|end|>', '<tool>']],
      ['tokenizer.ggml.token_type', Int32Array.from([...letters, ...'1234567'].map(() => 1).concat(3, 4))],
      ['tokenizer.ggml.merges', ['h e', 'l l', 'he ll', 'Ġ t', 't h', 'Ġt h', 'Ġth e']],
      ['tokenizer.ggml.bos_token_id', letters.length + 7],
      ['tokenizer.ggml.eos_token_id', letters.length + 7],
    ]);
  it.each(['gpt-2', 'smollm', 'llama-bpe', 'qwen2'])('of %s gives the same ids there and back', async (pre) => {
    const gguf = tokenizerFromGguf(keys(pre));
    const json = tokenizerJsonOf(keys(pre));
    const path = join(folder, `${pre}.json`);
    await writeFile(path, JSON.stringify(json));
    const opened = await openCausalTokenizer(path);
    const back = await ggufTokenizerOf(path, { vocab: gguf.vocabSize + 3, bos: gguf.bos, eos: gguf.eos });
    const again = tokenizerFromGguf(new Map([...back].map(([key, { value }]) => [key, value as unknown])));
    expect(again.vocabSize).toBe(gguf.vocabSize + 3);
    for (const text of [...hard, 'the hell<|end|>the <tool>a'])
      for (const [by, other] of [
        ['json', opened],
        ['gguf', again],
      ] as const)
        expect(other.encode(text), `${by} ${text}`).toEqual(gguf.encode(text));
    expect(gguf.encode('the hell', { special: false })).toContain(gguf.idOf('hell'));
  });

  it('that GGUF has no name for is refused', async () => {
    const path = join(folder, 'other.json');
    await writeFile(path, JSON.stringify({ ...tokenizerJsonOf(keys('gpt-2')), normalizer: { type: 'Lowercase' } }));
    await expect(ggufTokenizerOf(path, { vocab: 40, bos: undefined, eos: [] })).rejects.toThrow(UnsupportedError);
    await writeFile(path, JSON.stringify(tokenizerJsonOf(metadata)));
    await expect(ggufTokenizerOf(path, { vocab: 40, bos: 1, eos: [2] })).rejects.toThrow(/convert the model to a Hugging Face folder/);
  });
});
