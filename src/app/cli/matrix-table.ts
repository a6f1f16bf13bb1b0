import type { LearningMatrix } from '../../report/index.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const inPoints = (difference: number | null | undefined): string =>
  difference === undefined || difference === null
    ? '–'
    : (100 * difference)
        .toFixed(1)
        .replace(/^-0\.0$/, '0.0')
        .replace('-', '−');
const signed = (difference: number | null | undefined): string => (difference && difference > 0 ? `+${inPoints(difference)}` : inPoints(difference));

/** Scores after each stage as a terminal shows them, and what they come to. A column is a task, named by the number of the stage that taught it. */
export const matrixTable = ({ tasks, stages, scores, before, summary, apart }: LearningMatrix): string => {
  const { averageScore, backwardTransfer, forgetting, forwardTransfer } = summary;
  const rows = [
    ['', ...tasks.map(({ learntAt }) => (learntAt === 'before' ? 'world' : `task ${learntAt + 1}`))],
    ['base model', ...before.map(percent)],
    ...scores.map((row, stage) => [`${stage + 1} ${stages[stage]}`, ...row.map(percent)]),
    ['since learnt, points', ...summary.changes.map(signed)],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return [
    ...rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')),
    '',
    `average score ${percent(averageScore)}; points of backward transfer ${signed(backwardTransfer)}, forgetting ${inPoints(forgetting)}, forward transfer ${signed(forwardTransfer)}`,
    ...apart.map(
      (stage) => `${stages[stage]} does not start from ${stages[stage - 1]}: what changes between them is the difference of two models, and no forgetting`,
    ),
  ].join('\n');
};
