import { describe, expect, it } from 'vitest';
import { parseAdaptResult } from './parse-adapt-result.ts';
import { sampleResult } from './testing/sample-result.ts';

const written = () => JSON.parse(JSON.stringify(sampleResult()));

describe('parseAdaptResult', () => {
  it('reads what was written, and what was not measured', () => {
    expect(parseAdaptResult(written())).toEqual(sampleResult());
    const { experts: _, ...without } = written();
    expect(parseAdaptResult({ ...without, task: null, knowledge: null, perplexityHeldOut: null })).toMatchObject({ task: null, knowledge: null });
  });

  it.each<[string, (result: ReturnType<typeof written>) => void, RegExp]>([
    ['another format', (result) => (result.format = 'lyceum-adapt-result-0'), /format: .*lyceum-adapt-result-1/],
    ['an unknown key', (result) => (result.colour = 'blue'), /colour/],
    ['a missing part', (result) => delete result.replay, /replay/],
    ['a share above 1', (result) => (result.task.after = { value: 58.4, low: 50, high: 60 }), /task\.after\.value/],
    [
      'an interval beside its value',
      (result) => (result.knowledge.before = { value: 0.5, low: 0.6, high: 0.7 }),
      /knowledge\.before: expected low ≤ value ≤ high/,
    ],
    ['steps that go back', (result) => result.loss.push({ step: 3, train: 1 }), /loss: expected steps that grow/],
    ['a loss that is no number', (result) => (result.loss[3].train = null), /loss\.3\.train/],
    ['shares of too few experts', (result) => result.experts.byModule[4].shares.pop(), /experts: expected as many shares/],
  ])('refuses %s', (_, spoil, message) => {
    const result = written();
    spoil(result);
    expect(() => parseAdaptResult(result, 'runs/a/result.json')).toThrow(message);
    expect(() => parseAdaptResult(result, 'runs/a/result.json')).toThrow(/^runs\/a\/result\.json: expected the result of a run of `lyceum adapt`, got /);
  });

  it('names five problems at most', () => {
    expect(() => parseAdaptResult({})).toThrow(/; and \d+ more; name a run's folder$/);
  });
});
