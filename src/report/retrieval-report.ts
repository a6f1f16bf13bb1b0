import { html } from './html.ts';
import { duration, grouped, percent } from './numbers.ts';
import { type Fact, figure, keyItem, page, table } from './page.ts';
import { hue } from './plots/colours.ts';
import { intervalPlot } from './plots/intervals.ts';
import { movedDotsPlot } from './plots/moved-dots.ts';
import { namedDotsPlot } from './plots/named-dots.ts';
import { outcomeCurvesPlot } from './plots/outcome-curves.ts';
import { type RetrievalReportComponent, type RetrievalReportResult, retrievalRunNames } from './retrieval-result.ts';

const runs = Object.keys(retrievalRunNames) as (keyof typeof retrievalRunNames)[];
const number = (label: string) => ({ label, number: true });
const four = (value: number): number => Number(value.toFixed(4));
const two = (value: number): string => value.toFixed(2).replace('-', '−');
const words = (variable: string): string => variable.replaceAll('_', ' ');
const shareOf = (value: number): string => percent(value, 0);
const [shownComponents, namedDots] = [16, 8];

/** How far a run has gone from the target's logit difference to the chimera's. */
const wayOf = ({ outcomes }: RetrievalReportResult, run: keyof typeof retrievalRunNames): number =>
  (outcomes[run].difference.value - outcomes.target.difference.value) / (outcomes.chimera.difference.value - outcomes.target.difference.value);

/** One sentence: what the patched target answers, how alike its components are to the chimera's, and what attention alone does. */
export const retrievalVerdict = (result: RetrievalReportResult): string => {
  const { model, layer, layers, outcomes, overlap } = result;
  return `After block ${layer} of ${layers} the source’s request moved into ${model} is answered from the target’s text with probability ${two(outcomes.patched.requested.value)} (asked outright: ${two(outcomes.chimera.requested.value)}); ${shareOf(overlap.patched.value)} of the components that matter are the same (${shareOf(overlap.resampled.value)} of two measurements of one prompt), and attention to the story alone makes ${shareOf(wayOf(result, 'patterns'))} of the difference.`;
};

const outcomesFigure = async (result: RetrievalReportResult) => {
  const { outcomes, prompts, source } = result;
  const title = `The requested ${words(source)} is answered with probability ${two(outcomes.patched.requested.value)} after patching`;
  return figure({
    title,
    caption: `Mean probability of the ${words(source)} of the target’s story, with 95\u00a0% intervals over n\u00a0=\u00a0${grouped(prompts)} stories: patching should come near the chimera, and what attention alone carries lies between it and the target.`,
    plot: await intervalPlot(title, runs.map((run) => ({ label: retrievalRunNames[run], after: outcomes[run].requested })), { axis: 'probability', scale: 'share', colour: (i) => hue(runs[i] === 'target' ? 7 : runs[i] === 'chimera' ? 1 : 0) }), // biome-ignore format: one call
    numbers: {
      columns: [{ label: 'run' }, ...['requested', 'low', 'high', 'own answer', 'logit difference', 'low', 'high', 'way to the chimera'].map(number)],
      rows: runs.map((run) => {
        const { requested, own, difference } = outcomes[run];
        return [retrievalRunNames[run], ...[requested.value, requested.low, requested.high, own.value, difference.value, difference.low, difference.high, wayOf(result, run)].map(four)]; // biome-ignore format: one row
      }),
    },
    file: 'outcomes',
  });
};

const curvesFigure = async ({ curves, layer, outcomes, prompts }: RetrievalReportResult) => {
  if (!curves) return null;
  const by = outcomes.chimera.requested.value;
  const title = `The source’s request is answered best after block ${layer}`;
  const line = (name: string, index: number, of: (point: NonNullable<typeof curves>[number]) => number, mark: { name: string; layer: number | null }) => ({
    name,
    index,
    mark,
    points: curves.map((point) => ({ layer: point.layer, value: of(point) / by, low: of(point) / by, high: of(point) / by })),
  });
  return figure({
    title,
    caption: `Mean probabilities of the three answers after patching at each layer, of the chimera’s (n\u00a0=\u00a0${grouped(prompts)}); L2 is where the rest of this page looks.`,
    plot: await outcomeCurvesPlot(
      title,
      [
        line('target’s own answer', 7, ({ own }) => own, { name: '', layer: null }),
        line('source’s request on the target’s text', 0, ({ requested }) => requested, { name: 'L2', layer }),
        line('source’s answer', 1, ({ sources }) => sources, { name: '', layer: null }),
      ],
      [],
    ),
    numbers: {
      columns: ['layer', 'target’s own answer', 'source’s request on the target’s text', 'source’s answer'].map(number),
      rows: curves.map((point) => [point.layer, ...[point.own, point.requested, point.sources].map(four)]),
    },
    file: 'layers',
  });
};

/** With the largest effects in the chimera first. */
const byEffect = (components: readonly RetrievalReportComponent[]): RetrievalReportComponent[] =>
  [...components].sort((a, b) => Math.abs(b.effects.chimera) - Math.abs(a.effects.chimera));

const componentColumns = [{ label: 'component' }, ...['chimera', 'patched', 'target, towards the requested value', 'target, towards its own answer', 'source', 'attention in the chimera', 'patched', 'target'].map(number)]; // biome-ignore format: one list
const componentRow = ({ name, effects, attention }: RetrievalReportComponent) => [
  name,
  ...[effects.chimera, effects.patched, effects.before, effects.target, effects.source].map(four),
  ...(attention ? [attention.chimera, attention.after, attention.before].map(four) : ['', '', '']),
];

const effectsFigure = async ({ components, prompts, resamples }: RetrievalReportResult) => {
  const first = byEffect(components).slice(0, shownComponents);
  const sum = (kind: 'head' | 'mlp'): number => components.reduce((total, one) => total + (one.kind === kind ? one.effects.chimera : 0), 0);
  const title = `Most of the chimera’s effect goes through ${first[0]!.name}: ${percent(first[0]!.effects.chimera)}`;
  return figure({
    title,
    caption: `Direct effects on the requested value’s logit as shares of the total effect (heads ${shareOf(sum('head'))}, feed-forward parts ${shareOf(sum('mlp'))}; n\u00a0=\u00a0${grouped(prompts)}, ${grouped(resamples)} baselines each): hollow circles are the chimera, diamonds the patched target, squares the target before.`,
    plot: await namedDotsPlot(title, first.map(({ name, effects }) => ({ label: name, values: [effects.chimera, effects.patched, effects.before] })), { axis: 'share of the total effect', format: shareOf, hues: [1, 0, 7] }), // biome-ignore format: one call
    key: [keyItem(hue(1), 'chimera'), keyItem(hue(0), 'patched'), keyItem(hue(7), 'target before')],
    numbers: { columns: componentColumns, rows: byEffect(components).map(componentRow) },
    file: 'effects',
  });
};

const alikeFigure = async ({ components, change }: RetrievalReportResult) => {
  const named = new Set(byEffect(components).slice(0, namedDots).map(({ name }) => name)); // biome-ignore format: a chain
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${percent(Math.abs(value))}`;
  const title = `Patched, heads differ from the chimera by ${signed(change.heads)} of the total effect, feed-forward parts by ${signed(change.mlps)}`;
  return figure({
    title,
    caption: 'A dot is a head (first hue) or a feed-forward part (second): on the dashed line the patched target’s direct effect is the chimera’s.',
    plot: await movedDotsPlot(title, byEffect(components).map(({ name, kind, effects }) => ({ label: name, named: named.has(name), hue: kind === 'head' ? 0 : 1, to: [effects.chimera, effects.patched] as const })), { x: 'effect in the chimera', y: 'effect in the patched target', format: shareOf, diagonal: true }), // biome-ignore format: one call
    key: [keyItem(hue(0), 'heads'), keyItem(hue(1), 'feed-forward parts')],
    numbers: { columns: componentColumns.slice(0, 3), rows: byEffect(components).map((component) => componentRow(component).slice(0, 3)) },
    file: 'alike',
  });
};

const moversFigure = async ({ components, movers, attentionChange }: RetrievalReportResult) => {
  const shown = components.filter(({ name }) => movers.includes(name));
  if (shown.length === 0) return null;
  const title = `${shown.length === 1 ? 'One head reads' : `${shown.length} heads read`} the requested value after patching`;
  const layers = shown.map(({ layer }) => layer);
  const early = (Math.min(...layers) + Math.max(...layers)) / 2;
  const change = attentionChange.fromChimera;
  return figure({
    title,
    caption: `Heads with more than 1\u00a0% of the effect and 10\u00a0% of their attention on the requested value, hollow in the unpatched target and full in the patched${change === null ? '' : `; their attention is within ${percent(Math.abs(change))} of the chimera’s (median)`}.`,
    plot: await movedDotsPlot(title, shown.map(({ name, layer, effects, attention }) => ({ label: name, named: true, hue: layer <= early ? 0 : 1, from: [Math.abs(effects.before), attention!.before] as const, to: [Math.abs(effects.patched), attention!.after] as const })), { x: 'direct effect, either way', y: 'attention on the requested value', format: shareOf }), // biome-ignore format: one call
    key: [keyItem(hue(0), `layers to ${Math.floor(early)}`), keyItem(hue(1), 'layers above')],
    numbers: { columns: componentColumns, rows: shown.map(componentRow) },
    file: 'movers',
  });
};

const overlapFigure = async ({ overlap, prompts }: RetrievalReportResult) => {
  const title = `${shareOf(overlap.patched.value)} of the strong components are the chimera’s, prompt by prompt`;
  const rows = [
    { label: 'patched target and chimera', after: overlap.patched },
    { label: 'chimera, measured twice', after: overlap.resampled },
    { label: 'chimeras of two stories', after: overlap.others },
  ];
  return figure({
    title,
    caption: `Shared components of all that have more than 3\u00a0% of the total effect (${two(overlap.strong)} a prompt), independent baselines, 95\u00a0% intervals: between the two controls lies what patching leaves different (n\u00a0=\u00a0${grouped(prompts)}).`,
    plot: await intervalPlot(title, rows, { axis: 'intersection over union', scale: 'share', colour: (i) => hue(i === 0 ? 0 : 7) }),
    numbers: { columns: [{ label: 'compared' }, number('overlap'), number('low'), number('high')], rows: rows.map(({ label, after }) => [label, ...[after.value, after.low, after.high].map(four)]) }, // biome-ignore format: one table
    file: 'overlap',
  });
};

const valuesFigure = async ({ values: { told, heads }, components, source }: RetrievalReportResult) => {
  const counts = told.map(({ value, stories }) => `${value} ${grouped(stories)}`).join(', ');
  if (told.length === 0) return null;
  if (heads.length === 0)
    return html`<p>No head speaks for one ${words(source)} more than for the others (stories: ${counts}), surely and by more than 1\u00a0% of the total effect.</p>\n`;
  const [first] = heads as [(typeof heads)[number]];
  const title = `Head ${first.name} speaks ${first.effect.with > first.effect.without ? 'more' : 'less'} for ${first.value} than for others: ${percent(first.effect.with)} against ${percent(first.effect.without)}`;
  const layerOf = new Map(components.map(({ name, layer }) => [name, layer]));
  const layers = heads.map(({ name }) => layerOf.get(name) ?? 0);
  const early = (Math.min(...layers) + Math.max(...layers)) / 2;
  return figure({
    title,
    caption: `A line leads from what a head does in stories with other values (hollow) to what it does in those with the value it is named with (stories: ${counts}); more heads than these are not told from chance.`,
    plot: await movedDotsPlot(title, heads.map(({ name, value, effect, attention }) => ({ label: `${name} ${value}`, named: true, hue: (layerOf.get(name) ?? 0) <= early ? 0 : 1, from: [effect.without, attention.without] as const, to: [effect.with, attention.with] as const })), { x: 'direct effect', y: 'attention on the requested value', format: shareOf }), // biome-ignore format: one call
    key: [keyItem(hue(0), `layers to ${Math.floor(early)}`), keyItem(hue(1), 'layers above')],
    numbers: {
      columns: [{ label: 'head' }, { label: 'value' }, ...['effect with it', 'with others', 'attention with it', 'with others', 'p'].map(number)],
      rows: heads.map(({ name, value, effect, attention, p }) => [
        name,
        value,
        ...[effect.with, effect.without, attention.with, attention.without, p].map(four),
      ]),
    },
    file: 'values',
  });
};

/** A row a seed. */
const seedsTable = (studies: readonly RetrievalReportResult[]) =>
  table('Each seed draws stories, sources and baselines of its own; this page is of the first', {
    columns: [{ label: 'seed' }, ...['after block', 'right: target', 'chimera', 'requested, patched', 'asked outright', 'way, patched', 'way, attention alone', 'shared components'].map(number), { label: 'heads that fetch' }], // biome-ignore format: one list
    rows: studies.map((study) => {
      const { seed, layer, accuracy, outcomes, overlap, movers } = study;
      return [grouped(seed), grouped(layer), shareOf(accuracy.target), shareOf(accuracy.chimera), two(outcomes.patched.requested.value), two(outcomes.chimera.requested.value), shareOf(wayOf(study, 'patched')), shareOf(wayOf(study, 'patterns')), shareOf(overlap.patched.value), movers.join(', ')]; // biome-ignore format: one row
    }),
  });

const setup = ({
  source,
  target,
  layer,
  prompts,
}: RetrievalReportResult) => html`<p>On each of ${grouped(prompts)} stories the <b>target</b> asks for the ${words(target)}. The <b>source</b> asks another story for its ${words(source)}; what its last token holds after block ${layer} is put in the place of the target’s. The <b>chimera</b> asks the target’s own story for the ${words(source)}: what the patched target should do. <b>Baseline</b> prompts ask for the other variables and supply what a component puts out in place of its own.</p>
`;

const how = html`<p>The direct effect of a component is what the logit difference (the requested value’s less the mean of the story’s other values) loses where the component’s output at the last token is that of a baseline prompt, everything after it as it was and the last norm computed anew. The total effect is what it loses with the whole residual stream of the baseline. Of the patched target, components before the patched block are those of the source. A head’s output is its mixed values through its part of the output matrix, without bias.</p>
<p>Where attention is taken over, the last token’s attention to the story’s tokens is replaced by the chimera’s in every head of every block, each row then made to sum to one; keys and values stay. Intervals come from drawing stories anew. A head counts as one of a single value where its effect with that value and with others differs by more than one in twenty deals of the values to the stories shows in any head and value. Method: arXiv:2312.10091, the case study; its model is far larger and its stories are others.</p>
`;

/**
 * The page of a case study of retrieval. One HTML file as `adaptReport` writes.
 *
 * @param studies  of one model, a seed each; pictures are of the first
 *
 * Loads the plotting library when it is called.
 */
export const retrievalReport = async (studies: readonly RetrievalReportResult[]): Promise<string> => {
  const [result] = studies as [RetrievalReportResult];
  const { model, weights, accuracy, totalEffect, prompts, resamples, seed, seconds, layer, layers, source, target } = result;
  const facts: Fact[] = [
    { label: 'Patched after block', value: `${layer} of ${layers}`, note: result.curves ? 'where the request is answered best' : 'as asked for' },
    { label: 'Right by itself', value: shareOf(accuracy.target), note: `target; source ${shareOf(accuracy.source)}, chimera ${shareOf(accuracy.chimera)}` },
    { label: 'Total effect', value: two(totalEffect.chimera), note: `logits, chimera; target ${two(totalEffect.target)}, source ${two(totalEffect.source)}` },
    { label: 'Prompts', value: grouped(prompts), note: `a variable, ${grouped(resamples)} baselines each, seed ${seed}` },
    { label: 'Time', value: duration(seconds), note: `weights held as ${weights}` },
  ];
  const unknown = [...(accuracy.target < 0.7 ? [words(target)] : []), ...(Math.min(accuracy.source, accuracy.chimera) < 0.7 ? [words(source)] : [])];
  const bodies = [await outcomesFigure(result), await curvesFigure(result)];
  const inside = [await effectsFigure(result), await alikeFigure(result), await moversFigure(result), await overlapFigure(result), await valuesFigure(result)];
  return page({
    kicker: `Lyceum · retrieval, component by component · ${weights}`,
    title: model,
    lead: retrievalVerdict(result),
    warnings: unknown.map(
      (variable) => `By itself the model answers less than 70\u00a0% of the questions for the ${variable}: its effects towards that answer say little.`,
    ),
    facts,
    sections: [
      { title: 'Where the request goes', parts: [setup(result), bodies] },
      { title: 'Component by component', parts: inside },
      ...(studies.length > 1 ? [{ title: 'Seed by seed', parts: seedsTable(studies) }] : []),
      { title: 'How this was measured', parts: how },
    ],
    foot: 'Written by lyceum inspect retrieval. Names of components count layers and heads from 0; “after block N” means that N blocks have run.',
  });
};
