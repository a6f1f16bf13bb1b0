import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseFacts } from './fact-files.ts';
import { type Fact, rankFacts, withCandidates } from './fact-ranking.ts';

const shared = new URL('../../../shared/data/facts/', import.meta.url);
const named = (name: string) => {
  const bytes = readFileSync(new URL(name, shared));
  return { name, text: (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString() };
};
const fact = (relation: string, subject: string, object: string): Fact => ({
  id: `${relation} ${subject} ${object}`,
  relation,
  subject,
  prompt: `${subject} is`,
  object,
});
const facts = [
  fact('colour', 'snow', 'white'),
  fact('colour', 'grass', 'green'),
  fact('colour', 'the flag', 'red'),
  fact('colour', 'the flag', 'white'),
  fact('size', 'an ant', 'small'),
];

describe('candidates', () => {
  it('are the objects of the relation without others that are right too, and facts without any are left out', () => {
    const probes = withCandidates(facts);
    expect(probes.map(({ id, candidates }) => [id, candidates])).toEqual([
      ['colour snow white', ['white', 'green', 'red']],
      ['colour grass green', ['green', 'white', 'red']],
      ['colour the flag red', ['red', 'green']],
      ['colour the flag white', ['white', 'green']],
    ]);
    expect(() => withCandidates([fact('size', 'an ant', 'small')])).toThrow(/at least two objects/);
  });

  it('are drawn by the seed where there are too many, the right one always among them', () => {
    const many = Array.from({ length: 60 }, (_, i) => fact('r', `s${i}`, `o${i}`));
    const [one, again, other] = [1, 1, 2].map((seed) => withCandidates(many, { most: 5, perRelation: 7, seed }));
    expect(one).toEqual(again);
    expect(other).not.toEqual(one);
    expect(one).toHaveLength(7);
    for (const { object, candidates } of one!) {
      expect(candidates).toHaveLength(5);
      expect(new Set(candidates).size).toBe(5);
      expect(candidates).toContain(object);
    }
    expect(new Set(one!.map(({ candidates }) => candidates.slice(1).join())).size).toBeGreaterThan(3); // others for each
  });
});

describe('ranking', () => {
  it('places the right object by its logarithm among the others, ties against it', async () => {
    const logprobs: Record<string, number> = { ' white': -1, ' green': -3, ' red': -3 };
    const asked: string[] = [];
    const items = await rankFacts(withCandidates(facts.slice(0, 3)), async (prompt, completions) => {
      asked.push(prompt as string);
      return completions.map((text) => ({ logprob: logprobs[text]!, tokenLogprobs: [0, 0] }));
    });
    expect(asked).toEqual(['snow is', 'grass is', 'the flag is']);
    expect(items.map(({ answer }) => answer)).toEqual(['white', 'white', 'white']);
    expect(items[0]!.values).toEqual({ accuracy: 1, 'reciprocal-rank': 1, rank: 1, logprob: -1, 'logprob-per-token': -0.5, margin: 2, chance: 1 / 3 });
    expect(items[1]!.values).toEqual({ accuracy: 0, 'reciprocal-rank': 1 / 3, rank: 3, logprob: -3, 'logprob-per-token': -1.5, margin: -2, chance: 1 / 3 });
    await expect(rankFacts(withCandidates(facts), async (_, all) => all.map(() => ({ logprob: Number.NaN, tokenLogprobs: [] })))).rejects.toThrow(/got NaN/);
  });
});

describe('files of facts', () => {
  it('are known by their fields', () => {
    const own = '{"relation": "capital", "subject": "Peru", "prompt": "The capital of Peru is", "object": "Lima"}\n';
    expect(parseFacts({ name: 'f', text: own + own })).toEqual([
      { id: 'capital: Peru → Lima', relation: 'capital', subject: 'Peru', prompt: 'The capital of Peru is', object: 'Lima' },
    ]);
    const triples = { name: 't', text: '{"relation": "a", "subject": "X", "object": "Y"}\n{"relation": "b", "subject": "V", "object": "W"}' };
    expect(() => parseFacts(triples)).toThrow(/give --templates, with a template for a/);
    expect(parseFacts(triples, { name: 'lre', text: '{"a": {"prompt_templates": ["{} makes"]}}' }).map(({ prompt }) => prompt)).toEqual(['X makes']);
    const patterns = { name: 'p', text: '{"a": ["[Y] is of [X].", "[X] owns the [Y] today", "[X] owns [Y] ."], "b": ["[X] in [Y]."]}' };
    expect(parseFacts(triples, patterns).map(({ prompt }) => prompt)).toEqual(['X owns', 'V in']);
    expect(() => parseFacts(triples, { name: 'p', text: '{"c": ["[X] in [Y]."]}' })).toThrow(/not of one set/);
    expect(() => parseFacts(triples, { name: 'p', text: '[]' })).toThrow(/templates by relation/);
    expect(() => parseFacts({ name: 'f', text: '{"relation": "a", "subject": "X"}' })).toThrow(/f line 1: object/);
  });

  it('of CounterFact have their false object as a candidate, and those of prompts like theirs', () => {
    const line = (id: number, subject: string, truth: string, false_: string) =>
      JSON.stringify({ case_id: id, prompt: `The mother tongue of ${subject} is`, subject, ground_truth: truth, target_new: false_, locality_prompt: '' });
    const probes = withCandidates(parseFacts({ name: 'c', text: `${line(1, 'A', 'French', 'English')}\n${line(2, 'B', 'Dutch', 'French')}` }));
    expect(probes.map(({ candidates }) => candidates)).toEqual([
      ['French', 'English', 'Dutch'],
      ['Dutch', 'French'],
    ]);
  });

  it.skipIf(!existsSync(shared))('beside the project are all read', () => {
    const lre = parseFacts(named('lre_triples.jsonl.gz'), named('lre_relations.json'));
    expect(new Set(lre.map(({ relation }) => relation)).size).toBe(40);
    expect(lre.every(({ prompt, subject }) => prompt.includes(subject) && !/\{\}|\s$/.test(prompt))).toBe(true);
    const trex = parseFacts(named('trex_triples.jsonl.gz'), named('trex_patterns.json'));
    expect(new Set(trex.map(({ relation }) => relation)).size).toBeGreaterThan(30);
    expect(trex.every(({ prompt }) => !/\[[XY]\]/.test(prompt))).toBe(true);
    expect(parseFacts(named('counterfact_val.jsonl'))).toHaveLength(1919);
    expect(withCandidates(lre, { most: 20, perRelation: 5 }).every(({ candidates }) => candidates.length <= 20)).toBe(true);
  });
});
