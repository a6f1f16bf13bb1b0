import { type Content, html, type Markup } from './html.ts';
import type { LearningMatrix } from './learning-matrix.ts';
import { capital, counted, grouped, percent, points } from './numbers.ts';
import { figure, table } from './page.ts';
import { cellShade, type MatrixCell, matrixPlot } from './plots/matrix.ts';

const number = (label: string) => ({ label, number: true });
const four = (value: number) => Number(value.toFixed(4));
const known = 'world';

/** What tasks are called where there is little room: those of stages by their numbers. */
const shortNames = ({ tasks }: LearningMatrix): string[] => tasks.map(({ learntAt }) => (learntAt === 'before' ? known : String(learntAt + 1)));

const cellsOf = (matrix: LearningMatrix, names: readonly string[]): MatrixCell[] => {
  const columns = shortNames(matrix);
  const row = (name: string, stage: number, scores: readonly number[]): MatrixCell[] =>
    scores.map((score, t) => ({
      row: name,
      column: columns[t]!,
      score,
      framed: (matrix.tasks[t]!.learntAt === 'before' ? -1 : matrix.tasks[t]!.learntAt) === stage,
    }));
  return [row('base model', -1, matrix.before), ...matrix.scores.map((scores, stage) => row(`${stage + 1} ${names[stage]}`, stage, scores))].flat();
};

/** What became of what was learnt before the last stage. */
const finding = ({ summary: { backwardTransfer = 0 } }: LearningMatrix): string => {
  const said = points(Math.abs(backwardTransfer)).replace('+', '');
  const moved = `${backwardTransfer < 0 ? 'lost' : 'gained'} ${said} points on average since`;
  return `what was known before the last stage ${Number(said) === 0 ? 'is as it was when' : moved} it was learnt`;
};

/** One sentence: how well all tasks are known in the end, and what became of the earlier ones. */
export const matrixVerdict = (matrix: LearningMatrix): string =>
  `After ${counted(matrix.stages.length, 'stage')} the average score of ${counted(matrix.tasks.length, 'task')} is ${percent(matrix.summary.averageScore)}; ${finding(matrix)}.`;

const heatMap = async (matrix: LearningMatrix, names: readonly string[]): Promise<Markup> => {
  const { tasks, before, scores } = matrix;
  const cells = cellsOf(matrix, names);
  const top = Math.max(...cells.map(({ score }) => score ?? 0));
  const title = capital(finding(matrix));
  const shorts = shortNames(matrix);
  const all = [before, ...scores];
  return figure({
    title,
    caption: `A row is what a stage’s model scores, a column is a task, a frame stands where it was learnt: read down from the frame, and where the cells get paler the task was forgotten (${tasks.map(({ n }, t) => `${shorts[t] === known ? known : `task\u00a0${shorts[t]}`} n\u00a0=\u00a0${grouped(n)}`).join(', ')}).`,
    plot: await matrixPlot(title, cells),
    key: html`<span class="ramp">${percent(0, 0)}&nbsp;${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<i style="background:${cellShade(share * top, top)}"></i>`)}&nbsp;${percent(top, 0)}</span>`,
    numbers: {
      columns: [{ label: 'after' }, ...tasks.map(({ name }) => number(name))],
      rows: all.map((row, i) => [i === 0 ? 'base model' : names[i - 1]!, ...row.map(four)]),
    },
    file: 'matrix',
  });
};

/** Scores of tasks after each stage, drawn, and what they come to. @param names  of the stages, told apart */
export const matrixSection = async (matrix: LearningMatrix, names: readonly string[]): Promise<Content> => {
  const { tasks, summary, apart } = matrix;
  const inPoints = (value: number | null | undefined): string => (value === undefined || value === null ? '–' : `${points(value)} points`);
  const shorts = shortNames(matrix);
  return [
    apart.map(
      (stage) =>
        html`<p class="warn">“${names[stage]}” does not start from “${names[stage - 1]}”: what changes between these two is the difference of two models, and no forgetting.</p>\n`,
    ),
    await heatMap(matrix, names),
    table('What the matrix comes to', {
      columns: [{ label: 'figure' }, number('value'), { label: 'what it is' }],
      rows: [
        ['Average score', percent(summary.averageScore), `of ${counted(tasks.length, 'task')} after the last stage`],
        ['Backward transfer', inPoints(summary.backwardTransfer), 'what tasks gained since they were learnt, on average; below 0 is forgetting'],
        ['Forgetting', inPoints(summary.forgetting).replace('+', ''), 'what they lost of their best score since they were learnt, on average'],
        ['Forward transfer', inPoints(summary.forwardTransfer), 'what tasks had gained before the stage that taught them, on average'],
      ],
    }),
    table('The tasks, and what became of each', {
      columns: [{ label: 'task' }, { label: 'held-out samples of' }, { label: 'scored by' }, number('n'), number('since it was learnt')],
      rows: tasks.map(({ name, metric, n }, t) => [
        shorts[t]!,
        shorts[t] === known ? 'facts about the world' : name,
        metric,
        grouped(n),
        inPoints(summary.changes[t]),
      ]),
    }),
  ];
};
