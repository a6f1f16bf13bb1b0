import { mean } from '../orion/outcome/mean.ts';
import { type RetrievalResult, type RetrievalRun, retrievalRuns } from './retrieval-result.ts';

/** A figure of several seeds: its mean, the least and the greatest. */
export interface OverSeeds {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

/** What a study comes to with several seeds, each of which draws stories, sources and baselines of its own. */
export interface RetrievalOverSeeds {
  readonly layer: OverSeeds;
  readonly accuracy: { readonly target: OverSeeds; readonly source: OverSeeds; readonly chimera: OverSeeds };
  /** Probability of the source's request answered from the target's story. */
  readonly requested: Readonly<Record<RetrievalRun, OverSeeds>>;
  /** How far a run has gone from the target's logit difference, 0, to the chimera's, 1. */
  readonly way: Readonly<Record<RetrievalRun, OverSeeds>>;
  readonly change: { readonly heads: OverSeeds; readonly mlps: OverSeeds };
  readonly overlap: { readonly patched: OverSeeds; readonly resampled: OverSeeds; readonly others: OverSeeds };
  /** Heads found, and with how many seeds; the most first. */
  readonly movers: readonly { readonly name: string; readonly seeds: number }[];
  readonly valueHeads: readonly { readonly name: string; readonly value: string; readonly seeds: number }[];
}

export const overSeeds = (studies: readonly RetrievalResult[]): RetrievalOverSeeds => {
  const over = (of: (study: RetrievalResult) => number): OverSeeds => {
    const all = studies.map(of);
    return { mean: mean(all), least: Math.min(...all), most: Math.max(...all) };
  };
  const runs = (of: (study: RetrievalResult, run: RetrievalRun) => number) =>
    Object.fromEntries(retrievalRuns.map((run) => [run, over((study) => of(study, run))])) as Record<RetrievalRun, OverSeeds>;
  const counted = (names: (study: RetrievalResult) => readonly string[]): [string, number][] => {
    const counts = new Map<string, number>();
    for (const study of studies) for (const name of names(study)) counts.set(name, (counts.get(name) ?? 0) + 1);
    return [...counts].sort(([, a], [, b]) => b - a);
  };
  return {
    layer: over(({ layer }) => layer),
    accuracy: { target: over(({ accuracy }) => accuracy.target), source: over(({ accuracy }) => accuracy.source), chimera: over(({ accuracy }) => accuracy.chimera) }, // biome-ignore format: one value
    requested: runs(({ outcomes }, run) => outcomes[run].requested.value),
    way: runs(wayOf),
    change: { heads: over(({ change }) => change.heads), mlps: over(({ change }) => change.mlps) },
    overlap: {
      patched: over(({ overlap }) => overlap.patched.value),
      resampled: over(({ overlap }) => overlap.resampled.value),
      others: over(({ overlap }) => overlap.others.value),
    },
    movers: counted(({ movers }) => movers).map(([name, seeds]) => ({ name, seeds })),
    valueHeads: counted(({ values }) => values.heads.map(({ name, value }) => JSON.stringify([name, value]))).map(([key, seeds]) => {
      const [name, value] = JSON.parse(key) as [string, string];
      return { name, value, seeds };
    }),
  };
};

const wayOf = ({ outcomes: { target, chimera, ...runs } }: RetrievalResult, run: RetrievalRun): number =>
  run === 'target' ? 0 : run === 'chimera' ? 1 : (runs[run].difference.value - target.difference.value) / (chimera.difference.value - target.difference.value);
