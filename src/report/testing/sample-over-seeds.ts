import type { OverSeeds, SeedArm, SeedScore } from '../over-seeds.ts';

const around = (value: number) => ({ low: value - 0.05, high: value + 0.05 });
/** Made figures for tests: nothing in them was measured. */
export const sampleScore = (changes: Partial<SeedScore> = {}): SeedScore => ({
  metric: 'exact match',
  n: 256,
  sameItems: true,
  before: { value: 0.31, ...around(0.31) },
  after: { value: 0.58, ...around(0.58) },
  difference: { value: 0.27, ...around(0.27), pValue: 0.002 },
  bySeed: [0.56, 0.58, 0.6].map((after) => ({ before: 0.31, after })),
  ...changes,
});
export const sampleArm = (changes: Partial<SeedArm> = {}): SeedArm => ({
  name: 'queue-lora',
  method: 'lora',
  seeds: [1, 2, 3],
  runs: [0, 1, 2],
  task: sampleScore(),
  knowledge: sampleScore({ difference: { value: -0.03, ...around(-0.03), pValue: 0.2 }, after: { value: 0.28, ...around(0.28) } }),
  ...changes,
});
const secondArm = (): SeedArm => sampleArm({ name: 'queue-full', method: 'full', runs: [3, 4, 5], task: sampleScore({ after: { value: 0.55, ...around(0.55) }, sameItems: false }), knowledge: sampleScore({ difference: { value: -0.12, ...around(-0.12), pValue: 0.002 } }) }); // biome-ignore format: one arm
export const sampleOver = (changes: Partial<OverSeeds> = {}): OverSeeds => ({
  arms: [sampleArm(), secondArm(), sampleArm({ name: 'alone', seeds: [1], runs: [6], task: null, knowledge: null })],
  pairs: [{ arms: [0, 1], seeds: [1, 2, 3], task: { value: 0.03, low: 0.01, high: 0.05, pValue: 0.004 }, knowledge: null }],
  notes: [],
  ...changes,
});
