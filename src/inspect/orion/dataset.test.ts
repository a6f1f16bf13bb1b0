import { beforeAll, describe, expect, it } from 'vitest';
import { makeDataset, type OrionDataset } from './dataset.ts';
import { type Encoder, openReader } from './first-token.ts';
import { labelsOf, roles } from './role.ts';
import { asText, evaluate, find } from './table.ts';
import { nameOf, type OrionTask } from './task.ts';
import { orionTasks } from './tasks/builtin-tasks.ts';
import { smollm2Tokenizer, tinyTokenizers, whyNoSmollm2, wordTokenizer } from './testing/tokenizers.ts';

const tasks = orionTasks();
const named = tasks.map((task) => [nameOf(task), task] as const);

/** Shares over all pairs of prompts: lucky guesses, and how often the label of request transfer is that of another role. */
const shape: Readonly<Record<string, { guess: number; isUnaffected: number; isOutput: number; tokens: readonly [number, number] }>> = {
  'qa-base': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.21, tokens: [180, 320] },
  'qa-uniform-prefix': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.21, tokens: [180, 320] },
  'qa-question-start': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.21, tokens: [180, 320] },
  // Forms differ in whether a space precedes the answer, so fewer labels coincide.
  'qa-mixed-template': { guess: 0.33, isUnaffected: 0.18, isOutput: 0.21, tokens: [180, 320] },
  'type-hint': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.04, tokens: [300, 500] },
  'factual-recall': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.2, tokens: [20, 70] },
  'variable-binding': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.12, tokens: [50, 120] },
  translation: { guess: 0.2, isUnaffected: 0.2, isOutput: 0.2, tokens: [450, 750] },
  induction: { guess: 0.12, isUnaffected: 0.12, isOutput: 0.03, tokens: [350, 700] },
};

const wordFamilies = new Set(['factual-recall', 'qa-base', 'qa-uniform-prefix', 'qa-question-start', 'qa-mixed-template', 'translation']);

const expectSound = (task: OrionTask, tokenizer: Encoder, { prompts, family, variant }: OrionDataset): void => {
  expect({ family, variant }).toEqual({ family: task.family, variant: task.variant });
  const owners = new Map<number, string>();
  const reader = openReader(tokenizer);
  for (const { text, ids, request, context, answer, answerId } of prompts) {
    expect(find(request, context).value).toBe(answer);
    expect(evaluate(request, context)).toBe(answerId);
    expect(reader.ids(text)).toEqual(ids);
    expect(text).not.toMatch(/\s$/);
    const both = tokenizer.encode(`${text}${task.answers.get(request.ask)}${answer}`);
    expect(both.slice(0, ids.length)).toEqual(ids);
    expect(both[ids.length]).toBe(answerId);
    for (const entity of context)
      for (const { name, value, first } of entity) {
        if (first === undefined) continue;
        expect(task.answers.has(name)).toBe(true);
        expect(owners.get(first) ?? value).toBe(value);
        owners.set(first, value);
      }
  }
};

describe.each(named)('%s', (_, task) => {
  const tokenizer = wordTokenizer();
  const dataset = makeDataset(task, tokenizer);
  const { prompts } = dataset;

  it('has prompts whose own request on their own context is their answer', () => {
    expect(prompts).toHaveLength(100);
    expectSound(task, tokenizer, dataset);
    expect(new Set(prompts.map(({ text }) => text)).size).toBeGreaterThan(60);
  });

  it('is the same for the same seed, and another for another', () => {
    const bytes = (seed?: number) => JSON.stringify(makeDataset(task, wordTokenizer(), seed === undefined ? {} : { seed }));
    expect(bytes()).toBe(bytes(1));
    expect(bytes()).toBe(JSON.stringify(dataset));
    expect(bytes(2)).not.toBe(bytes(1));
  });

  it('asks any request of any context, and all roles agree where a prompt is its own source', () => {
    for (const source of prompts.slice(0, 30))
      for (const target of prompts) expect(roles.every((role) => Number.isInteger(labelsOf(source, target)[role]))).toBe(true);
    for (const prompt of prompts) expect(new Set(Object.values(labelsOf(prompt, prompt)))).toEqual(new Set([prompt.answerId]));
  });

  it('is guessed and has floors as its shape says', () => {
    const { guess, isUnaffected, isOutput } = shape[task.family]!;
    const pairs = prompts.flatMap((source) => prompts.map((target) => labelsOf(source, target)));
    const share = (holds: (labels: (typeof pairs)[number]) => boolean) => pairs.filter(holds).length / pairs.length;
    expect(Math.abs(dataset.guess - guess)).toBeLessThan(0.05);
    expect(Math.abs(share(({ request_transfer, unaffected }) => request_transfer === unaffected) - isUnaffected)).toBeLessThan(0.05);
    expect(Math.abs(share(({ request_transfer, output_transfer }) => request_transfer === output_transfer) - isOutput)).toBeLessThan(0.1);
  });

  it('has every request and every answer position at least now and then', () => {
    const asked = Map.groupBy(prompts, ({ request }) => asText(request));
    expect(asked.size).toBeGreaterThanOrEqual(3);
    for (const [request, own] of asked) if (task.family !== 'induction') expect(own.length, request).toBeGreaterThanOrEqual(5);
  });
});

describe('a tiny tokenizer', () => {
  let tiny: Readonly<Record<string, Encoder>>;
  beforeAll(async () => {
    tiny = await tinyTokenizers();
  });

  it.each(['bytes', 'pieces'])('of %s tells letters and digits apart, and is refused words by name', (kind) => {
    for (const task of tasks) {
      const dataset = () => makeDataset(task, tiny[kind]!, { count: 20 });
      if (wordFamilies.has(task.family)) expect(dataset, nameOf(task)).toThrow(/: expected .* first tokens of their own, got .*; use /);
      else expectSound(task, tiny[kind]!, dataset());
    }
  });

  it('that puts a token behind every text is refused: no answer could follow', () => {
    for (const task of tasks)
      expect(() => makeDataset(task, tiny['bytes, tokens around']!)).toThrow(/: expected .* tokens? of (its|their) own behind (the prompt|a colon), got /);
  });
});

describe.skipIf(whyNoSmollm2 !== undefined)(`the tokenizer of smollm2-135m-instruct${whyNoSmollm2 === undefined ? '' : `: ${whyNoSmollm2}`}`, () => {
  let tokenizer: Encoder;
  beforeAll(async () => {
    tokenizer = await smollm2Tokenizer();
  });

  it.each(named)('tells the answers of %s apart, in prompts of the length of its shape', (_, task) => {
    const dataset = makeDataset(task, tokenizer);
    expectSound(task, tokenizer, dataset);
    const [least, most] = shape[task.family]!.tokens;
    for (const { ids } of dataset.prompts) {
      expect(ids.length).toBeGreaterThanOrEqual(least);
      expect(ids.length).toBeLessThanOrEqual(most);
    }
    expect(dataset.dropped.length).toBeLessThan(20);
  });
});
