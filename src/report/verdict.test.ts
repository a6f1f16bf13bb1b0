import { describe, expect, it } from 'vitest';
import { type AdaptResult, retrievedKind } from './adapt-result.ts';
import { difference, sampleResult } from './testing/sample-result.ts';
import { judge, passedLowest, verdict } from './verdict.ts';

const sample = sampleResult();
const task = (value: number, half: number): AdaptResult['task'] => ({ ...sample.task!, difference: difference(value, half) });
const knowledge = (value: number, half: number, n = 1000): AdaptResult['knowledge'] => ({ ...sample.knowledge!, n, difference: difference(value, half) });
/** With its spaces made plain, as a person would type it. */
const said = (changes: Partial<AdaptResult>): string => verdict(sampleResult(changes)).replaceAll('\u00a0', ' ');

describe('judge', () => {
  it.each([
    [0.1, 0.05, 'gained'],
    [-0.1, 0.05, 'lost'],
    [0.04, 0.05, 'unclear'],
    // An interval that ends at zero allows for no change.
    [0.05, 0.05, 'unclear'],
    [-0.05, 0.05, 'unclear'],
  ])('calls a task that moved by %f ± %f %s', (value, half, expected) => {
    expect(judge({ task: task(value, half), knowledge: null }).task).toBe(expected);
  });

  it.each([
    [0.03, 0.02, 'gained'],
    [-0.03, 0.02, 'lost'],
    [-0.005, 0.01, 'kept'],
    [-0.005, 0.015, 'kept'],
    [-0.006, 0.015, 'unclear'],
    [0, 0.08, 'unclear'],
    // Sure and small is a loss all the same.
    [-0.01, 0.005, 'lost'],
  ])('calls knowledge that moved by %f ± %f %s', (value, half, expected) => {
    expect(judge({ task: null, knowledge: knowledge(value, half) }).knowledge).toBe(expected);
  });

  it('asks for intervals that stand apart where no paired difference was measured', () => {
    const { difference: _, ...apart } = sample.task!;
    expect(judge({ task: apart, knowledge: null }).task).toBe('gained');
    const touching = { ...apart, after: { value: 0.4, low: apart.before.high, high: 0.45 } };
    expect(judge({ task: touching, knowledge: null }).task).toBe('unclear');
    expect(judge({ task: { ...apart, before: apart.after, after: apart.before }, knowledge: null }).task).toBe('lost');
  });

  it('says what was not measured', () => {
    expect(judge({ task: null, knowledge: null })).toEqual({ task: 'unmeasured', knowledge: 'unmeasured' });
  });
});

describe('verdict', () => {
  it.each<[string, Partial<AdaptResult>, string]>([
    [
      'gained and kept',
      {},
      'Exact match rose from 31.2 % to 58.4 %, +27.2 points (95 % interval +21.0 to +33.4), and world knowledge was kept, −0.6 points (−1.9 to +0.7): use it.',
    ],
    [
      'gained twice',
      { knowledge: knowledge(0.03, 0.01) },
      'Exact match rose from 31.2 % to 58.4 %, +27.2 points (95 % interval +21.0 to +33.4), and world knowledge grew by +3.0 points (+2.0 to +4.0): use it.',
    ],
    [
      'gained and lost',
      { knowledge: knowledge(-0.041, 0.017) },
      'Exact match rose from 31.2 % to 58.4 %, +27.2 points (95 % interval +21.0 to +33.4), but world knowledge was lost, −4.1 points (−5.8 to −2.4): use it for this task only, or train again with more replay than 20 % or for fewer steps.',
    ],
    [
      'gained and lost, without replay',
      { knowledge: knowledge(-0.041, 0.017), replay: { share: 0, source: null } },
      'Exact match rose from 31.2 % to 58.4 %, +27.2 points (95 % interval +21.0 to +33.4), but world knowledge was lost, −4.1 points (−5.8 to −2.4): use it for this task only, or train again with replay, which was off.',
    ],
    [
      'gained and lost, all weights trained',
      { knowledge: knowledge(-0.041, 0.017), method: { kind: 'full', options: {} } },
      'Exact match rose from 31.2 % to 58.4 %, +27.2 points (95 % interval +21.0 to +33.4), but world knowledge was lost, −4.1 points (−5.8 to −2.4): use it for this task only, or train an adapter beside frozen weights.',
    ],
    [
      'gained, and too few questions',
      { knowledge: knowledge(-0.015, 0.065, 40) },
      'Exact match rose from 31.2 % to 58.4 %, +27.2 points (95 % interval +21.0 to +33.4), but 40 questions cannot tell whether world knowledge was kept, −1.5 points (−8.0 to +5.0): ask it more knowledge questions before you rely on it.',
    ],
    [
      'gained, and knowledge not measured',
      { knowledge: null },
      'Exact match rose from 31.2 % to 58.4 %, +27.2 points (95 % interval +21.0 to +33.4), but world knowledge was not measured: measure what it forgot before you rely on it.',
    ],
    [
      'no clear change, knowledge kept',
      { task: task(0.01, 0.05) },
      'Exact match did not clearly change (31.2 % to 58.4 % on 256 samples), but world knowledge was kept, −0.6 points (95 % interval −1.9 to +0.7): keep the base model, or train it on more samples.',
    ],
    [
      'no clear change, knowledge lost',
      { task: task(0.01, 0.05), knowledge: knowledge(-0.041, 0.017) },
      'Exact match did not clearly change (31.2 % to 58.4 % on 256 samples), and world knowledge was lost, −4.1 points (95 % interval −5.8 to −2.4): do not use it, it only forgot.',
    ],
    [
      'no clear change, trained too long',
      {
        task: task(0.01, 0.05),
        loss: [
          { step: 100, train: 2, heldOut: 2 },
          { step: 200, train: 1, heldOut: 1.8 },
          { step: 400, train: 0.5, heldOut: 2.4 },
        ],
      },
      'Exact match did not clearly change (31.2 % to 58.4 % on 256 samples), but world knowledge was kept, −0.6 points (95 % interval −1.9 to +0.7): keep the base model, or train for about 200 steps instead of 400.',
    ],
    [
      'lost',
      { task: { ...task(-0.272, 0.062)!, before: sample.task!.after, after: sample.task!.before } },
      'Exact match fell from 58.4 % to 31.2 %, −27.2 points (95 % interval −33.4 to −21.0), but world knowledge was kept, −0.6 points (−1.9 to +0.7): do not use it, and look at the samples that went wrong.',
    ],
    [
      'nothing but perplexity',
      { task: null, knowledge: null },
      'No task score was measured; held-out perplexity went from 14.9 to 6.02, and world knowledge was not measured: give it samples with expected answers to see whether it got better.',
    ],
    [
      'only knowledge, and lost',
      { task: null, perplexityHeldOut: null, knowledge: knowledge(-0.041, 0.017) },
      'No task score was measured, and world knowledge was lost, −4.1 points (95 % interval −5.8 to −2.4): do not use it before you have measured what it gained.',
    ],
    [
      'nothing trained',
      { method: { kind: retrievedKind, options: {} }, knowledge: null },
      'Exact match rose from 31.2 % to 58.4 %, +27.2 points (95 % interval +21.0 to +33.4), and nothing was trained, so nothing was forgotten: training has to beat this to be worth its price.',
    ],
  ])('%s', (_, changes, expected) => {
    expect(said(changes)).toBe(expected);
  });

  it('says that intervals do not overlap where no difference was measured', () => {
    const { difference: _, ...apart } = sample.task!;
    expect(said({ task: apart })).toContain(
      'Exact match rose from 31.2 % to 58.4 %, the 95 % intervals do not overlap, and world knowledge was kept, −0.6 points (95 % interval',
    );
  });
});

describe('passedLowest', () => {
  it('is null while the held-out loss falls, or where none was measured', () => {
    expect(passedLowest(sample.loss)).toBeNull();
    expect(passedLowest([{ step: 1, train: 2 }])).toBeNull();
    expect(passedLowest([])).toBeNull();
  });

  it('sends nobody to train for no steps', () => {
    const loss = [{ step: 1, train: 0.7, heldOut: 0.69 }, { step: 17, train: 0.2, heldOut: 0.78 }]; // biome-ignore format: short
    expect(passedLowest(loss)).toEqual({ step: 1, of: 17 });
    const unclear = { ...sample.task!, difference: { ...sample.task!.difference!, value: 0, low: -0.1, high: 0.1 } };
    expect(said({ task: unclear, loss })).toContain('train with a smaller learning rate: the held-out loss only rose');
  });
});
