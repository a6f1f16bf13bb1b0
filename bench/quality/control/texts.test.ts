import { describe, expect, it } from 'vitest';
import { type CausalTokenizer, openCausalTokenizer } from '../../../src/formats/index.ts';
import { makeDataset, orionTasks } from '../../../src/inspect/index.ts';
import { answeredTexts, inductionText, type LearntText, repeatedText, stepDraw } from './texts.ts';
import { controlTokenizer } from './tokenizer.ts';

const task = orionTasks().find(({ variant }) => variant === 'recipe')!;
const bytes = { encode: (text: string) => [...Buffer.from(text)] };
const words = makeDataset(task, bytes, { count: 20 }).prompts.map(({ text }) => text);
const open = async (): Promise<CausalTokenizer> => {
  const { size: _, ...json } = controlTokenizer(words);
  return await openCausalTokenizer(json);
};
const labelsOf = (tokenizer: CausalTokenizer, { ids, labelled }: LearntText): string => tokenizer.decode(ids.filter((_, at) => labelled[at]));

describe('the control model’s tokenizer', () => {
  it('keeps words behind a space whole, and letters of random strings and digits apart', async () => {
    const tokenizer = await open();
    const pieces = (text: string): string[] => tokenizer.encode(text).map((id) => tokenizer.decode([id]));
    expect(pieces('She pours flour')).toEqual(['S', 'h', 'e', ' pours', ' flour']);
    expect(pieces('flour:pours\n')).toEqual([...'flour:pours\n']);
    expect(pieces(' take 30')).toEqual([' take', ' ', '3', '0']);
    for (const text of words) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });
});

describe('what the control model learns', () => {
  it('are strings that repeat, from their second time on', async () => {
    const tokenizer = await open();
    const text = repeatedText(tokenizer, stepDraw(0, 3), { length: 7, passes: 3 });
    const whole = tokenizer.decode(text.ids);
    expect(whole).toBe(whole.slice(0, 7).repeat(3));
    expect(new Set(whole).size).toBe(7);
    expect(labelsOf(tokenizer, text)).toBe(whole.slice(7));
  });

  it('are lines of key and target, and of these how a target begins that was told before', async () => {
    const tokenizer = await open();
    const text = inductionText(tokenizer, stepDraw(0, 3), { keys: 4, passes: 3, length: 5 });
    const lines = tokenizer.decode(text.ids).trimEnd().split('\n');
    expect(lines).toHaveLength(12);
    expect(lines.every((line) => /^[A-Za-z]{5}:[A-Za-z]{5}$/.test(line))).toBe(true);
    for (const pass of [1, 2]) expect(lines.slice(4 * pass, 4 * pass + 4).sort()).toEqual(lines.slice(0, 4).sort());
    expect(labelsOf(tokenizer, text)).toBe(lines.slice(4).map((line) => line[6]).join('')); // biome-ignore format: one call
  });

  it('are answers of prompts that no asked seed has', async () => {
    const tokenizer = await open();
    const texts = answeredTexts(task, tokenizer, 5, 1_000_000);
    const asked = new Set([0, 1, 2].flatMap((seed) => makeDataset(task, tokenizer, { seed }).prompts.map(({ text }) => text)));
    for (const text of texts) {
      expect(labelsOf(tokenizer, text)).toMatch(/^[1-9]$/);
      expect(tokenizer.decode(text.ids)).toMatch(/\([1-9]$/);
    }
    expect(texts.filter(({ ids }) => asked.has(tokenizer.decode(ids.slice(0, -1)))).length).toBeLessThan(3); // there are 9 · 8 · 7 · 3 prompts
  });
});
