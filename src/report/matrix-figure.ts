import { type Content, html, type Markup } from './html.ts';
import type { LearningMatrix, Range } from './learning-matrix.ts';
import { capital, counted, grouped, percent, percentInterval, pointsInterval } from './numbers.ts';
import { figure, table } from './page.ts';
import { cellShade, type MatrixCell, matrixPlot } from './plots/matrix.ts';

const number = (label: string) => ({ label, number: true });
const four = (value: number) => Number(value.toFixed(4));
const known = 'world';

/** What tasks are called where there is little room: those of stages by their numbers. */
const shortNames = ({ tasks }: LearningMatrix): string[] => tasks.map(({ learntAt }) => (learntAt === 'before' ? known : String(learntAt + 1)));

const cellsOf = (matrix: LearningMatrix, names: readonly string[]): MatrixCell[] => {
  const columns = shortNames(matrix);
  const row = (name: string, stage: number, scores: readonly number[], ranges: readonly Range[]): MatrixCell[] =>
    scores.map((score, t) => ({
      row: name,
      column: columns[t]!,
      score,
      range: ranges[t]!,
      framed: (matrix.tasks[t]!.learntAt === 'before' ? -1 : matrix.tasks[t]!.learntAt) === stage,
    }));
  const { before, scores, intervals } = matrix;
  return [
    row('base model', -1, before, intervals.before),
    ...scores.map((own, stage) => row(`${stage + 1} ${names[stage]}`, stage, own, intervals.scores[stage]!)),
  ].flat();
};

/** What became of what was learnt before the last stage; no change where the interval has 0 in it. */
const finding = ({
  summary: { backwardTransfer: value = 0 },
  intervals: { backwardTransfer: { low, high } = { low: 0, high: 0 } },
}: LearningMatrix): string => {
  const changed = low > 0 || high < 0;
  const said = changed ? (value < 0 ? 'clearly fell' : 'clearly rose') : 'show no clear change';
  return `scores of what was known before the last stage ${said} since it was learnt, on average ${pointsInterval({ value, low, high })}`;
};

/** One sentence: how well all tasks are known in the end, and what became of the earlier ones. */
export const matrixVerdict = (matrix: LearningMatrix): string =>
  `After ${counted(matrix.stages.length, 'stage')} the average score of ${counted(matrix.tasks.length, 'task')} is ${percentInterval({ value: matrix.summary.averageScore, ...matrix.intervals.averageScore })}; ${finding(matrix)}.`;

const heatMap = async (matrix: LearningMatrix, names: readonly string[]): Promise<Markup> => {
  const { tasks, before, scores, intervals } = matrix;
  const cells = cellsOf(matrix, names);
  const top = Math.max(...cells.map(({ score }) => score ?? 0));
  const title = capital(finding(matrix));
  const shorts = shortNames(matrix);
  const all = [before, ...scores].map((row, i) => ({ row, ranges: [intervals.before, ...intervals.scores][i]! }));
  return figure({
    title,
    caption: `A row is what a stage’s model scores, a column is a task, a frame stands where it was learnt: read down from the frame, and where the cells get paler the task was forgotten. Small figures are 95\u00a0% intervals over the items (${tasks.map(({ n }, t) => `${shorts[t] === known ? known : `task\u00a0${shorts[t]}`} n\u00a0=\u00a0${grouped(n)}`).join(', ')}).`,
    plot: await matrixPlot(title, cells),
    key: html`<span class="ramp">${percent(0, 0)}&nbsp;${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<i style="background:${cellShade(share * top, top)}"></i>`)}&nbsp;${percent(top, 0)}</span>`,
    numbers: {
      columns: [{ label: 'after' }, ...tasks.flatMap(({ name }) => [number(name), number(`${name}, low`), number(`${name}, high`)])],
      rows: all.map(({ row, ranges }, i) => [
        i === 0 ? 'base model' : names[i - 1]!,
        ...row.flatMap((score, t) => [four(score), four(ranges[t]!.low), four(ranges[t]!.high)]),
      ]),
    },
    file: 'matrix',
  });
};

/** Scores of tasks after each stage, drawn, and what they come to. @param names  of the stages, told apart */
export const matrixSection = async (matrix: LearningMatrix, names: readonly string[]): Promise<Content> => {
  const { tasks, summary, intervals, apart } = matrix;
  const inPoints = (value: number | null | undefined, range: Range | null | undefined): string =>
    value === undefined || value === null || !range ? '–' : pointsInterval({ value, ...range });
  const shorts = shortNames(matrix);
  return [
    apart.map(
      (stage) =>
        html`<p class="warn">“${names[stage]}” does not start from “${names[stage - 1]}”: what changes between these two is the difference of two models, and no forgetting.</p>\n`,
    ),
    await heatMap(matrix, names),
    table('What the matrix comes to', {
      columns: [{ label: 'figure' }, number('value, 95\u00a0% interval'), { label: 'what it is' }],
      rows: [
        [
          'Average score',
          percentInterval({ value: summary.averageScore, ...intervals.averageScore }),
          `of ${counted(tasks.length, 'task')} after the last stage`,
        ],
        [
          'Backward transfer',
          inPoints(summary.backwardTransfer, intervals.backwardTransfer),
          'what tasks gained since they were learnt, on average; below 0 is forgetting',
        ],
        [
          'Forgetting',
          inPoints(summary.forgetting, intervals.forgetting).replaceAll('+', ''),
          'what they lost of their best score since they were learnt, on average',
        ],
        [
          'Forward transfer',
          inPoints(summary.forwardTransfer, intervals.forwardTransfer),
          'what tasks had gained before the stage that taught them, on average',
        ],
      ],
    }),
    table('The tasks, and what became of each', {
      columns: [{ label: 'task' }, { label: 'held-out samples of' }, { label: 'scored by' }, number('n'), number('since it was learnt')],
      rows: tasks.map(({ name, metric, n }, t) => [
        shorts[t]!,
        shorts[t] === known ? 'facts about the world' : name,
        metric,
        grouped(n),
        inPoints(summary.changes[t], intervals.changes[t]),
      ]),
    }),
  ];
};
