import { beforeAll, describe, expect, it } from 'vitest';
import { makeDataset, type OrionDataset } from './dataset.ts';
import type { Encoder } from './first-token.ts';
import { labelsOf } from './role.ts';
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
  'factual-recall/people': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.28, tokens: [40, 70] },
  'factual-recall/geography': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.12, tokens: [20, 50] },
  'variable-binding': { guess: 0.33, isUnaffected: 0.33, isOutput: 0.12, tokens: [50, 120] },
  translation: { guess: 0.2, isUnaffected: 0.2, isOutput: 0.2, tokens: [450, 750] },
  induction: { guess: 0.12, isUnaffected: 0.12, isOutput: 0.03, tokens: [350, 700] },
};

const shapeOf = ({ family, variant }: OrionTask) => (shape[`${family}/${variant}`] ?? shape[family])!;

const wordFamilies = new Set(['factual-recall', 'qa-base', 'qa-uniform-prefix', 'qa-question-start', 'qa-mixed-template', 'translation']);

/** What is wrong with a dataset: prompts that do not ask for their answer, or answers that no token of their own begins. */
const faults = (task: OrionTask, tokenizer: Encoder, { prompts }: OrionDataset): string[] => {
  const found: string[] = [];
  const owners = new Map<number, string>();
  for (const [i, { text, ids, request, context, answer, answerId }] of prompts.entries()) {
    const check = (holds: boolean, fault: string): void => {
      if (!holds) found.push(`prompt ${i}: ${fault}`);
    };
    check(find(request, context).value === answer, 'its request does not find its answer');
    check(evaluate(request, context) === answerId, 'its request does not find its answer id');
    check(!/\s$/.test(text), 'it ends in white space');
    const both = tokenizer.encode(`${text}${task.answers.get(request.ask)}${answer}`);
    check(
      ids.every((id, at) => both[at] === id),
      'its tokens change with the answer',
    );
    check(both[ids.length] === answerId, 'its answer begins with another token');
    for (const { name, value, first } of context.flat()) {
      if (first === undefined) continue;
      check(task.answers.has(name), `${name} is no answer`);
      check((owners.get(first) ?? value) === value, `${value} begins like ${owners.get(first)}`);
      owners.set(first, value);
    }
  }
  return found;
};

describe.each(named)('%s', (_, task) => {
  const tokenizer = wordTokenizer();
  const dataset = makeDataset(task, tokenizer);
  const { prompts } = dataset;

  it('has prompts whose own request on their own context is their answer', () => {
    expect(dataset).toMatchObject({ family: task.family, variant: task.variant });
    expect(prompts).toHaveLength(100);
    expect(faults(task, tokenizer, dataset)).toEqual([]);
    expect(new Set(prompts.map(({ text }) => text)).size).toBeGreaterThan(60);
  });

  it('is the same for the same seed, and another for another', () => {
    const bytes = (seed?: number) => JSON.stringify(makeDataset(task, wordTokenizer(), { count: 20, ...(seed === undefined ? {} : { seed }) }));
    expect(bytes()).toBe(bytes(1));
    expect(bytes(2)).not.toBe(bytes(1));
  });

  it('has labels for every pair, guesses and floors as its shape says, and one label where a prompt is its own source', () => {
    const { guess, isUnaffected, isOutput } = shapeOf(task);
    const pairs = prompts.slice(0, 50).flatMap((source) => prompts.map((target) => labelsOf(source, target)));
    const share = (holds: (labels: (typeof pairs)[number]) => boolean) => pairs.filter(holds).length / pairs.length;
    expect(Math.abs(dataset.guess - guess)).toBeLessThan(0.05);
    expect(Math.abs(share(({ request_transfer, unaffected }) => request_transfer === unaffected) - isUnaffected)).toBeLessThan(0.05);
    expect(Math.abs(share(({ request_transfer, output_transfer }) => request_transfer === output_transfer) - isOutput)).toBeLessThan(0.05);
    expect(prompts.filter((prompt) => new Set([...Object.values(labelsOf(prompt, prompt)), prompt.answerId]).size > 1)).toEqual([]);
  });

  it('has every request now and then', () => {
    const asked = Map.groupBy(prompts, ({ request }) => asText(request));
    expect(asked.size).toBeGreaterThanOrEqual(3);
    if (task.family !== 'induction') for (const [request, own] of asked) expect(own.length, request).toBeGreaterThanOrEqual(5);
  });
});

describe('a dataset', () => {
  const task = tasks.find(({ family }) => family === 'qa-base')!;

  it('is wrapped where it is told how, and its answers follow the wrapping', () => {
    const wrap = (text: string) => `<user>${text}<assistant>\n`;
    const [raw, wrapped] = [makeDataset(task, wordTokenizer(), { count: 5 }), makeDataset(task, wordTokenizer(), { count: 5, wrap })];
    expect(wrapped.prompts.map(({ text }) => text)).toEqual(raw.prompts.map(({ text }) => wrap(text)));
    const tokenizer = wordTokenizer();
    for (const { text, ids, answer, answerId } of makeDataset(task, tokenizer, { count: 5, wrap }).prompts)
      expect(tokenizer.encode(text + answer)).toEqual([...ids, answerId]);
  });

  it('begins with the begin token that it is told', () => {
    for (const { ids } of makeDataset(task, wordTokenizer(), { count: 5, bos: 999_999 }).prompts) expect(ids.indexOf(999_999)).toBe(0);
  });

  it('has at least one prompt', () => {
    for (const count of [0, 1.5, -1])
      expect(() => makeDataset(task, wordTokenizer(), { count })).toThrow(/^orion qa-base\/stories: expected a whole number of prompts from 1 up, got /);
  });
});

describe('a tiny tokenizer', () => {
  let tiny: Readonly<Record<string, Encoder>>;
  beforeAll(async () => {
    tiny = await tinyTokenizers();
  });

  it.each(['bytes', 'pieces'])('of %s tells letters and digits apart, and is refused words by name', (kind) => {
    for (const task of tasks) {
      const dataset = () => makeDataset(task, tiny[kind]!, { count: 10 });
      if (wordFamilies.has(task.family)) expect(dataset, nameOf(task)).toThrow(/: expected .* first tokens of their own, got .*; use /);
      else expect(faults(task, tiny[kind]!, dataset()), nameOf(task)).toEqual([]);
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
    expect(faults(task, tokenizer, dataset)).toEqual([]);
    const [least, most] = shapeOf(task).tokens;
    const lengths = dataset.prompts.map(({ ids }) => ids.length);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(most);
    expect(dataset.dropped.length).toBeLessThan(20);
  });
});
