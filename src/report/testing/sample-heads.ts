import type { HeadsResult } from '../heads-report.ts';

const none = { previous: 0.1, duplicate: 0, induction: 0.02, copying: -0.75 };

/** A made-up model of four heads. */
export const sampleHeads = (changed: Partial<HeadsResult> = {}): HeadsResult => ({
  model: 'made-up-1b',
  weights: 'f32',
  layers: 2,
  heads: 2,
  length: 50,
  texts: 4,
  seed: 0,
  scores: [
    { layer: 0, head: 0, ...none, previous: 0.98 },
    { layer: 0, head: 1, ...none },
    { layer: 1, head: 0, ...none, induction: 0.91, copying: 0.6 },
    { layer: 1, head: 1, ...none, induction: 0.7 },
  ],
  ...changed,
});
