import type { OrionAnswered, OrionExtras, OrionPoint, OrionResult, OrionRole } from '../orion-result.ts';

const layers = 24;
const step = (layer: number, at: number): number => 1 / (1 + Math.exp(at - layer));

/** A made task whose request is moved between two layers to a height; without them it is not known. */
export const sampleTask = (family: string, variant: string, between?: readonly [from: number, to: number], height = 0.95): OrionAnswered => {
  const asked = { family, variant, n: 100, guess: 0.34, softMatch: 0.94, logitDiff: 3.2 };
  if (!between)
    return {
      ...asked,
      accuracy: 0.41,
      tokenProb: 0.22,
      passed: false,
      L1: null,
      L2: null,
      L3: null,
      requestTransfer: null,
      floors: null,
      curves: null,
    };
  const [from, to] = between;
  const floors = { requestIsUnaffected: 0.33, requestIsOutput: 0.11 };
  const values: Record<OrionRole, (layer: number) => number> = {
    unaffected: (layer) => 0.05 + 0.97 * (1 - step(layer, from)),
    request_transfer: (layer) =>
      Math.max(floors.requestIsUnaffected * (1 - step(layer, to)), height * step(layer, from) * (1 - step(layer, to)), floors.requestIsOutput),
    output_transfer: (layer) => 0.04 + 0.95 * step(layer, to),
  };
  const curve = (role: OrionRole): OrionPoint[] =>
    Array.from({ length: layers }, (_, i) => {
      // Something that looks drawn and is the same every time.
      const value = Math.max(0, values[role](i + 1) + 0.04 * Math.sin((i + 1) * 12.9898 + role.length));
      const interval = { value, low: Math.max(0, value - 0.07), high: value + 0.07 };
      return { layer: i + 1, tokenProb: interval, accuracy: interval, softMatch: interval, logitDiff: interval, separable: interval, separablePairs: 60 };
    });
  const curves = { unaffected: curve('unaffected'), request_transfer: curve('request_transfer'), output_transfer: curve('output_transfer') };
  const best = curves.request_transfer.reduce((most, point) => (point.tokenProb.value > most.tokenProb.value ? point : most));
  return {
    ...asked,
    accuracy: 0.93,
    tokenProb: 0.81,
    passed: true,
    L1: curves.unaffected.findLast(({ tokenProb }) => tokenProb.value > 0.8)?.layer ?? 0,
    L2: best.layer,
    L3: curves.output_transfer.find(({ tokenProb }) => tokenProb.value > 0.8)?.layer ?? null,
    requestTransfer: {
      max: best.tokenProb.value,
      ci95: [best.tokenProb.low, best.tokenProb.high],
      separable: 0.9,
      accuracy: 0.9,
      softMatch: 0.91,
      logitDiff: 0.92,
    },
    floors,
    curves,
  };
};

/** A made result for tests: nothing in it was measured. */
export const sampleOrion = (changes: Partial<OrionResult> = {}): OrionResult => ({
  model: 'made-up-1b',
  tasks: [
    sampleTask('qa-uniform-prefix', 'stories', [10, 18]),
    sampleTask('qa-question-start', 'stories', [11, 17]),
    sampleTask('variable-binding', 'pencils', [9, 14], 0.55),
    sampleTask('variable-binding', 'recipe', [10, 14], 0.6),
    sampleTask('variable-binding', 'bills'),
    sampleTask('induction', 'random-strings', [8, 19]),
    sampleTask('factual-recall', 'geography'),
  ],
  cells: { passed: 4, above70: 3 },
  ...changes,
});

export const sampleExtras = (changes: Partial<OrionExtras> = {}): OrionExtras => ({
  prompts: 100,
  pairs: 100,
  seed: 1,
  seconds: 754,
  weights: 'f32',
  layers,
  skipped: [],
  chat: { 'qa-uniform-prefix/stories': true, 'qa-question-start/stories': true, 'induction/random-strings': false },
  ...changes,
});
