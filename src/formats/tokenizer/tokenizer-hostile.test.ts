import { describe, expect, it } from 'vitest';
import { FormatError, LyceumError, UnsupportedError } from '../../core/index.ts';
import { openCausalTokenizer } from '../index.ts';
import { mutateJson } from '../testing/hostile.ts';
import { byteLevel, smallTokenizers } from '../testing/tokenizer-fixture.ts';

describe('a hostile tokenizer.json', () => {
  it('is opened and used, or refused: 1500 damaged files', async () => {
    let opened = 0;
    for (let seed = 0; seed < 1500; seed++)
      try {
        const tokenizer = await openCausalTokenizer(mutateJson(smallTokenizers[seed % smallTokenizers.length]!, seed), { timeoutMs: 100 });
        const { ids, ends } = tokenizer.encodeWithOffsets('ab <|im_end|> the é🙂 of\n\n');
        expect(ends).toHaveLength(ids.length);
        tokenizer.decode(ids);
        for (const id of ids) tokenizer.tokenBytes(id);
        opened++;
      } catch (error) {
        if (!(error instanceof LyceumError)) throw new Error(`seed ${seed}`, { cause: error });
      }
    expect(opened).toBeGreaterThan(300);
  });

  const gpt2 = { type: 'ByteLevel', add_prefix_space: false, use_regex: true };
  const double = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
  it.each<[string, object, RegExp, new (message: string) => Error]>([
    [
      'texts that grow',
      { normalizer: { type: 'Sequence', normalizers: Array.from({ length: 40 }, () => double) } },
      /a text of at most 161024 characters/,
      UnsupportedError,
    ],
    ['steps without end', { normalizer: { type: 'Sequence', normalizers: Array.from({ length: 1000 }, () => double) } }, /at most 64 steps/, UnsupportedError],
    ['bytes spelt as bytes', { pre_tokenizer: { type: 'Sequence', pretokenizers: Array.from({ length: 40 }, () => gpt2) } }, /one ByteLevel/, UnsupportedError],
    ['a part that is not known', { pre_tokenizer: { type: 'BertPreTokenizer' } }, /expected one of ByteLevel, .*, got BertPreTokenizer/, UnsupportedError],
    ['a part with more than it has', { pre_tokenizer: { ...gpt2, and: 1 } }, /expected a ByteLevel, got/, FormatError],
    [
      'a decoder that is not known',
      { decoder: { type: 'Strip', content: 'x', start: 5, stop: 0 } },
      /the steps of a byte-level or SentencePiece decoder/,
      UnsupportedError,
    ],
    [
      'a template without the text',
      { post_processor: { type: 'TemplateProcessing', single: [], special_tokens: {} } },
      /a template with the text once/,
      UnsupportedError,
    ],
    ['another kind of model', { model: { type: 'WordPiece', vocab: { u: 0 }, unk_token: 'u' } }, /of type BPE, got WordPiece/, UnsupportedError],
    ['dropout', { model: { ...byteLevel.model, type: 'BPE', dropout: 0.1 } }, /no dropout/, UnsupportedError],
    ['merges of three', { model: { ...byteLevel.model, type: 'BPE', merges: ['a b c'] } }, /merges of two tokens/, FormatError],
    [
      'too many added tokens',
      { added_tokens: Array.from({ length: 2000 }, (_, i) => ({ id: i, content: `${i}${'x'.repeat(1000)}` })) },
      /added tokens of 1048576 characters/,
      FormatError,
    ],
    ['a pattern without end', { pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+c' }, behavior: 'Isolated' } }, /within 100 ms/, UnsupportedError],
  ])('is refused: %s', async (_, parts, message, kind) => {
    const use = async () => (await openCausalTokenizer({ ...byteLevel, ...parts }, { timeoutMs: 100 })).encode('a'.repeat(5000));
    await expect(use()).rejects.toThrow(message);
    await expect(use()).rejects.toThrow(kind);
  });

  it('a text that is too long is refused', async () => {
    const tokenizer = await openCausalTokenizer(byteLevel);
    expect(() => tokenizer.encode('a'.repeat(2 ** 24 + 1))).toThrow(/at most 16777216 characters/);
  });
});
