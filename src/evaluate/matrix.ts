/** Scores of tasks after each stage of learning: R of the literature on continual learning. */
export interface TaskMatrix {
  readonly tasks: readonly string[];
  /** Names of the stages, in their order. */
  readonly stages: readonly string[];
  /** R: score of every task after every stage, [stages][tasks]. */
  readonly scores: readonly (readonly number[])[];
  /** Score of every task before the first stage, [tasks]. */
  readonly before?: readonly number[];
  /** Per task the stage that taught it, or 'before' for what was known already (world knowledge, for instance). Default: task i by stage i. */
  readonly learntAt?: readonly (number | 'before')[];
}

export interface TaskMatrixSummary {
  /** Mean score of all tasks after the last stage. */
  readonly averageScore: number;
  /** Mean of what tasks learnt before the last stage gained since they were learnt (GEM, arXiv 1706.08840, eq. 3); negative is forgetting. Undefined where there is no such task. */
  readonly backwardTransfer?: number;
  /** Mean of what they lost of their best score at any time from being learnt on to before the last stage (arXiv 1801.10112, eq. 3). */
  readonly forgetting?: number;
  /** Mean of what tasks gained before they were learnt, over where they stood before the first stage (GEM, eq. 4). Undefined without `before`. */
  readonly forwardTransfer?: number;
  /** Per task: what it gained since it was learnt. */
  readonly changes: readonly (number | undefined)[];
}

/**
 * What learning tasks one after another did to each.
 *
 * @throws RangeError where rows, columns or stages do not fit
 */
export const summariseMatrix = ({ tasks, stages, scores, before, learntAt = tasks.map((_, i) => i) }: TaskMatrix): TaskMatrixSummary => {
  const fit = (what: string, expected: number, got: number): void => {
    if (got !== expected || expected === 0) throw new RangeError(`task matrix: expected ${what} for each of ${Math.max(1, expected)}, got ${got}`);
  };
  fit('a row of scores', stages.length, scores.length);
  for (const row of scores) fit('a score', tasks.length, row.length);
  fit('the stage that taught it', tasks.length, learntAt.length);
  if (before) fit('a score before', tasks.length, before.length);
  const last = stages.length - 1;
  for (const at of learntAt) {
    if (at === 'before' && !before) throw new RangeError('task matrix: expected scores before the first stage for what was known already, got none');
    if (at !== 'before' && !(Number.isInteger(at) && at >= 0 && at <= last)) throw new RangeError(`task matrix: expected stages from 0 to ${last}, got ${at}`);
  }
  // Row −1 is what was before.
  const score = (stage: number, task: number): number => (stage < 0 ? before! : scores[stage]!)[task]!;
  const learnt = (task: number): number => (learntAt[task] === 'before' ? -1 : (learntAt[task] as number));
  const old = tasks.flatMap((_, task) => (learnt(task) < last ? [task] : []));
  const lost = old.map((task) => Math.max(...range(learnt(task), last - 1).map((stage) => score(stage, task))) - score(last, task));
  const later = before ? tasks.flatMap((_, task) => (learnt(task) > 0 ? [task] : [])) : [];
  return {
    averageScore: mean(tasks.map((_, task) => score(last, task))),
    ...(old.length > 0 && { backwardTransfer: mean(old.map((task) => score(last, task) - score(learnt(task), task))), forgetting: mean(lost) }),
    ...(later.length > 0 && { forwardTransfer: mean(later.map((task) => score(learnt(task) - 1, task) - score(-1, task))) }),
    changes: tasks.map((_, task) => (learnt(task) < last ? score(last, task) - score(learnt(task), task) : undefined)),
  };
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
