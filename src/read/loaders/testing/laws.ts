import { expect } from 'vitest';
import { splitDocument } from '../../text/index.ts';
import type { ParsedText } from '../document.ts';

/** What holds for every document of every format. `source`: the decoded file, for formats whose text remembers its origin. */
export const expectLawful = (parsed: ParsedText, source?: string): void => {
  const { text, blocks, pages, origins } = parsed;
  expect(text.isWellFormed()).toBe(true);
  let at = 0;
  let between = '';
  for (const { start, end } of blocks) {
    expect(start).toBeGreaterThanOrEqual(at);
    expect(end).toBeGreaterThan(start);
    between += text.slice(at, start);
    expect(text.slice(start, end)).toBe(text.slice(start, end).trim());
    at = end;
  }
  expect(at).toBeLessThanOrEqual(text.length);
  expect((between + text.slice(at)).replace(/[\s\uFEFF=~^-]/gu, '')).toBe('');
  for (const sentence of splitDocument(parsed)) {
    const block = blocks[sentence.block]!;
    expect(sentence.start).toBeGreaterThanOrEqual(block.start);
    expect(sentence.end).toBeLessThanOrEqual(block.end);
    for (const word of sentence.words) expect(text.slice(word.start, word.end)).toMatch(/^\S+$/u);
  }
  let line = 0;
  for (const { start, end, page, box } of pages ?? []) {
    expect(start).toBeGreaterThanOrEqual(line);
    expect(end).toBeGreaterThanOrEqual(start);
    expect(page).toBeGreaterThanOrEqual(1);
    expect(box!.every(Number.isFinite)).toBe(true);
    line = end;
  }
  expect(line).toBeLessThanOrEqual(text.length);
  if (source !== undefined)
    for (const origin of origins ?? []) {
      const [here, there] = [text.slice(origin.start, origin.end), source.slice(origin.source, origin.source + (origin.end - origin.start))];
      // A character may be spelt otherwise in the file, by a reference (&lt;).
      for (let i = 0; i < here.length; i++) if (there[i] !== '&') expect([here, there[i]!.replace(/\s/, ' ')]).toEqual([here, here[i]]);
    }
};

/** The texts of a document's blocks of one kind. */
export const blocksOf = ({ text, blocks }: ParsedText, kind: string): string[] =>
  blocks.filter((block) => block.kind === kind).map(({ start, end }) => text.slice(start, end));
