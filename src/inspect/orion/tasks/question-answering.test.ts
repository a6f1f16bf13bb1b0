import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeDataset } from '../dataset.ts';
import { labelsOf } from '../role.ts';
import { wordTokenizer } from '../testing/tokenizers.ts';
import { orionTasks } from './builtin-tasks.ts';
import { questionTasks } from './question-answering.ts';
import { builtinStories, parseStories, readStories, type Story } from './stories.ts';

const words = (text: string) => text.split(/\s+/).length;
const holds = (story: string, value: string) => new RegExp(`(?<!\\p{L})${value}(?!\\p{L})`, 'u').test(story);

describe('the stories that ship with Lyceum', () => {
  const { stories, questions } = builtinStories();

  it('are 100 different ones of like length, of templates that tell things in different orders', () => {
    expect(new Set(stories.map(({ story }) => story)).size).toBe(100);
    for (const { story } of stories) expect(words(story) >= 120 && words(story) <= 180, `${words(story)} words: ${story}`).toBe(true);
    const orderOf = ({ seed, story }: Story) =>
      Object.keys(seed)
        .sort((a, b) => story.indexOf(seed[a]!) - story.indexOf(seed[b]!))
        .join(' ');
    const orders = Map.groupBy(stories, ({ template }) => template)
      .values()
      .map((own) => new Set(own.map(orderOf)))
      .toArray();
    expect(orders.map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(new Set(orders.flatMap((own) => [...own])).size).toBe(3);
  });

  it('hold their own five values and no others', () => {
    const values = new Set(stories.flatMap(({ seed }) => Object.values(seed)));
    expect(values.size).toBe(5 + 5 + 5 + 3 + 4);
    for (const { seed, story } of stories) expect(new Set([...values].filter((value) => holds(story, value)))).toEqual(new Set(Object.values(seed)));
  });

  it('have three wordings of the question for each of five variables, with answers that begin alike nowhere', () => {
    expect(
      Map.groupBy(questions, ({ variable }) => variable)
        .values()
        .map(({ length }) => length)
        .toArray(),
    ).toEqual([3, 3, 3, 3, 3]);
    expect(new Set(questions.map(({ question }) => question)).size).toBe(15);
    expect(new Set(questions.map(({ answer_prefix }) => answer_prefix)).size).toBe(15);
  });
});

describe('questions', () => {
  const dataset = (name: string, options = {}) =>
    makeDataset(questionTasks(builtinStories(), options).find(({ family }) => family === `qa-${name}`)!, wordTokenizer());

  it('end in an own beginning of the answer, or all alike in a quotation mark', () => {
    expect(new Set(dataset('base').prompts.map(({ text }) => text.split('Answer: ')[1])).size).toBe(9);
    for (const name of ['uniform-prefix', 'question-start']) expect(new Set(dataset(name).prompts.map(({ text }) => text.split('\nAnswer:')[1])).size).toBe(1);
    for (const { text } of dataset('question-start').prompts) expect(text.indexOf('Question: ')).toBeLessThan(text.indexOf('Story: '));
  });

  it('are mixed in thirds, and a request keeps the form of its answer on the context of another form', () => {
    const { prompts } = dataset('mixed-template');
    const spaced = prompts.filter(({ request }) => request.ask === 'spacedName');
    expect(spaced).toHaveLength(33);
    expect(prompts.filter(({ text }) => text.includes('\n\nStory: '))).toHaveLength(34);
    const base = spaced[0]!;
    const uniform = prompts.find(({ request }) => request.ask === 'name' && request.where[0]![1] === base.request.where[0]![1])!;
    const value = base.context.find((entity) => entity.some((attribute) => attribute.value === base.request.where[0]![1]))!;
    const firstOf = (column: string) => value.find(({ name }) => name === column)!.first;
    expect(firstOf('name')).not.toBe(firstOf('spacedName'));
    expect(labelsOf(uniform, base)).toMatchObject({ unaffected: firstOf('spacedName'), request_transfer: firstOf('name') });
  });

  it('can ask other variables', () => {
    const { prompts, guess } = dataset('base', { asked: ['season', 'day_time'] });
    expect(new Set(prompts.map(({ request }) => request.where[0]![1]))).toEqual(new Set(['season', 'day_time']));
    expect(Math.abs(guess - 0.5)).toBeLessThan(0.05);
    expect(() => questionTasks(builtinStories(), { asked: ['weather'] })).toThrow(
      /expected variables to ask among character_name, city, character_occupation, day_time, season, got weather; /,
    );
  });
});

describe('stories of others', () => {
  const seed = { character_name: 'Ida', city: 'Bern', character_occupation: 'baker' };
  const questions = Object.keys(seed).map((variable) => ({ variable, question: `Which ${variable}?`, answer_prefix: 'It is' }));
  const story = { id: 0, template: 0, seed, story: 'Ida is a baker in Bern.' };

  it('take the place of ours', () => {
    const stories = parseStories([story], questions);
    for (const task of orionTasks({ stories }).filter(({ family }) => family.startsWith('qa-')))
      for (const { text } of makeDataset(task, wordTokenizer(), { count: 9 }).prompts) expect(text).toContain('Ida is a baker in Bern.');
  });

  it.each([
    ['field', [{ ...story, title: 'x' }], questions, /^mine: 0: .*title/],
    ['value', [{ ...story, seed: { ...seed, city: 'Rome' } }], questions, /^mine: 0\.seed\.city: expected a value that the story holds, got "Rome"; /],
    ['variable', [story], [...questions, { variable: 'season', question: 'When?', answer_prefix: 'In' }], /^mine: 0\.seed\.season: expected .* got nothing; /],
    ['question', [story], [{ variable: 'city' }], /^mine questions: 0\.question: /],
    ['list', {}, questions, /^mine: document: .* got \{\}; /],
  ])('are refused with the place: %s', (_, stories, asked, message) => {
    expect(() => parseStories(stories, asked, 'mine')).toThrow(message);
  });

  const folder = new URL('../../../../../shared/data/orion/', import.meta.url).pathname;
  it.skipIf(!existsSync(folder))('may be those of the original collection, where they lie beside the checkout', async () => {
    const data = await readStories(`${folder}nanostories_5.json`, `${folder}questions.json`);
    expect(data.stories).toHaveLength(100);
    for (const task of questionTasks(data)) expect(makeDataset(task, wordTokenizer()).prompts).toHaveLength(100);
  });
});
