import { summariseMatrix, type TaskMatrix } from './matrix.ts';
import { drawn, intervalOf, type ResampleOptions } from './resample.ts';

/** Where resampling puts 95 % of a figure. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Ranges of a matrix and of what it comes to; where a figure is undefined, or null, so is its range. */
export interface MatrixIntervals {
  /** [tasks] */
  readonly before: readonly Range[];
  /** [stages][tasks] */
  readonly scores: readonly (readonly Range[])[];
  readonly averageScore: Range;
  readonly backwardTransfer?: Range;
  readonly forgetting?: Range;
  readonly forwardTransfer?: Range;
  /** Per task. */
  readonly changes: readonly (Range | null)[];
}

/** What every item of a task scored, one row before the first stage and one after each. */
export interface ScoredMatrix extends Required<Pick<TaskMatrix, 'tasks' | 'stages' | 'learntAt'>> {
  /** [1 + stages][tasks][items]; a task has the same items in every row, in one order. */
  readonly items: readonly (readonly (readonly number[])[])[];
  /** Per task the first one that has the same items: they are drawn alike. Default: each task has its own. */
  readonly alike?: readonly number[];
}

/**
 * Percentile bootstrap over items of all that a matrix says: the items of a task are drawn with replacement, the same for every stage, so that what changed between stages is paired item by item. Seeds of training are not resampled.
 *
 * @throws RangeError where a task has no items, or not the same in every row · as `summariseMatrix`
 */
export const bootstrapMatrix = (
  { tasks, stages, learntAt, items, alike = tasks.map((_, t) => t) }: ScoredMatrix,
  { samples = 1000, seed = 1 }: ResampleOptions = {},
): MatrixIntervals => {
  for (const row of items)
    for (const [t, own] of row.entries())
      if (own.length === 0 || own.length !== items[0]![t]!.length)
        throw new RangeError(`task matrix: expected the same items of ${tasks[t]} in every row, got ${items[0]![t]!.length} and ${own.length}`);
  const meansOf = (pick: (task: number, item: number) => number): number[][] =>
    items.map((row) => row.map((own, t) => own.reduce((sum, _, i) => sum + own[pick(t, i)]!, 0) / own.length));
  const figuresOf = ([before = [], ...scores]: readonly number[][]) => ({ before, scores, ...summariseMatrix({ tasks, stages, scores, before, learntAt }) });
  const told = figuresOf(meansOf((_, i) => i));
  const resampled = Array.from({ length: samples }, (_, s) =>
    figuresOf(
      meansOf((t, i) => {
        const n = items[0]![t]!.length;
        return Math.floor(drawn(seed + alike[t]!, s * n + i) * n);
      }),
    ),
  );
  type Figures = typeof told;
  const rangeOf = (figure: (of: Figures) => number): Range => {
    const { low, high } = intervalOf(figure(told), Float64Array.from(resampled, figure));
    return { low, high };
  };
  const maybe = (name: 'backwardTransfer' | 'forgetting' | 'forwardTransfer') => told[name] !== undefined && { [name]: rangeOf((of) => of[name]!) };
  return {
    before: told.before.map((_, t) => rangeOf((of) => of.before[t]!)),
    scores: told.scores.map((row, stage) => row.map((_, t) => rangeOf((of) => of.scores[stage]![t]!))),
    averageScore: rangeOf((of) => of.averageScore),
    ...maybe('backwardTransfer'),
    ...maybe('forgetting'),
    ...maybe('forwardTransfer'),
    changes: told.changes.map((change, t) => (change === undefined ? null : rangeOf((of) => of.changes[t]!))),
  };
};
