import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CausalTokenizer, openCausalTokenizer } from '../index.ts';
import { byteLevel, different, fixture, lines, sentencePiece, withParts } from '../testing/tokenizer-fixture.ts';

describe('byte-level BPE gives the ids of the reference on 2000 lines of hard text', () => {
  it.each(Object.entries(fixture.byteLevel.pipelines))('%s', async (name, pipeline) => {
    const tokenizer = await openCausalTokenizer(withParts(byteLevel, pipeline));
    const options = { parseSpecial: name !== 'gpt2, special tokens as text' };
    expect(different(pipeline.ids, (line) => tokenizer.encode(line, options))).toEqual([]);
    expect(different(pipeline.ids, (line) => tokenizer.encodeWithOffsets(line, options).ids)).toEqual([]);
    if (pipeline.ends) expect(different(pipeline.ends, (line) => tokenizer.encodeWithOffsets(line, options).ends)).toEqual([]);
    if (pipeline.decoded) {
      const everyOther = (line: string) => tokenizer.encode(line, options).filter((_, i) => i % 2 === 0);
      expect(different(pipeline.decoded, (line) => Buffer.from(tokenizer.decode(everyOther(line))))).toEqual([]);
    }
  });
});

describe('SentencePiece BPE gives the ids of the reference on 2000 lines of hard text', () => {
  it.each(Object.entries(fixture.sentencePiece.pipelines))('%s', async (_, pipeline) => {
    const tokenizer = await openCausalTokenizer(withParts(sentencePiece, pipeline));
    expect(different(pipeline.ids, (line) => tokenizer.encode(line))).toEqual([]);
    expect(different(pipeline.ids, (line) => tokenizer.encodeWithOffsets(line).ids)).toEqual([]);
  });
});

describe('laws', () => {
  const { pipelines } = fixture.byteLevel;
  let bytes: CausalTokenizer;
  let around: CausalTokenizer;
  let composed: CausalTokenizer;
  let pieces: CausalTokenizer;
  beforeAll(async () => {
    bytes = await openCausalTokenizer(withParts(byteLevel, pipelines['smollm']!));
    around = await openCausalTokenizer(withParts(byteLevel, pipelines['llama3']!));
    composed = await openCausalTokenizer(withParts(byteLevel, pipelines['qwen2']!));
    pieces = await openCausalTokenizer(sentencePiece);
  });
  const anyText = fc.string({
    unit: fc.oneof(
      fc.constantFrom(' ', '\n', 'a', '1', 'é', 'e\u0301', '中', '🙂', '\u200d', '<|im_end|>', "'s"),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
  });
  const wellFormed = anyText.map((text) => text.toWellFormed());

  it('decoding gives back what was encoded', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        for (const tokenizer of [bytes, around]) expect(tokenizer.decode(tokenizer.encode(text, { special: false }), { skipSpecial: false })).toBe(text);
        expect(composed.decode(composed.encode(text), { skipSpecial: false })).toBe(
          composed.decode(composed.encode(text.normalize('NFC')), { skipSpecial: false }),
        );
        fc.pre(!text.includes('▁'));
        expect(pieces.decode(pieces.encode(text))).toBe(text);
      }),
    );
    for (const line of lines) expect(bytes.decode(bytes.encode(line), { skipSpecial: false })).toBe(line);
  });

  it('a text decoded token by token is the text decoded at once, and never shows half a character', () => {
    const anyId = fc.array(fc.integer({ min: 0, max: bytes.vocabSize + 5 }));
    fc.assert(
      fc.property(anyId, fc.boolean(), (ids, skipSpecial) => {
        for (const tokenizer of [bytes, pieces]) {
          const stream = tokenizer.decodeStream({ skipSpecial });
          const shown = [...ids.map((id) => stream.push(id)), stream.end()];
          expect(shown.join('')).toBe(tokenizer.decode(ids, { skipSpecial }));
          for (const text of shown) expect(text.isWellFormed()).toBe(true);
        }
      }),
    );
    const stream = bytes.decodeStream();
    const smiles = bytes.encode('𓂀𓂀'); // no tokens of their own: byte by byte
    const shown = smiles.map((id) => stream.push(id));
    expect(smiles.length).toBeGreaterThan(2);
    expect(shown.filter((text) => text !== '')).toEqual(['𓂀', '𓂀']);
    stream.push(smiles[0]!);
    expect(stream.end()).toBe('\ufffd');
    expect(stream.push(bytes.encode('a')[0]!)).toBe('a');
  });

  it('ends lie in the text, in order, and reach its end; a prefix of the tokens decodes to the text up to there', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const tokenizer of [bytes, around, composed, pieces]) {
          const { ids, ends } = tokenizer.encodeWithOffsets(text);
          expect(ids).toEqual(tokenizer.encode(text));
          expect(ends).toEqual(ends.toSorted((a, b) => a - b));
          if (ids.length > 2) expect(ends.at(-1)).toBe(text.length);
        }
        const { ids, ends } = bytes.encodeWithOffsets(text);
        for (const [i, end] of ends.entries()) {
          const decoded = bytes.decode(ids.slice(0, i + 1), { skipSpecial: false });
          if (!decoded.endsWith('\ufffd')) expect(decoded).toBe(text.slice(0, end).toWellFormed());
        }
      }),
    );
  });

  it('the bytes of the tokens, joined, are the bytes of the text', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        const joined = (tokenizer: CausalTokenizer) =>
          Buffer.concat(tokenizer.encode(text, { parseSpecial: false }).map((id) => tokenizer.tokenBytes(id))).toString();
        expect(joined(bytes)).toBe(text);
        expect(joined(pieces)).toBe(text === '' ? '' : ` ${text.replaceAll('▁', ' ')}`);
      }),
    );
  });

  it('tokens and ids are each other’s', () => {
    for (const tokenizer of [bytes, pieces]) for (let id = 0; id < tokenizer.vocabSize; id++) expect(tokenizer.idOf(tokenizer.tokenOf(id)!)).toBe(id);
    expect(bytes.tokenOf(bytes.vocabSize)).toBeUndefined();
    expect(bytes.idOf('no such token')).toBeUndefined();
  });
});

describe('special tokens', () => {
  it('stand around a text, are found in it, and are left out of it, as asked', async () => {
    const tokenizer = await openCausalTokenizer(withParts(byteLevel, fixture.byteLevel.pipelines['llama3']!));
    const [begin, end] = [tokenizer.idOf('<|im_start|>')!, tokenizer.idOf('<|im_end|>')!];
    const inner = tokenizer.encode('the graph', { special: false });
    expect(tokenizer.encode('the graph')).toEqual([begin, ...inner, end]);
    expect(tokenizer.encode('')).toEqual([begin, end]);
    expect(tokenizer.encode('<|im_end|>', { special: false })).toEqual([end]);
    expect(tokenizer.encode('<|im_end|>', { special: false, parseSpecial: false })).not.toContain(end);
    expect(tokenizer.decode(tokenizer.encode('the graph'))).toBe('the graph');
    expect(tokenizer.decode([...inner, end], { skipSpecial: false })).toBe('the graph<|im_end|>');
    expect([...tokenizer.tokenBytes(end)]).toEqual([]);
    expect([...tokenizer.tokenBytes(99_999)]).toEqual([]);
    expect(tokenizer.encodeWithOffsets('the<|im_end|>').ends).toEqual([0, 3, 13, 13]);
  });

  it('that begin and end come from the configuration, the post-processor and well-known spellings', async () => {
    const plain = await openCausalTokenizer(withParts(byteLevel, fixture.byteLevel.pipelines['gpt2']!));
    expect(plain.bos).toBeUndefined();
    expect(plain.eos).toEqual([0, 2]);
    const config = { bos_token: { content: '<|im_start|>' }, eos_token: '<|endoftext|>', add_bos_token: false };
    const told = await openCausalTokenizer(withParts(byteLevel, fixture.byteLevel.pipelines['gpt2']!), { config, eos: [7, 'the'] });
    expect(told.bos).toBe(1);
    expect(told.eos).toEqual([0, 7, told.idOf('the'), 2]);
    expect((await openCausalTokenizer(sentencePiece)).bos).toBe(1);
    await expect(openCausalTokenizer(byteLevel, { config: { eos_token: '<none>' } })).rejects.toThrow(/expected "<none>" among the tokens/);
  });
});
