import type { RetrievalReportResult } from '../retrieval-result.ts';

const about = (value: number) => ({ value, low: value - 0.05, high: value + 0.05 });
const outcome = (requested: number, own: number, difference: number) => ({ requested: about(requested), own: about(own), difference: about(difference) });

/** A made-up study: two blocks of one head, whose second fetches the value. */
export const sampleRetrieval = (changed: Partial<RetrievalReportResult> = {}): RetrievalReportResult => ({
  model: 'made-up-1b',
  weights: 'f32',
  source: 'character_name',
  target: 'city',
  layers: 2,
  heads: 1,
  prompts: 50,
  resamples: 5,
  seed: 0,
  seconds: 90,
  layer: 1,
  curves: [
    { layer: 1, requested: 0.6, own: 0.05, sources: 0.02 },
    { layer: 2, requested: 0.1, own: 0.02, sources: 0.7 },
  ],
  accuracy: { target: 0.9, source: 0.94, chimera: 0.92 },
  outcomes: {
    target: outcome(0.05, 0.8, -2),
    patched: outcome(0.6, 0.05, 6),
    patterns: outcome(0.3, 0.3, 3),
    valuePatterns: outcome(0.25, 0.35, 2),
    chimera: outcome(0.75, 0.05, 8),
  },
  totalEffect: { target: 9, source: 10, chimera: 10 },
  components: [
    { name: '0.0', kind: 'head', layer: 0, effects: { target: 0.01, source: 0.02, chimera: 0.03, before: 0.01, patched: 0.02 }, attention: { before: 0.1, after: 0.1, chimera: 0.1 } }, // biome-ignore format: one value
    { name: 'mlp 0', kind: 'mlp', layer: 0, effects: { target: 0.1, source: 0.1, chimera: 0.1, before: 0.1, patched: 0.12 }, attention: null },
    { name: '1.0', kind: 'head', layer: 1, effects: { target: 0.02, source: 0.5, chimera: 0.55, before: 0.02, patched: 0.5 }, attention: { before: 0.05, after: 0.75, chimera: 0.8 } }, // biome-ignore format: one value
    { name: 'mlp 1', kind: 'mlp', layer: 1, effects: { target: 0.2, source: 0.2, chimera: 0.25, before: 0.05, patched: 0.21 }, attention: null },
  ],
  movers: ['1.0'],
  attentionChange: { fromTarget: 14, fromChimera: -0.0625 },
  change: { heads: -0.06, mlps: 0.02 },
  overlap: { patched: about(0.7), resampled: about(0.8), others: about(0.6), strong: 3.2 },
  values: {
    told: [
      { value: 'Cusco', stories: 26 },
      { value: 'Porto', stories: 24 },
    ],
    heads: [{ name: '1.0', value: 'Porto', effect: { with: 0.75, without: 0.35 }, attention: { with: 0.9, without: 0.7 }, p: 0.002 }],
  },
  ...changed,
});
