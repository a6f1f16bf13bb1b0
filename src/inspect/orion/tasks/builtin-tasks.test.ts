import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeDataset, type OrionPrompt } from '../dataset.ts';
import type { Context } from '../table.ts';
import { wordTokenizer } from '../testing/tokenizers.ts';
import { orionTaskFolder, orionTasks } from './builtin-tasks.ts';

const tasks = orionTasks();
const promptsOf = (family: string): OrionPrompt[] =>
  tasks.filter((task) => task.family === family).flatMap((task) => [...makeDataset(task, wordTokenizer()).prompts]);
const column = (context: Context, name: string): string[] =>
  context.flatMap((entity) => entity.filter((attribute) => attribute.name === name).map(({ value }) => value));
const count = (text: string, part: string) => text.split(part).length - 1;

describe('the collection', () => {
  it('has 16 variants of nine families', () => {
    expect(tasks.map(({ family, variant }) => `${family}/${variant}`)).toMatchInlineSnapshot(`
      [
        "qa-base/stories",
        "qa-uniform-prefix/stories",
        "qa-question-start/stories",
        "qa-mixed-template/stories",
        "type-hint/geometry",
        "type-hint/animals",
        "type-hint/banking",
        "factual-recall/people",
        "factual-recall/geography",
        "variable-binding/pencils",
        "variable-binding/recipe",
        "variable-binding/bills",
        "translation/climate",
        "translation/species",
        "translation/captains",
        "induction/random-strings",
      ]
    `);
    expect(new Set(tasks.map(({ family }) => family)).size).toBe(9);
  });
});

describe('type hints', () => {
  it('call a function whose parameter has the type that is asked for, and give each of three variables once', () => {
    for (const { text, request, context, answer } of promptsOf('type-hint')) {
      const call = /print\((\w+)\($/.exec(text)![1]!;
      expect(text).toMatch(new RegExp(`\ndef ${call}\\(\\w+: ${request.where[0]![1]}\\)`));
      for (const [type, variable] of column(context, 'type').map((type, i) => [type, column(context, 'variable')[i]] as const))
        expect(count(text, `\n${variable} = ${type}(`)).toBe(1);
      expect(new Set(column(context, 'variable')).size).toBe(3);
      expect(answer).toMatch(/^[A-Z]$/);
    }
  });
});

describe('variable binding', () => {
  it('states three different amounts and opens a parenthesis behind the name of one', () => {
    for (const { text, request, context } of promptsOf('variable-binding')) {
      const amounts = column(context, request.ask);
      expect(new Set(amounts).size).toBe(3);
      for (const amount of amounts) expect(text).toMatch(new RegExp(`(?<!\\d)${amount}(?!\\d)`));
      expect(text).toMatch(new RegExp(` (number of|cups of) ${request.where[0]![1]}( pencils| bills)? \\($`));
    }
  });
});

describe('translation', () => {
  it('names five people two to five times each, and none in the fragment', () => {
    for (const { text, context } of promptsOf('translation')) {
      const [article, fragment] = text.split('[...]') as [string, string];
      const surnames = column(context, 'surname');
      expect(new Set(surnames).size).toBe(5);
      for (const surname of surnames) {
        expect([2, 3, 4, 5]).toContain(count(article, `${surname}`));
        expect(count(article, surname)).toBe(count(article, ` ${surname}`));
        expect(fragment).not.toContain(surname);
      }
      expect(fragment).toMatch(/ (M|Dr|Kapt)\.$/);
      const words = article.split(/\s+/).length;
      expect(words >= 300 && words <= 470, `${words} words`).toBe(true);
    }
  });
});

describe('factual recall', () => {
  const rows = (name: string): Record<string, string>[] =>
    Object.values(JSON.parse(readFileSync(`${orionTaskFolder}factual-recall-${name}.json`, 'utf8')).pools)[0] as never;
  const distinct = (own: readonly Record<string, string>[], key: string) => new Set(own.map((row) => row[key])).size;

  it('knows each country and each person once', () => {
    const [countries, people] = [rows('geography'), rows('people')];
    expect(countries.length).toBeGreaterThanOrEqual(90);
    expect(distinct(countries, 'name')).toBe(countries.length);
    expect(distinct(countries, 'capital')).toBe(countries.length);
    expect(distinct(countries, 'continent')).toBe(6);
    expect(people.length).toBeGreaterThanOrEqual(100);
    expect(distinct(people, 'name')).toBe(people.length);
    expect(distinct(people, 'gender')).toBe(2);
    // One continent a country.
    expect(new Set(people.map(({ country, continent }) => `${country} ${continent}`)).size).toBe(distinct(people, 'country'));
  });

  it('shows no fact in a demonstration that it asks', () => {
    for (const { text, answer } of promptsOf('factual-recall')) {
      const [shown, asked] = [text.slice(0, text.lastIndexOf('Question:')), text.slice(text.lastIndexOf('Question:'))];
      expect(asked).toMatch(/^Question: [^\n]+\?\nAnswer:$/);
      expect(shown).not.toContain(asked.split('\n')[0]);
      expect(answer.length).toBeGreaterThan(2);
    }
  });
});

describe('induction', () => {
  it('passes over ten pairs five times, then over a few, and ends in a key', () => {
    const prompts = promptsOf('induction');
    const keys = new Set(prompts.flatMap(({ context }) => column(context, 'key')));
    const targets = new Set(prompts.flatMap(({ context }) => column(context, 'target')));
    expect([keys.size, targets.size]).toEqual([10, 40]);
    for (const group of [keys, targets]) {
      expect(new Set([...group].map(([letter]) => letter)).size).toBe(group.size);
      for (const string of group) expect(string).toMatch(/^[A-Za-z]{5}$/);
    }
    for (const { text, context, request } of prompts) {
      const lines = text.split('\n');
      const pairs = new Set(column(context, 'key').map((key, i) => `${key}:${column(context, 'target')[i]}`));
      for (let pass = 0; pass < 5; pass++) expect(new Set(lines.slice(10 * pass, 10 * pass + 10))).toEqual(pairs);
      expect(lines.length >= 55 && lines.length <= 60, `${lines.length} lines`).toBe(true);
      for (const line of lines.slice(50, -1)) expect(pairs).toContain(line);
      expect(lines.at(-1)).toBe(`${request.where[0]![1]}:`);
    }
  });
});
