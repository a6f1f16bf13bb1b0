import { howMeasured } from './adapt-report.ts';
import { type AdaptResult, type Interval, isTrained, retrievedKind } from './adapt-result.ts';
import { type Content, html, type Markup } from './html.ts';
import type { LearningMatrix } from './learning-matrix.ts';
import { matrixSection, matrixVerdict } from './matrix-figure.ts';
import { methodName } from './method-names.ts';
import { namesApart } from './names-apart.ts';
import { bytes, duration, grouped, percent, percentInterval, points, pointsInterval, figure as short, short as shortCount } from './numbers.ts';
import type { OverSeeds } from './over-seeds.ts';
import { armsVerdict, overSeedsSection } from './over-seeds-figure.ts';
import { type Column, figure, page, table } from './page.ts';
import { hue } from './plots/colours.ts';
import { intervalPlot } from './plots/intervals.ts';
import { learningForgettingPlot } from './plots/learning-forgetting.ts';
import { lossPlot, thinned } from './plots/loss.ts';
import { judge } from './verdict.ts';

const number = (label: string): Column => ({ label, number: true });
const four = (value: number) => Number(value.toFixed(4));

type Named<Key extends 'task' | 'knowledge'> = { readonly name: string; readonly index: number; readonly score: NonNullable<AdaptResult[Key]> };

/** Runs with a score, each with its place among all, which gives its colour. */
const scored = <Key extends 'task' | 'knowledge'>(results: readonly AdaptResult[], names: readonly string[], key: Key): Named<Key>[] =>
  results.flatMap((result, index) => (result[key] ? [{ name: names[index]!, index, score: result[key] as NonNullable<AdaptResult[Key]> }] : []));

const namesOf = (results: readonly AdaptResult[]): string[] => namesApart(results.map(({ name }) => name));

/** What differs between runs that a fair comparison holds equal. */
export const differencesOf = (results: readonly AdaptResult[]): string[] => {
  const trained = results.filter(({ method }) => isTrained(method.kind));
  const differs = (of: readonly AdaptResult[], value: (result: AdaptResult) => unknown) => new Set(of.map((result) => JSON.stringify(value(result)))).size > 1;
  const tokens = trained.map((result) => result.tokens);
  return [
    ...(differs(results, ({ model }) => model.sha256) ? ['The runs start from different base models.'] : []),
    ...(differs(results, ({ data }) => [data.path, data.heldOut]) ? ['The runs do not hold out the same samples of the same file.'] : []),
    ...(differs(results, ({ task }) => task && [task.metric, task.n]) ? ['The runs do not score the task by the same measure on as many samples.'] : []),
    ...(differs(
      results.filter(({ knowledge }) => knowledge),
      ({ knowledge }) => [knowledge?.metric, knowledge?.n],
    )
      ? ['The runs were not asked the same questions about the world.']
      : []),
    ...(differs(
      results.filter((result) => result.askedWith),
      (result) => result.askedWith,
    )
      ? ['The models were asked with weights held in different forms, which alone changes some answers.']
      : []),
    ...results.flatMap(({ name, from }) =>
      from ? [`${name}: starts from what ${from.name} learnt and not from the base model; what it gained and lost is measured from there.`] : [],
    ),
    ...(Math.max(...tokens) > Math.min(...tokens) * 1.02
      ? [`The runs trained on unequal numbers of tokens, ${shortCount(Math.min(...tokens))} to ${shortCount(Math.max(...tokens))}.`]
      : []),
    ...results
      .filter(({ data }) => data.contaminated > 0)
      .map(({ name, data }) => `${name}: ${grouped(data.contaminated)} held-out samples also stand in its training data.`),
    ...results.flatMap(({ name, data: { contaminatedFacts } }) =>
      contaminatedFacts ? [`${name}: ${grouped(contaminatedFacts)} of the facts asked about the world also stand in what it learnt.`] : [],
    ),
  ];
};

/** One sentence: which run scores best, which others are as good as far as the intervals tell, and which of those kept most; of arms, where runs are seeds of such. */
export const compareVerdict = (results: readonly AdaptResult[], overSeeds?: OverSeeds): string => (overSeeds && armsVerdict(overSeeds)) ?? runsVerdict(results);

const runsVerdict = (results: readonly AdaptResult[]): string => {
  const names = namesOf(results);
  const byTask = scored(results, names, 'task').sort((a, b) => b.score.after.value - a.score.after.value);
  const best = byTask[0];
  const kept = ({ index }: { index: number }) => results[index]!.knowledge?.difference.value;
  if (!best) return 'No run has a score on the task, so this page cannot say which is best.';
  const asGood = byTask.filter(({ score }) => score.after.high >= best.score.after.low);
  const known = asGood.filter((run) => kept(run) !== undefined).sort((a, b) => kept(b)! - kept(a)!);
  const others = asGood.length - 1;
  const lead = `“${best.name}” scores best on the task, ${percentInterval(best.score.after)}${others === 0 ? ', clear of all others' : `, though the interval${others === 1 ? ' of one other run overlaps' : `s of ${others} others overlap`} with this`}`;
  const most = known[0];
  if (!most) return `${lead}; how much world knowledge it kept was not measured.`;
  const among = others === 0 ? 'its world knowledge changed by' : `of these ${most === best ? 'it' : `“${most.name}”`} kept most world knowledge,`;
  return `${lead}; ${among} ${pointsInterval(results[most.index]!.knowledge!.difference)}.`;
};

/** The score of the base model on the task, by the first run that starts from it. */
const baseOf = (runs: readonly Named<'task'>[], results: readonly AdaptResult[]): Interval | undefined =>
  runs.find(({ index }) => !results[index]!.from)?.score.before;

const taskFigure = async (results: readonly AdaptResult[], names: readonly string[]) => {
  const runs = scored(results, names, 'task');
  if (runs.length === 0) return null;
  const best = runs.reduce((most, run) => (run.score.after.value > most.score.after.value ? run : most));
  const title = `“${best.name}” scores highest: ${percent(best.score.after.value)}`;
  const base = baseOf(runs, results);
  const rows = [
    ...(base ? [{ label: 'base model', n: runs[0]!.score.n, after: base, colour: 'var(--ink-2)' }] : []),
    ...runs.map(({ name, index, score }) => ({ label: name, n: score.n, after: score.after, colour: hue(index) })),
  ];
  return figure({
    title,
    caption: `Score on held-out samples with 95\u00a0% intervals${base ? ', base model first' : ''}: where two lines share ground, their order may be chance (n = ${[...new Set(runs.map(({ score }) => grouped(score.n)))].join(', ')}).`,
    plot: await intervalPlot(title, rows, { axis: runs[0]!.score.metric, scale: 'share', colour: (i) => rows[i]!.colour }),
    numbers: {
      columns: [{ label: 'run' }, number('n'), number('score'), number('low'), number('high')],
      rows: rows.map(({ label, n, after: { value, low, high } }) => [label, n, four(value), four(low), four(high)]),
    },
    file: 'task',
  });
};

const knowledgeFigure = async (results: readonly AdaptResult[], names: readonly string[]) => {
  const runs = scored(results, names, 'knowledge');
  if (runs.length === 0) return null;
  const lost = runs.filter(({ score }) => score.difference.high < 0);
  const title =
    lost.length === 0
      ? 'No run clearly lost world knowledge'
      : `${lost.length === 1 ? `“${lost[0]!.name}”` : `${lost.length} of ${runs.length} runs`} clearly lost world knowledge`;
  return figure({
    title,
    caption: `After minus before on the same questions with 95\u00a0% intervals: a line wholly left of zero has forgotten (n = ${[...new Set(runs.map(({ score }) => grouped(score.n)))].join(', ')}).`,
    plot: await intervalPlot(
      title,
      runs.map(({ name, score }) => ({ label: name, after: score.difference })),
      { axis: 'points of world knowledge', scale: 'difference', colour: (i) => hue(runs[i]!.index) },
    ),
    numbers: {
      columns: [{ label: 'run' }, number('n'), number('difference'), number('low'), number('high'), number('p')],
      rows: runs.map(({ name, score: { n, difference: d } }) => [name, n, four(d.value), four(d.low), four(d.high), four(d.pValue)]),
    },
    file: 'knowledge',
  });
};

const tradeFigure = async (results: readonly AdaptResult[], names: readonly string[]) => {
  // Nothing that was not trained can forget.
  const none = { value: 0, low: 0, high: 0 };
  const runs = results.flatMap(({ task, knowledge, method }, index) => {
    const moved = knowledge?.difference ?? (method.kind === retrievedKind ? none : null);
    return task && moved ? [{ name: names[index]!, index, task: task.after, knowledge: moved }] : [];
  });
  if (runs.length < 2) return null;
  const base = baseOf(scored(results, names, 'task'), results)?.value;
  const title = 'What was learnt against what was forgotten';
  return figure({
    title,
    caption: `Right has learnt more of the task, down has forgotten more of the world: the best corner is the upper right; lines are 95\u00a0% intervals${base === undefined ? '' : ', dashes stand at the base model’s score'}.`,
    plot: await learningForgettingPlot(title, runs, base),
    numbers: {
      columns: [
        { label: 'run' },
        number('task'),
        number('task, low'),
        number('task, high'),
        number('knowledge'),
        number('knowledge, low'),
        number('knowledge, high'),
      ],
      rows: runs.map(({ name, task, knowledge }) => [name, ...[task, knowledge].flatMap(({ value, low, high }) => [four(value), four(low), four(high)])]),
    },
    file: 'learning-forgetting',
  });
};

const lossesFigure = async (results: readonly AdaptResult[], names: readonly string[]) => {
  const curves = results.flatMap(({ loss }, i) => {
    const held = loss.flatMap(({ step, heldOut }) => (heldOut === undefined ? [] : [{ step, value: heldOut }]));
    return held.length > 0 ? [{ name: names[i]!, colour: hue(i), all: held, points: thinned(held).points }] : [];
  });
  if (curves.length === 0) return null;
  const lowest = curves.reduce((best, curve) => (curve.points.at(-1)!.value < best.points.at(-1)!.value ? curve : best));
  const title = `“${lowest.name}” ends with the lowest held-out loss, ${short(lowest.all.at(-1)!.value)}`;
  return figure({
    title,
    caption: 'Loss on held-out samples by step: lower is better, and a line that turns up has begun to learn by heart.',
    plot: await lossPlot(title, curves),
    numbers: {
      columns: [{ label: 'run' }, number('step'), number('held out')],
      rows: curves.flatMap(({ name, points }) => points.map(({ step, value }) => [name, step, four(value)])),
    },
    file: 'held-out-loss',
  });
};

const judged = { gained: 'gained', lost: 'lost', kept: 'kept', unclear: 'no clear change', unmeasured: 'not measured' } as const;
/** The colour a run has in every picture. */
const swatch = (index: number): Markup => html`<i class="swatch" style="background:${hue(index)}"></i>`;
const word = (judgement: keyof typeof judged): Content => html`<span class="${judgement}">${judged[judgement]}</span>`;

const overview = (results: readonly AdaptResult[], names: readonly string[]): Content => [
  table('Runs, what they cost and what they brought', {
    columns: [
      { label: 'run' },
      { label: 'method' },
      number('trained'),
      number('tokens'),
      number('time'),
      number('memory'),
      number('task'),
      number('knowledge, points'),
    ],
    rows: results.map(({ method, trainable, tokens, seconds, peakMemoryBytes, task, knowledge }, i) => {
      const trained = isTrained(method.kind);
      return [
        [swatch(i), names[i]!],
        methodName(method.kind),
        trained ? shortCount(trainable) : '–',
        trained ? shortCount(tokens) : '–',
        trained ? duration(seconds) : '–',
        bytes(peakMemoryBytes),
        task ? percent(task.after.value) : '–',
        knowledge ? points(knowledge.difference.value) : '–',
      ];
    }),
  }),
];

const verdicts = (results: readonly AdaptResult[], names: readonly string[]): Content =>
  html`<ul class="verdicts">${results.map((result, i) => {
    const { task, knowledge } = judge(result);
    return html`<li><b>${swatch(i)} ${names[i]}</b> <span class="quiet">task ${word(task)}, knowledge ${result.knowledge === null && result.method.kind === retrievedKind ? 'as before' : word(knowledge)}</span><p>${result.verdict}</p></li>\n`;
  })}</ul>`;

/**
 * The page of `lyceum adapt compare`: runs side by side, one HTML file as `adaptReport` writes. An arm without training (kind `retrieved`) may stand among them. With a matrix the results are of its stages, in their order; with `overSeeds` some of them are seeds of one arm.
 *
 * Loads the plotting library when it is called.
 *
 * @throws RangeError when there are fewer than two results
 */
export const compareReport = async (
  results: readonly AdaptResult[],
  { title = 'Runs side by side', matrix, overSeeds }: { readonly title?: string; readonly matrix?: LearningMatrix; readonly overSeeds?: OverSeeds } = {},
): Promise<string> => {
  if (results.length < 2) throw new RangeError(`compareReport: expected at least two results, got ${results.length}; name two runs or more`);
  const names = namesOf(results);
  const [task, knowledge, trade, losses] = [
    await taskFigure(results, names),
    await knowledgeFigure(results, names),
    await tradeFigure(results, names),
    await lossesFigure(results, names),
  ];
  const models = [...new Set(results.map(({ model }) => model.name))];
  return page({
    kicker: `Lyceum · adapting ${models.join(', ')} · ${results.length} runs`,
    title,
    lead: matrix ? matrixVerdict(matrix) : compareVerdict(results, overSeeds),
    warnings: differencesOf(results),
    sections: [
      ...(matrix ? [{ title: 'One task after another', parts: await matrixSection(matrix, names) }] : []),
      ...(overSeeds ? [{ title: 'Over seeds', parts: await overSeedsSection(overSeeds) }] : []),
      { title: 'Runs', parts: overview(results, names) },
      ...(task || knowledge || trade ? [{ title: 'Gained and lost', parts: [trade, task, knowledge] }] : []),
      { title: 'Verdicts', parts: verdicts(results, names) },
      ...(losses ? [{ title: 'Training', parts: losses }] : []),
      { title: 'How to read this', parts: howMeasured },
    ],
    foot: `Written by lyceum adapt compare. Every figure here stands in the result.json of its run${matrix ? ', or in the matrix.json of the first' : ''}${overSeeds ? '; those over seeds come from before.json and after.json beside it' : ''}.`,
  });
};
