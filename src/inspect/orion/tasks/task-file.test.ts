import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeDataset } from '../dataset.ts';
import { wordTokenizer } from '../testing/tokenizers.ts';
import { parseOrionTask, readOrionTask } from './task-file.ts';

const cutlery = {
  orionTask: 1,
  family: 'cutlery',
  variant: 'drawer',
  about: 'How many of what.',
  pools: { tens: ['10', '20', '30', '40'], keepers: ['Anna', 'Ben'] },
  slots: { forks: 'tens', knives: 'tens', keeper: 'keepers' },
  entities: [
    { thing: 'fork', amount: '{forks}' },
    { thing: 'knife', amount: '{knives}' },
  ],
  requests: [
    { ask: 'amount', where: { thing: 'fork' }, words: { next: 'forks of {keeper}' } },
    { ask: 'amount', where: { thing: 'knife' }, words: { next: 'knives' } },
  ],
  templates: ['{keeper} has {forks} forks {{{knives} knives}}. The {next} (', ['Forks: {forks}', 'Knives: {knives}', 'The {next} (']],
  answer: { leadingSpace: false },
};
const rows = [
  { city: 'Rome', land: 'Italy' },
  { city: 'Oslo', land: 'Norway' },
  { city: 'Rome', land: 'Georgia' },
  { city: 'Bern', land: 'Switzerland' },
];
const cities = {
  orionTask: 1,
  family: 'cities',
  variant: 'lands',
  pools: { rows },
  slots: { row: 'rows' },
  entities: [{ land: '{row.land}', city: '{row.city}' }],
  requests: [{ ask: 'city', words: { question: 'What is the city of {row.land}?' } }],
  templates: ['{question}'],
  answer: { leadingSpace: true },
};

describe('a task file', () => {
  it('declares prompts, and what they ask and tell', () => {
    const { prompts, guess } = makeDataset(parseOrionTask(cutlery), wordTokenizer(), { count: 40 });
    for (const { text, context, request, answer } of prompts) {
      const [forks, knives] = context.map((entity) => entity.find(({ name }) => name === 'amount')!.value);
      expect(forks).not.toBe(knives);
      const thing = request.where[0]![1];
      expect(answer).toBe(thing === 'fork' ? forks : knives);
      const next = thing === 'fork' ? 'forks of (Anna|Ben)' : 'knives';
      expect(text).toMatch(
        new RegExp(`^((Anna|Ben) has ${forks} forks \\{${knives} knives\\}\\. The ${next} \\(|Forks: ${forks}\nKnives: ${knives}\nThe ${next} \\()$`),
      );
    }
    expect(new Set(prompts.map(({ text }) => text.slice(0, 5))).size).toBe(3);
    expect(guess).toBeCloseTo(0.5, 1);
  });

  it('draws rows, and leaves later ones with a taken first token out where it says so', () => {
    // Letters as tokens: Rome twice is one answer; Rieti begins like Rome.
    const letters = { encode: (text: string) => [...text.replaceAll(/ (?=\p{L})/gu, '')].map((letter) => letter.codePointAt(0)!) };
    const clash = { ...cities, pools: { rows: [...rows, { city: 'Rieti', land: 'Lazio' }] } };
    expect(() => makeDataset(parseOrionTask(clash), letters, { count: 200 })).toThrow(/"(Rome|Rieti)" and "(Rome|Rieti)" that both begin with token 82; /);
    const { dropped, prompts } = makeDataset(parseOrionTask({ ...clash, collisions: 'drop' }), letters, { count: 200 });
    expect(dropped).toEqual(['Rieti, Lazio: Rieti begins like Rome']);
    expect(new Set(prompts.map(({ answer }) => answer))).toEqual(new Set(['Rome', 'Oslo', 'Bern']));
  });

  it('is what the guide shows', () => {
    const guide = readFileSync(new URL('../../../../docs/guide/orion-tasks.md', import.meta.url), 'utf8');
    const task = parseOrionTask(JSON.parse(/```json\n(.*?)```/s.exec(guide)![1]!));
    expect(makeDataset(task, wordTokenizer()).prompts).toHaveLength(100);
  });

  it.each([
    ['version', { orionTask: 2 }, /^here: orionTask: .* got 2; /],
    ['key', { extra: 1 }, /^here: document: .*extra/],
    ['family name', { family: 'Big Task' }, /^here: family: expected small letters.* got "Big Task"; /],
    ['answer', { answer: {} }, /^here: answer\.leadingSpace: .* got nothing; /],
    ['pool', { slots: { forks: 'tens', knives: 'few' } }, /^here: slots\.knives: expected one of the pools tens, keepers, got few; /],
    [
      'too small a pool',
      { pools: { tens: ['10'], keepers: ['Anna'] } },
      /^here: pools\.tens: expected at least 2 entries for the slots forks, knives, got 1; /,
    ],
    ['value with space', { pools: { tens: [' 10', '20'], keepers: ['Anna'] } }, /^here: pools\.tens/],
    ['slot of a template', { templates: ['{spoons} ('] }, /^here: expected slots of .*got \{spoons\} in "\{spoons\} \("; /],
    ['slot of an entity', { entities: [{ thing: 'fork', amount: '{next}' }] }, /^here: expected slots of .*got \{next\}/],
    [
      'request',
      { requests: [{ ask: 'colour', where: { thing: 'fork' }, words: { next: 'x' } }] },
      /^here: request colour where thing = fork: expected one attribute .* got none; /,
    ],
    ['loose request', { requests: [{ ask: 'amount', words: { next: 'x' } }] }, /^here: request amount: expected one attribute .* got 2 \(/],
    ['space at the end', { templates: ['{next} '] }, /^here: expected templates that do not end in white space/],
    ['rows to drop', { collisions: 'drop' }, /^here: collisions: expected refuse .* got drop with 3 slots; /],
  ])('says where it is wrong: %s', (_, change, message) => {
    const error = (() => {
      try {
        parseOrionTask({ ...cutlery, ...change }, 'here');
      } catch (thrown) {
        return thrown as Error & { code: string };
      }
      throw new Error('nothing was thrown');
    })();
    expect(error.code).toBe('FORMAT');
    expect(error.message).toMatch(message);
  });

  const folder = mkdtempSync(join(tmpdir(), 'lyceum-orion-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is read from a path', async () => {
    const path = join(folder, 'task.json');
    writeFileSync(path, JSON.stringify(cutlery));
    expect(await readOrionTask(path)).toMatchObject({ family: 'cutlery', variant: 'drawer' });
    writeFileSync(path, '{ "orionTask": 1, ');
    await expect(readOrionTask(path)).rejects.toThrow(/task\.json: expected one JSON document, got "\{ \\"orionTask\\": 1, "; /);
  });
});
