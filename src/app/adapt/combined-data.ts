import { findOverlaps, type Sample, textOf } from '../../adapt/index.ts';
import type { RunFigures } from './run-result.ts';
import type { SplitData } from './split-data.ts';

/** A run and how its samples were split. */
export interface SplitRun {
  readonly name: string;
  /** Samples that were learnt. */
  readonly learnt: number;
  readonly split: SplitData;
}

/** What several runs learnt from, as one: the kind of a sample is the run it is of. Held-out samples take turns, so that the first of them are of all runs. */
export const combinedData = (runs: readonly SplitRun[]): Omit<RunFigures['data'], 'contaminatedFacts'> => {
  const own = ({ name }: SplitRun, samples: readonly Sample[]): Sample[] => samples.map((sample) => ({ ...sample, id: `${name} ${sample.id}`, kind: name }));
  const each = runs.map((run) => own(run, run.split.heldOut));
  const longest = Math.max(...each.map(({ length }) => length));
  const heldOut = Array.from({ length: longest }, (_, i) => each.flatMap((samples) => samples.slice(i, i + 1))).flat();
  const read = runs.flatMap((run) => own(run, run.split.read.samples));
  const passages = (samples: readonly Sample[]) => samples.map((sample) => ({ id: sample.id, text: textOf(sample) }));
  // What one run held out another may have learnt.
  const overlaps = findOverlaps(passages(runs.flatMap((run) => own(run, run.split.training))), passages(heldOut));
  return {
    learnt: runs.reduce((sum, { learnt }) => sum + learnt, 0),
    read: {
      samples: read,
      kinds: Object.fromEntries(runs.map(({ name, split }) => [name, split.read.samples.length])),
      skipped: runs.flatMap(({ split }) => split.read.skipped),
      duplicates: runs.flatMap(({ split }) => split.read.duplicates),
    },
    refused: [],
    heldOut,
    contaminated: overlaps.map(({ trainingId, evaluationId, shared: words }) => ({ trainingId, evaluationId, words })),
    pairs: [],
    kinds: new Map(runs.map(({ name }, i) => [i, name])),
    replay: { share: 0, source: null, texts: 0 },
  };
};

/** Numbers of the kinds, as samples are tokenised with. */
export const kindNumbers = (kinds: ReadonlyMap<number, string>): Map<string, number> => new Map([...kinds].map(([number, name]) => [name, number]));
