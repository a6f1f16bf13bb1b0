import { expect, it } from 'vitest';
import type { Sample } from '../../adapt/index.ts';
import { combinedData, kindNumbers, type SplitRun } from './combined-data.ts';

const sample = (id: string, asked: string): Sample => ({
  id,
  line: 1,
  shape: 'instruction',
  turns: [
    { role: 'user', content: asked },
    { role: 'assistant', content: 'The handbook has it on its last page.' },
  ],
});
const run = (name: string, training: readonly Sample[], heldOut: readonly Sample[]): SplitRun => ({
  name,
  learnt: training.length,
  split: {
    read: { samples: [...training, ...heldOut], shapes: {}, kinds: {}, skipped: [], duplicates: [], renamed: [] },
    classified: undefined,
    length: 64,
    preferences: false,
    training,
    heldOut,
  },
});

it('takes turns between runs, calls kinds by them, and finds what one held out and another learnt', () => {
  const shared = 'Which of the two valves behind the northern boiler has to be shut first?';
  const data = combinedData([
    run('a', [sample('1', 'How often is the gauge of the southern tank read in winter?')], [sample('2', shared), sample('3', 'Who keeps the key?')]),
    run('b', [sample('1', shared)], [sample('2', 'Where does the spare fuse for the pump of the well lie?')]),
  ]);
  expect(data.heldOut.map(({ id, kind }) => [id, kind])).toEqual([['a 2', 'a'], ['b 2', 'b'], ['a 3', 'a']]); // biome-ignore format: short
  expect(data.contaminated.map(({ trainingId, evaluationId }) => [trainingId, evaluationId])).toEqual([['b 1', 'a 2']]);
  expect([data.learnt, data.read.kinds, kindNumbers(data.kinds)]).toEqual([2, { a: 3, b: 2 }, new Map([['a', 0], ['b', 1]])]); // biome-ignore format: short
});
