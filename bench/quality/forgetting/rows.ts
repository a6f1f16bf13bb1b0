import { alone } from '../../reader/row.ts';
import type { QualityRow } from '../multi-task.ts';
import { alsoClaimed, claimed } from './cells.ts';
import { kinds } from './data.ts';
import type { Result } from './results.ts';
import { figureNames, figureOf, gainOf, halfWidth, select, shareLost } from './statistics.ts';

const units = {
  knowledge: 'share right',
  margin: 'nats',
  questions: 'share right',
  task: 'F1 of words',
  'task-exact': 'share right',
  'task-logprob': 'nats a token',
} as const;
const perCent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Every figure of every arm and size that is there, beside the model before training, and of mixtures the use of experts by kind; then the claim, where its arms are. */
export const rowsOf = (results: readonly Result[]): QualityRow[] => {
  const base = results.find(({ arm }) => arm === 'base');
  if (!base) return [];
  const groups = [...new Map(results.filter(({ arm }) => arm !== 'base').map(({ arm, size }) => [`${arm}/${size}`, { arm, size }])).values()];
  const figures = groups.flatMap(({ arm, size }) => {
    const own = select(results, arm, size);
    const before = figureNames.map((figure): QualityRow => {
      const gain = gainOf(figure, own, base);
      return {
        ...alone,
        name: `quality/forgetting/${arm}/${size}/${figure}`,
        metric: 'share',
        unit: units[figure],
        ours: figureOf(figure, own).value,
        peer: figureOf(figure, [base]).value,
        peerName: 'the model before training',
        runs: own.length,
        gate: false,
        seeds: own.map(({ seed }) => seed),
        ci95: halfWidth(gain),
        note: `gain ${gain.value.toFixed(3)} (95 %: ${gain.low.toFixed(3)} to ${gain.high.toFixed(3)})`,
      };
    });
    return [...before, ...expertRows(arm, size, own)];
  });
  const sizes = [...new Set(groups.map(({ size }) => size))].filter((size) => claimed.every((arm) => select(results, arm, size).length > 0));
  const besides = alsoClaimed.flatMap((arm) => sizes.filter((size) => select(results, arm, size).length > 0).map((size) => claims(results, base, size, arm)));
  return [...sizes.flatMap((size) => claims(results, base, size)), ...besides.flat(), ...figures];
};

/** How much of what samples of a kind are served by is the kind's own group of experts, mean over seeds. */
const expertRows = (arm: string, size: number, results: readonly Result[]): QualityRow[] => {
  const own = results.filter(({ experts }) => experts);
  if (own.length === 0) return [];
  return kinds.map((kind, group): QualityRow => {
    const shares = own.map(({ experts }) => {
      const all = experts![kind];
      return all.slice((group * all.length) / 2, ((group + 1) * all.length) / 2).reduce((a, b) => a + b, 0);
    });
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    return {
      ...alone,
      name: `quality/forgetting/${arm}/${size}/experts-${kind}`,
      metric: 'share',
      unit: 'share of its own group of experts',
      ours: mean,
      peer: 0.5,
      peerName: 'an even share',
      runs: own.length,
      gate: false,
      seeds: own.map(({ seed }) => seed),
      ci95: Number.NaN,
      note: `from ${Math.min(...shares).toFixed(3)} to ${Math.max(...shares).toFixed(3)} over seeds; experts ${own[0]!.experts![kind].map((share) => share.toFixed(3)).join(', ')} with seed ${own[0]!.seed}`,
    };
  });
};

/** LoRAMoE with the constraint beside full fine-tuning of the same seeds: what it lost of general knowledge and what it learnt. @param arm  which LoRAMoE */
const claims = (results: readonly Result[], base: Result, size: number, arm = 'loramoe'): QualityRow[] => {
  const seeds = select(results, 'full', size).map(({ seed }) => seed);
  const ours = select(results, arm, size, seeds);
  const which = arm === 'loramoe' ? size : `${size}/${arm}`;
  const full = select(results, 'full', size, ours.map(({ seed }) => seed)); // biome-ignore format: one thought
  const common = { ...alone, peerName: 'full fine-tuning', runs: ours.length, gate: true, seeds: ours.map(({ seed }) => seed), metric: 'share' } as const;
  const [own, other] = [gainOf('knowledge', ours, base), gainOf('knowledge', full, base)];
  const apart = gainOf('knowledge', ours, full);
  const share = shareLost('knowledge', ours, full, base);
  const [task, fullTask, more] = [figureOf('task', ours), figureOf('task', full), gainOf('task', ours, full)];
  return [
    {
      ...common,
      name: `quality/forgetting/knowledge-kept/${which}`,
      unit: 'points of knowledge gained',
      ours: 100 * own.value,
      peer: 100 * other.value,
      ci95: 100 * halfWidth(apart),
      note: `${Number.isNaN(share) ? 'full fine-tuning lost none' : `lost ${perCent(share)} of what full fine-tuning lost (wanted at most 30 %)`}; apart ${(100 * apart.value).toFixed(1)} points (95 %: ${(100 * apart.low).toFixed(1)} to ${(100 * apart.high).toFixed(1)})`,
    },
    {
      ...common,
      name: `quality/forgetting/task-kept/${which}`,
      unit: 'F1 of words',
      ours: task.value,
      peer: fullTask.value,
      ratio: task.value / fullTask.value,
      ci95: halfWidth(more),
      note: `${perCent(task.value / fullTask.value)} of full fine-tuning (wanted at least 98 %); apart ${more.value.toFixed(3)} (95 %: ${more.low.toFixed(3)} to ${more.high.toFixed(3)})`,
    },
  ];
};
