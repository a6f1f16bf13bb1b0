import type { LearningMatrix, Range } from '../../report/index.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const inPoints = (difference: number | null | undefined): string =>
  difference === undefined || difference === null
    ? '–'
    : (100 * difference)
        .toFixed(1)
        .replace(/^-0\.0$/, '0.0')
        .replace('-', '−');
const signed = (difference: number | null | undefined): string => (difference && difference > 0 ? `+${inPoints(difference)}` : inPoints(difference));

const share = (value: number, { low, high }: Range): string => `${percent(value)} [${(100 * low).toFixed(0)}, ${(100 * high).toFixed(0)}]`;
const change = (value: number | null | undefined, range: Range | null | undefined, said = signed): string =>
  value === null || value === undefined || !range ? '–' : `${said(value)} [${said(range.low)}, ${said(range.high)}]`;

/** Scores after each stage as a terminal shows them, with their 95 % intervals, and what they come to. A column is a task, named by the number of the stage that taught it. */
export const matrixTable = ({ tasks, stages, scores, before, summary, intervals, apart }: LearningMatrix): string => {
  const { averageScore, backwardTransfer, forgetting, forwardTransfer } = summary;
  const rows = [
    ['', ...tasks.map(({ learntAt }) => (learntAt === 'before' ? 'world' : `task ${learntAt + 1}`))],
    ['base model', ...before.map((score, t) => share(score, intervals.before[t]!))],
    ...scores.map((row, stage) => [`${stage + 1} ${stages[stage]}`, ...row.map((score, t) => share(score, intervals.scores[stage]![t]!))]),
    ['since learnt, points', ...summary.changes.map((gained, t) => change(gained, intervals.changes[t]))],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return [
    ...rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')),
    '',
    `average score ${share(averageScore, intervals.averageScore)}`,
    `backward transfer ${change(backwardTransfer, intervals.backwardTransfer)} points, forgetting ${change(forgetting, intervals.forgetting, inPoints)}, forward transfer ${change(forwardTransfer, intervals.forwardTransfer)}`,
    'in brackets: 95 % of the bootstrap over items',
    ...apart.map(
      (stage) => `${stages[stage]} does not start from ${stages[stage - 1]}: what changes between them is the difference of two models, and no forgetting`,
    ),
  ].join('\n');
};
