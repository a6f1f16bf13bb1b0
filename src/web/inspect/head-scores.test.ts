import { describe, expect, it } from 'vitest';
import type { InspectHeadsScored } from '../state/types.ts';
import { kindFinding, ranked, scoreOf, scoresCsv, two } from './head-scores.ts';

const read: InspectHeadsScored = {
  model: 'tiny',
  weights: 'f32',
  layers: 2,
  heads: 2,
  length: 6,
  texts: 1,
  seed: 0,
  scores: [
    { layer: 0, head: 0, previous: 0.9, duplicate: 0, induction: 0.1, copying: -0.75 },
    { layer: 0, head: 1, previous: 0.5, duplicate: 0.25, induction: 0, copying: 0.1 },
    { layer: 1, head: 0, previous: 0.1, duplicate: 0, induction: 0.625, copying: 1 },
    { layer: 1, head: 1, previous: 0.2, duplicate: 0, induction: 0.5, copying: 0 },
  ],
};

describe('kinds of heads on the Inspect page', () => {
  it('are ranked, and told of in a sentence each', () => {
    expect(ranked(read, 'previous', 2).map(({ layer, head }) => [layer, head])).toEqual([[0, 0], [0, 1]]); // biome-ignore format: one value
    expect(kindFinding(read, 'previous')).toBe('Previous token: most in head 0.0, 0.90; 2 of 4 at 0.50 and more');
    expect(kindFinding(read, 'duplicate')).toBe('Duplicate token: most in head 0.1, 0.25; none of 4 at 0.50 and more');
    expect(two(-0.754)).toBe('−0.75');
  });

  it('are found by the head’s name, which begins with the strongest induction head, and saved', () => {
    expect(scoreOf(read, '0.1')).toBe(read.scores[1]);
    for (const name of ['', '2.0', '0.9', 'x']) expect(scoreOf(read, name)).toBe(read.scores[2]);
    expect(scoresCsv(read).split('\n').slice(0, 2)).toEqual(['head,previous,duplicate,induction,copying', '0.0,0.9000,0.0000,0.1000,-0.7500']);
    expect(scoresCsv(read).split('\n')).toHaveLength(6);
  });
});
