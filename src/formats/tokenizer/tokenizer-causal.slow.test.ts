import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openGguf, renderChat, tokenizerFromGguf, tokenizerFromPieces } from '../index.ts';
import { parseLlama2cTokenizer } from '../llama2c/llama2c-tokenizer.ts';
import { different, fixture, lines } from '../testing/tokenizer-fixture.ts';

// Vocabularies of real models are too large for the repository: LYCEUM_SMOLLM2 names a GGUF file of SmolLM2, LYCEUM_LLAMA2C llama2.c's tokenizer.bin of 32000 pieces.
const [smollm2, llama2c] = [process.env['LYCEUM_SMOLLM2'] ?? '', process.env['LYCEUM_LLAMA2C'] ?? ''];

describe.skipIf(!existsSync(smollm2))(`SmolLM2, if LYCEUM_SMOLLM2 names its GGUF file (${smollm2 || 'not set'})`, () => {
  it('gives the ids of the reference, and decodes them to what was encoded where the vocabulary has all bytes', async () => {
    const { metadata } = await openGguf(smollm2);
    const tokenizer = tokenizerFromGguf(metadata);
    expect([tokenizer.vocabSize, tokenizer.bos, tokenizer.eos]).toEqual([49152, 1, [2, 0]]);
    expect(different(fixture.smollm2.ids, (line) => tokenizer.encode(line))).toEqual([]);
    const lacking = Array.from({ length: 0x80 }, (_, point) => String.fromCharCode(point)).filter((character) => tokenizer.encode(character).length === 0);
    const whole = (line: string) => tokenizer.decode(tokenizer.encode(line), { skipSpecial: false }) === line;
    expect(lines.filter((line) => !whole(line)).length).toBeLessThan(lines.length / 10);
    expect(lines.filter((line) => !lacking.some((character) => line.includes(character)) && !whole(line))).toEqual([]);
    // Where a byte is left out, the reference loses count.
    expect(different(fixture.smollm2.ends, (line) => tokenizer.encodeWithOffsets(line).ends, whole)).toEqual([]);
  });

  it('has a chat template', async () => {
    const { metadata } = await openGguf(smollm2);
    const text = await renderChat(metadata.get('tokenizer.chat_template') as string, { messages: [{ role: 'system', content: 'S' }, { role: 'user', content: 'U' }], addGenerationPrompt: true }); // biome-ignore format: short
    expect(text).toBe('<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n');
    expect(tokenizerFromGguf(metadata).encode(text, { special: false })).toContain(2);
  });
});

describe.skipIf(!existsSync(llama2c))(`llama2.c, if LYCEUM_LLAMA2C names its tokenizer.bin (${llama2c || 'not set'})`, () => {
  it('gives the ids of a plain merging by score, and decodes them to what was encoded', async () => {
    const tokenizer = tokenizerFromPieces(parseLlama2cTokenizer(await readFile(llama2c), 32_000, 'here'));
    expect(different(fixture.llama2c.ids, (line) => tokenizer.encode(line, { parseSpecial: false }))).toEqual([]);
    for (const line of lines) expect(tokenizer.decode(tokenizer.encode(line, { parseSpecial: false }))).toBe(line);
  });
});
