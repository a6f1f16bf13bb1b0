import { describe, expect, it } from 'vitest';
import { type BaseModel, recipeOf, type Sample } from '../../adapt/index.ts';
import type { MeasuredItem } from '../../evaluate/index.ts';
import { parseAdaptResult } from '../../report/index.ts';
import { type RunFigures, runResult } from './run-result.ts';

const item = (id: string, answer: string, values: MeasuredItem['values'], group = 'g'): MeasuredItem => ({
  id,
  group,
  prompt: `ask ${id}`,
  gold: 'gold',
  answer,
  values,
});
const sample = (id: string, answer: string): Sample => ({ id, line: 1, shape: 'instruction', turns: [{ role: 'user', content: id }, { role: 'assistant', content: answer }] }); // biome-ignore format: one thought
const facts = (right: readonly number[]) => right.map((accuracy, i) => item(`f${i}`, String(accuracy), { accuracy }));

const resultOf = (answer: string, before: readonly MeasuredItem[], after: readonly MeasuredItem[], known = facts([1, 0])) => {
  const figures: RunFigures = {
    name: 'made',
    path: 'made.jsonl',
    base: { name: 'tiny', sha256: 'a', source: { parameters: [] } } as unknown as BaseModel,
    recipe: recipeOf({ method: 'lora' }, { exactBytes: false }),
    origin: undefined,
    data: {
      learnt: 3,
      refused: [],
      heldOut: before.map(({ id }) => sample(id, answer)),
      contaminated: [],
      contaminatedFacts: [],
      pairs: [],
      kinds: new Map(),
      replay: { share: 0, source: null, texts: 0 },
      read: { samples: [], kinds: {}, skipped: [], duplicates: [] },
    },
    kept: { weights: 'best', epoch: 1 },
    trainable: 1,
    tokens: 1,
    seconds: 1,
    peakMemoryBytes: 1,
    price: { seconds: 1, bytes: 1 },
    loss: [],
    heldOutLoss: { before: 1, after: 1 },
    before: { weights: 'f32', task: before, knowledge: known },
    after: { weights: 'f32', task: after, knowledge: facts(known.map(() => 0)) },
    experts: undefined,
    balance: undefined,
  };
  const result = runResult(figures);
  expect(parseAdaptResult(JSON.parse(JSON.stringify(result)))).toEqual(result);
  return result.examples;
};

describe('the examples of a run', () => {
  it('are all facts that it forgot, not some of them', () => {
    expect(resultOf('red', [], [], facts(Array(30).fill(1))).lost).toHaveLength(30);
  });

  it('of a task are the samples that were right and are wrong, and the reverse; whatever the order after', () => {
    const answers = (right: readonly number[]) => right.map((exact, i) => item(`s${i}`, `${exact}`, { 'exact-match': exact }));
    const examples = resultOf('red', answers([1, 1, 0, 0]), answers([0, 1, 1, 0]).reverse());
    expect(examples).toMatchObject({
      taskLost: [{ prompt: 'ask s0', expected: 'gold', before: '1', after: '0' }],
      taskGained: [{ prompt: 'ask s2', before: '0', after: '1' }],
    });
    expect(examples.taskRightFrom).toBeUndefined();
  });

  it('of sentences count as right from half of the words on, and those that changed most come first', () => {
    const answers = (scores: readonly number[]) => scores.map((f1, i) => item(`s${i}`, `${f1}`, { 'word-f1': f1 }));
    const examples = resultOf('more than four words here', answers([0.5, 0.9, 0.49, 0.1, 1, 0.2]), answers([0.49, 0.2, 0.5, 0.9, 0.6, 0.4]));
    expect(examples.taskRightFrom).toBe(0.5);
    expect(examples.taskLost!.map(({ prompt }) => prompt)).toEqual(['ask s1', 'ask s0']);
    expect(examples.taskGained!.map(({ prompt }) => prompt)).toEqual(['ask s3', 'ask s2']);
  });
});
