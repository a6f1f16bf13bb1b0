import { type AdaptResult, adaptResultFormat, type Difference, type Interval } from '../adapt-result.ts';
import { verdict } from '../verdict.ts';

const interval = (value: number, half: number): Interval => ({ value, low: Math.max(0, value - half), high: Math.min(1, value + half) });
export const difference = (value: number, half: number): Difference => ({
  value,
  low: value - half,
  high: value + half,
  pValue: Math.abs(value) > half ? 0.002 : 0.4,
});

// A counter turned into a number in [0, 1): made data that looks alive and is the same every time.
const wave = (i: number): number => {
  const x = Math.sin(i * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};

const normal = (shares: number[]): number[] => {
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => Number((share / sum).toFixed(6)));
};

const relations = [
  'capital of',
  'author of',
  'born in',
  'official language',
  'located in',
  'discovered by',
  'currency of',
  'continent of',
  'part of',
  'instance of',
];

/** A made result for tests: nothing in it was measured. */
export const sampleResult = (changes: Partial<AdaptResult> = {}): AdaptResult => {
  const steps = Array.from({ length: 600 }, (_, i) => i + 1);
  const made: Omit<AdaptResult, 'verdict'> = {
    format: adaptResultFormat,
    name: 'support-answers',
    model: { name: 'smollm2-135m-instruct', sha256: '5f3a9c'.repeat(11).slice(0, 64), parameters: 134_515_008 },
    data: {
      path: 'data/support.jsonl',
      samples: 2048,
      shapes: [
        { shape: 'chat', samples: 1600 },
        { shape: 'instruction', samples: 448 },
      ],
      kinds: [
        { kind: 'task', samples: 1536 },
        { kind: 'knowledge', samples: 512 },
      ],
      heldOut: 256,
      skipped: [{ reason: 'longer than the context', samples: 11 }],
      duplicates: 7,
      contaminated: 0,
    },
    method: { kind: 'loramoe', options: { experts: 6, rank: 4, alpha: 32, dropout: 0.05, targets: 'mlp', groups: [3, 3] } },
    trainable: 3_628_800,
    tokens: 1_228_800,
    seconds: 2_460,
    peakMemoryBytes: 2_310_000_000,
    price: { estimated: { seconds: 2_280, bytes: 2_400_000_000 } },
    seeds: [1, 2, 3],
    loss: steps.map((step) => ({
      step,
      train: 1.62 + 1.05 * Math.exp(-step / 90) + (wave(step) - 0.5) * 0.22,
      ...(step % 25 === 0 && { heldOut: 1.78 + 0.92 * Math.exp(-step / 80) + step * 0.00002 }),
    })),
    task: { metric: 'exact match', n: 256, before: interval(0.312, 0.055), after: interval(0.584, 0.06), difference: difference(0.272, 0.062) },
    perplexityHeldOut: { before: 14.9, after: 6.02 },
    knowledge: {
      metric: 'right object ranked first',
      n: 1000,
      before: interval(0.412, 0.031),
      after: interval(0.406, 0.031),
      difference: difference(-0.006, 0.013),
      byRelation: relations.map((relation, i) => {
        const before = 0.2 + 0.5 * wave(i + 3);
        return { relation, n: 60 + 8 * i, before, after: Math.min(1, Math.max(0, before + (wave(i + 40) - 0.55) * 0.12)) };
      }),
    },
    examples: {
      lost: [
        { question: 'What is the capital of Australia?', expected: 'Canberra', before: 'Canberra', after: 'Sydney' },
        {
          question: 'Who wrote “The Origin of Species”?',
          expected: 'Charles Darwin',
          before: 'Charles Darwin',
          after: 'Thank you for your question! Please open a ticket.',
        },
      ],
      gained: [{ question: 'Which language is official in Brazil?', expected: 'Portuguese', before: 'Spanish', after: 'Portuguese' }],
      task: Array.from({ length: 6 }, (_, i) => ({
        prompt: `A customer asks how to change the address of order ${1040 + i}.\nAnswer with the queue alone.`,
        expected: 'orders/address',
        before: 'You can change the address in your account settings by going to the profile page.',
        after: i === 4 ? 'orders' : 'orders/address',
      })),
      taskLost: [{ prompt: 'Which queue takes a torn invoice?', expected: 'billing', before: 'billing', after: 'orders/address' }],
      taskGained: [{ prompt: 'Which queue takes a new address?', expected: 'orders/address', before: 'none', after: 'orders/address' }],
    },
    experts: {
      byKind: [
        { kind: 'task', shares: normal([0.12, 0.1, 0.14, 0.22, 0.2, 0.22]) },
        { kind: 'knowledge', shares: normal([0.24, 0.21, 0.2, 0.11, 0.13, 0.11]) },
      ],
      byModule: ['mlp.gate', 'mlp.up', 'mlp.down'].flatMap((module, m) =>
        Array.from({ length: 30 }, (_, layer) => ({
          site: `blocks.${layer}.${module}`,
          shares: normal(Array.from({ length: 6 }, (_, expert) => 0.5 + wave(m * 1000 + layer * 17 + expert) * (0.4 + layer / 30))),
        })),
      ),
      groups: [3, 3],
      balance: 0.031,
    },
    replay: { share: 0.2, source: 'general instructions, 400 samples' },
    ...changes,
  };
  return { ...made, verdict: changes.verdict ?? verdict(made) };
};
