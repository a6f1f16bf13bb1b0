import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtinFacts } from './builtin-facts.ts';
import { withCandidates } from './fact-ranking.ts';

const replay = readFileSync(new URL('../../models/general-replay.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the facts that ship with Lyceum', () => {
  it('are many, of many relations, each said once and with others of its type to rank it among', async () => {
    const facts = await builtinFacts();
    const relations = Map.groupBy(facts, ({ relation }) => relation);
    expect(facts.length).toBeGreaterThanOrEqual(350);
    expect(relations.size).toBeGreaterThanOrEqual(14);
    for (const [relation, own] of relations) {
      expect(new Set(own.map(({ subject }) => subject)).size, relation).toBe(own.length);
      expect(new Set(own.map(({ object }) => object)).size, relation).toBeGreaterThanOrEqual(5);
      // One wording for all of a relation.
      const wordings = new Set(own.map(({ prompt, subject }) => prompt.toLowerCase().replace(subject.toLowerCase(), '{}')));
      expect([...wordings], relation).toHaveLength(1);
    }
    for (const { prompt, object } of facts) expect(`${prompt} ${object}`).toMatch(/^\S.*\S$/);
    expect(withCandidates(facts)).toHaveLength(facts.length);
  });

  it('are not told by the samples of general replay', async () => {
    const holds = (word: string, text: string, flags: string) => new RegExp(`(?<![\\p{L}\\d])${word.replace(/[.\\^$*+?()[\]{}|]/g, '\\$&')}(?![\\p{L}\\d])`, `u${flags}`).test(text); // biome-ignore format: one pattern
    const facts = await builtinFacts();
    expect(replay.length).toBeGreaterThanOrEqual(240);
    const told = replay.flatMap(({ topic: _, ...sample }) => {
      const text = JSON.stringify(sample);
      return facts.flatMap(({ subject, object }) => {
        const both = holds(subject, text, 'i') && holds(object, text, 'i');
        const named = [subject, object].some((word) => /^\p{Lu}..+/u.test(word) && holds(word, text, ''));
        return both || named ? [`${subject} → ${object}: ${text}`] : [];
      });
    });
    expect(told).toEqual([]);
  });
});
