import type { AttentionResult } from '../attention-report.ts';

const rows = [[1], [0.75, 0.25], [0.6, 0.005, 0.395]];

/** A made-up text of three tokens, read by two blocks of two heads, of which the second is asked for. */
export const sampleAttention = (changed: Partial<AttentionResult> = {}): AttentionResult => ({
  model: 'made-up-1b',
  weights: 'f32',
  tokens: ['a', '\n', ' b'],
  layers: 2,
  heads: 2,
  last: [
    { layer: 0, head: 0, reads: [{ place: 2, weight: 0.8 }, { place: 1, weight: 0.2 }, { place: 0, weight: 0 }] },
    { layer: 0, head: 1, reads: [{ place: 1, weight: 0.7 }, { place: 2, weight: 0.2 }, { place: 0, weight: 0.1 }] },
    { layer: 1, head: 0, reads: [{ place: 2, weight: 0.9 }, { place: 0, weight: 0.1 }, { place: 1, weight: 0 }] },
    { layer: 1, head: 1, reads: [{ place: 0, weight: 0.6 }, { place: 2, weight: 0.395 }, { place: 1, weight: 0.005 }] },
  ], // biome-ignore format: a head a line
  patterns: [
    { layer: 1, head: 0, rows: [[1], [0.1, 0.9], [0.1, 0, 0.9]] },
    { layer: 1, head: 1, rows },
  ],
  ...changed,
});
