import type { AdaptResult, ExpertUse, KnowledgeScore } from './adapt-result.ts';
import { html } from './html.ts';
import { capital, counted, grouped, percent, points, figure as short } from './numbers.ts';
import { figure, keyItem } from './page.ts';
import { hue } from './plots/colours.ts';
import { expertUsePlot } from './plots/expert-use.ts';
import { type IntervalRow, intervalPlot } from './plots/intervals.ts';
import { type LossCurve, lossPlot, thinned } from './plots/loss.ts';
import { movesPlot } from './plots/moves.ts';
import { routerKey, routerPlot } from './plots/router.ts';
import { judge, passedLowest } from './verdict.ts';

const number = (label: string) => ({ label, number: true });
const went = (from: number, to: number): string => (to < from ? 'fell' : to > from ? 'rose' : 'stayed');
const four = (value: number) => Number(value.toFixed(4));
const said = { gained: 'better', lost: 'worse', unclear: 'no clear change', kept: 'kept', unmeasured: '' };

/** Task and knowledge before and after, with their intervals; nothing where neither was measured. */
export const scoresFigure = async (result: AdaptResult) => {
  const { task, knowledge } = result;
  const rows: (IntervalRow & { before: NonNullable<IntervalRow['before']>; n: number })[] = [
    ...(task ? [{ label: `Task: ${task.metric}`, before: task.before, after: task.after, n: task.n }] : []),
    ...(knowledge ? [{ label: 'World knowledge', before: knowledge.before, after: knowledge.after, n: knowledge.n }] : []),
  ];
  if (rows.length === 0) return null;
  const judged = judge(result);
  const title = [
    task && `Task: ${said[judged.task]}`,
    knowledge && `world knowledge: ${judged.knowledge === 'lost' || judged.knowledge === 'unclear' ? said[judged.knowledge] : judged.knowledge}`,
  ]
    .filter(Boolean)
    .join(', ');
  return figure({
    title: capital(title),
    caption: `Hollow is ${result.from ? 'what it started from' : 'the base model'}, full the adapted one, lines are 95\u00a0% intervals: look whether full stands right of hollow (${rows.map(({ label, n }) => `${label.replace(/:.*/, '').toLowerCase()} n = ${grouped(n)}`).join(', ')}).`,
    plot: await intervalPlot(title, rows, { axis: 'share right', scale: 'share' }),
    numbers: {
      columns: [{ label: 'score' }, number('n'), ...['before', 'after'].flatMap((when) => [number(when), number(`${when}, low`), number(`${when}, high`)])],
      rows: rows.map(({ label, n, before, after }) => [label, n, ...[before, after].flatMap(({ value, low, high }) => [four(value), four(low), four(high)])]),
    },
    file: 'scores',
  });
};

const mostRelations = 16;

/** What became of each relation, those that moved most. */
export const relationsFigure = async ({ byRelation }: KnowledgeScore) => {
  if (byRelation.length < 2) return null;
  const moved = byRelation.map((row) => ({ ...row, by: row.after - row.before })).sort((a, b) => a.by - b.by || (a.relation < b.relation ? -1 : 1));
  const shown = moved.length <= mostRelations ? moved : [...moved.slice(0, mostRelations / 2), ...moved.slice(-mostRelations / 2)];
  const worst = moved[0]!;
  const title = worst.by < 0 ? `“${worst.relation}” lost most: ${points(worst.by)} points` : 'No relation got worse';
  return figure({
    title,
    caption: `Hollow is before, full is after; a relation whose full mark stands left of its hollow one was forgotten${shown.length < moved.length ? ` (the ${mostRelations} of ${moved.length} that moved most)` : ''}; in brackets the number of questions, and the fewer they are the more is chance.`,
    plot: await movesPlot(
      title,
      shown.map(({ relation, n, before, after }) => ({
        label: `${relation.length > 26 ? `${relation.slice(0, 25).toWellFormed()}…` : relation} (${grouped(n)})`,
        before,
        after,
      })),
    ),
    numbers: {
      columns: [{ label: 'relation' }, number('questions'), number('before'), number('after')],
      rows: moved.map(({ relation, n, before, after }) => [relation, n, four(before), four(after)]),
    },
    file: 'knowledge-by-relation',
  });
};

/** Loss by step; nothing where nothing was trained. */
export const lossFigure = async ({ loss }: AdaptResult) => {
  if (loss.length === 0) return null;
  const { points: train, each } = thinned(loss.map(({ step, train }) => ({ step, value: train })));
  const held = loss.flatMap(({ step, heldOut }) => (heldOut === undefined ? [] : [{ step, value: heldOut }]));
  const passed = passedLowest(loss);
  const lowest = passed && held.find(({ step }) => step === passed.step);
  const main = held.length > 0 ? held : loss.map(({ step, train }) => ({ step, value: train }));
  const [first, last] = [main[0]!.value, main.at(-1)!.value];
  const what = held.length > 0 ? 'Held-out loss' : 'Training loss';
  const title = lowest
    ? `Held-out loss was lowest at step ${lowest.step}, ${short(lowest.value)}, and rose to ${short(last)}`
    : `${what} ${went(first, last)}${first === last ? ` at ${short(last)}` : ` from ${short(first)} to ${short(last)}`}`;
  const curves: LossCurve[] = [
    { name: 'train', colour: hue(7), points: train, faint: held.length > 0 },
    ...(held.length > 0 ? [{ name: 'held out', colour: hue(0), points: thinned(held).points }] : []),
  ];
  return figure({
    title,
    caption: `${held.length > 0 ? 'Where the held-out line turns up, training has begun to learn samples by heart' : 'No loss was measured on held-out samples'}${each > 1 ? `; the line of training shows means of ${each} steps` : ''}.`,
    plot: await lossPlot(title, curves, lowest ?? undefined),
    numbers: {
      columns: [{ label: 'step' }, number('train'), number('held out')],
      rows: sampled(loss, 500).map(({ step, train, heldOut }) => [step, four(train), heldOut === undefined ? '' : four(heldOut)]),
    },
    file: 'loss',
  });
};

/** Every k-th row and every row with a held-out loss, so that a long run's page stays small. */
const sampled = (loss: AdaptResult['loss'], most: number) => {
  const every = Math.ceil(loss.length / most);
  return loss.filter((_, i) => i % every === 0 || i === loss.length - 1);
};

/** Share of each expert for each kind of sample. */
export const expertUseFigure = async ({ byKind, groups }: ExpertUse) => {
  if (byKind.length === 0) return null;
  const shown = byKind.slice(0, 12);
  const experts = groups.reduce((a, b) => a + b, 0);
  const apart = Math.max(
    ...shown.flatMap(({ shares }) => shown.map((other) => shares.reduce((sum, share, i) => sum + Math.abs(share - other.shares[i]!), 0) / 2)),
  );
  const differ =
    apart < 0.005
      ? 'All kinds of sample use the experts alike'
      : `Up to ${percent(apart, 0)} of the tokens of one kind go to other experts than those of another`;
  const title = shown.length === 1 ? 'Share of each expert' : differ;
  return figure({
    title,
    caption: `A bar is an expert’s share of the tokens of one kind of sample that was held out, or of general texts such as are replayed, the dashed line an even share (${percent(1 / experts, 0)}): kinds with other bars above it use other experts.`,
    plot: await expertUsePlot(title, shown, groups),
    key: groups.length > 1 && groups.map((size, i) => keyItem(hue(i), `group ${i + 1}, ${counted(size, 'expert')}`)),
    numbers: {
      columns: [{ label: 'kind' }, ...Array.from({ length: experts }, (_, i) => number(`expert ${i + 1}`))],
      rows: byKind.map(({ kind, shares }) => [kind, ...shares.map(four)]),
    },
    file: 'expert-use',
  });
};

/** Share of each expert in each adapted linear. */
export const routerFigure = async ({ byModule, groups }: ExpertUse) => {
  if (byModule.length === 0) return null;
  const experts = groups.reduce((a, b) => a + b, 0);
  const peak = byModule.reduce((most, row) => (Math.max(...row.shares) > Math.max(...most.shares) ? row : most));
  const share = Math.max(...peak.shares);
  const title = `No expert takes more than ${percent(share, 0)} of a linear’s tokens`;
  const { colours, from, to } = routerKey(byModule);
  return figure({
    title,
    caption: `Even shading means that all experts are used, a strong cell that one has taken over; an even share is ${percent(1 / experts, 0)}, the strongest is expert ${peak.shares.indexOf(share) + 1} of ${peak.site}.`,
    plot: await routerPlot(title, byModule, groups),
    key: html`<span class="ramp">${from}&nbsp;${colours.map((colour) => html`<i style="background:${colour}"></i>`)}&nbsp;${to} of a linear’s tokens</span>`,
    numbers: {
      columns: [{ label: 'linear' }, ...Array.from({ length: experts }, (_, i) => number(`expert ${i + 1}`))],
      rows: byModule.map(({ site, shares }) => [site, ...shares.map(four)]),
    },
    file: 'router',
  });
};
