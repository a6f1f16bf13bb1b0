import { expect, it } from 'vitest';
import { resolveModel } from '../src/app/models/resolve-model.ts';
import { openGguf, openLlama2c, renderChat, tokenizerFromGguf, tokenizerFromPieces } from '../src/formats/index.ts';
import { different, fixture, lines } from '../src/formats/testing/tokenizer-fixture.ts';

// Vocabularies of real models are too large for the repository: they come with the models, where those were pulled.
const [smollm2, gemma, stories] = await Promise.all(
  ['smollm2-135m-instruct', 'gemma-3-270m', 'stories15m'].map((name) => resolveModel(name).catch(() => undefined)),
);

it('SmolLM2: the ids of the reference, decoded to what was encoded where the vocabulary has all bytes', async ({ skip }) => {
  if (!smollm2) return skip('smollm2-135m-instruct is not here: lyceum models pull smollm2-135m-instruct');
  const tokenizer = tokenizerFromGguf((await openGguf(smollm2.path)).metadata);
  expect([tokenizer.vocabSize, tokenizer.bos, tokenizer.eos]).toEqual([49152, 1, [2, 0]]);
  expect(lines).toHaveLength(2000);
  expect(different(fixture.smollm2.ids, (line) => tokenizer.encode(line))).toEqual([]);
  const lacking = Array.from({ length: 0x80 }, (_, point) => String.fromCharCode(point)).filter((character) => tokenizer.encode(character).length === 0);
  const whole = (line: string) => tokenizer.decode(tokenizer.encode(line), { skipSpecial: false }) === line;
  expect(lines.filter((line) => !whole(line)).length).toBeLessThan(lines.length / 10);
  expect(lines.filter((line) => !lacking.some((character) => line.includes(character)) && !whole(line))).toEqual([]);
  // Where a byte is left out, the reference loses count.
  expect(different(fixture.smollm2.ends, (line) => tokenizer.encodeWithOffsets(line).ends, whole)).toEqual([]);
});

it('SmolLM2: its chat template', async ({ skip }) => {
  if (!smollm2) return skip('smollm2-135m-instruct is not here: lyceum models pull smollm2-135m-instruct');
  const { metadata } = await openGguf(smollm2.path);
  const messages = [
    { role: 'system', content: 'S' },
    { role: 'user', content: 'U' },
  ];
  const text = await renderChat(metadata.get('tokenizer.chat_template') as string, { messages, addGenerationPrompt: true });
  expect(text).toBe('<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n');
  expect(tokenizerFromGguf(metadata).encode(text, { special: false })).toContain(2);
});

it('Gemma 3: the ids of the reference, decoded to what was encoded', async ({ skip }) => {
  if (!gemma) return skip('gemma-3-270m is not here: lyceum models pull gemma-3-270m');
  const tokenizer = tokenizerFromGguf((await openGguf(gemma.path)).metadata);
  expect(tokenizer.bos).toBe(2);
  expect(different(fixture.gemma3.ids, (line) => tokenizer.encode(line))).toEqual([]);
  const whole = (line: string) => tokenizer.decode(tokenizer.encode(line, { special: false }), { skipSpecial: false }) === line;
  // The vocabulary writes a space as ▁, so the two are one.
  expect(lines.filter((line) => !line.includes('▁') && !whole(line))).toEqual([]);
});

it('llama2.c: the ids of a plain merging by score, decoded to what was encoded', async ({ skip }) => {
  if (!stories) return skip('stories15m is not here: lyceum models pull stories15m');
  const { tokenizer: pieces } = await openLlama2c(stories.path);
  const tokenizer = tokenizerFromPieces(pieces!);
  expect(tokenizer.vocabSize).toBe(32_000);
  expect(different(fixture.llama2c.ids, (line) => tokenizer.encode(line, { parseSpecial: false }))).toEqual([]);
  for (const line of lines) expect(tokenizer.decode(tokenizer.encode(line, { parseSpecial: false }))).toBe(line);
});
