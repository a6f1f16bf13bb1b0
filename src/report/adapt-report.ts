import { expertUseFigure, lossFigure, relationsFigure, routerFigure, scoresFigure } from './adapt-figures.ts';
import { type AdaptResult, isTrained, type KnowledgeExample, retrievedKind, type TaskExample } from './adapt-result.ts';
import { type Content, html, type Markup } from './html.ts';
import { methodName } from './method-names.ts';
import { bytes, capital, counted, duration, grouped, percent, pointsInterval, figure as short, short as shortCount } from './numbers.ts';
import { type Fact, folded, page, quoted, table } from './page.ts';
import { keptWithin } from './verdict.ts';

/** Most examples of a kind that a page shows; all of them stand in `result.json`. */
const mostExamples = 40;

const factsOf = ({ task, knowledge, perplexityHeldOut, trainable, model, seconds, peakMemoryBytes, price, method }: AdaptResult): Fact[] => {
  const trained = isTrained(method.kind);
  return [
    ...(task
      ? [
          {
            label: capital(task.metric),
            value: `${percent(task.before.value)} → ${percent(task.after.value)}`,
            note: `${task.difference ? `${pointsInterval(task.difference)}, ` : ''}n\u00a0=\u00a0${grouped(task.n)}`,
          },
        ]
      : []),
    ...(knowledge
      ? [
          {
            label: 'World knowledge',
            value: `${percent(knowledge.before.value)} → ${percent(knowledge.after.value)}`,
            note: `${pointsInterval(knowledge.difference)}, n\u00a0=\u00a0${grouped(knowledge.n)}`,
          },
        ]
      : []),
    ...(perplexityHeldOut
      ? [{ label: 'Held-out perplexity', value: `${short(perplexityHeldOut.before)} → ${short(perplexityHeldOut.after)}`, note: 'lower is better' }]
      : []),
    {
      label: 'Trained parameters',
      value: trained ? shortCount(trainable) : 'none',
      note: `${percent(trainable / Math.max(1, model.parameters))} of ${shortCount(model.parameters)}`,
    },
    ...(trained ? [{ label: 'Time to train', value: duration(seconds), note: `${duration(price.estimated.seconds)} foreseen` }] : []),
    { label: 'Peak memory', value: bytes(peakMemoryBytes), note: `${bytes(price.estimated.bytes)} foreseen` },
  ];
};

/** What a reader should know before the figures: samples in both parts, samples that were left out. */
const warningsOf = ({ data, task, knowledge, method }: AdaptResult): string[] => [
  ...(data.contaminated > 0
    ? [
        `${counted(data.contaminated, 'held-out sample')} of ${grouped(data.heldOut)} also ${data.contaminated === 1 ? 'stands' : 'stand'} in the training data: the score on the task is too kind.`,
      ]
    : []),
  ...(knowledge && data.contaminatedFacts
    ? [
        `${counted(data.contaminatedFacts, 'fact')} of ${grouped(knowledge.n)} asked about the world also ${data.contaminatedFacts === 1 ? 'stands' : 'stand'} in what was learnt: world knowledge afterwards is in part what the model was just told.`,
      ]
    : []),
  ...(task || method.kind === retrievedKind ? [] : ['No score on the task was measured: the samples have no expected answers to compare with.']),
  ...(knowledge || method.kind === retrievedKind ? [] : ['World knowledge was not measured: this page cannot say what was forgotten.']),
];

const answersOf = ({ expected, before, after }: { expected: string; before: string; after: string }): Markup =>
  html`<dl><dt>expected</dt><dd>${quoted(expected)}</dd><dt>before</dt><dd>${quoted(before)}</dd><dt>after</dt><dd>${quoted(after)}</dd></dl>`;

const exampleList = (title: string, none: string, items: readonly (KnowledgeExample | TaskExample)[]): Content => [
  html`<h3>${title}${items.length > 0 && ` (${items.length > mostExamples ? `${mostExamples} of ${grouped(items.length)}` : items.length})`}</h3>\n`,
  items.length === 0
    ? html`<p class="quiet">${none}</p>\n`
    : folded(
        items.slice(0, mostExamples).map((item) => html`<li>${quoted('question' in item ? item.question : item.prompt)}${answersOf(item)}</li>\n`),
        4,
        (some) => html`<ul class="examples">${some}</ul>\n`,
      ),
];

/** Held-out samples that changed between right and wrong, where the result tells them. */
const changedOf = ({ taskLost, taskGained, taskRightFrom }: AdaptResult['examples']): Content[] =>
  taskLost && taskGained
    ? [
        exampleList('Task: was right, now wrong', 'None of the held-out samples asked.', taskLost),
        exampleList('Task: was wrong, now right', 'None of the held-out samples asked.', taskGained),
        taskRightFrom !== undefined &&
          html`<p class="quiet">An answer of the task counts as right here from a score of ${percent(taskRightFrom, 0)} on; those that changed most come first.</p>\n`,
      ]
    : [];

const optionText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)).replaceAll(',', ', '));

const listed = <Row extends { samples: number }>(rows: readonly Row[], name: (row: Row) => string): string =>
  rows.length === 0 ? 'none' : rows.map((row) => `${name(row)} ${grouped(row.samples)}`).join(' · ');

/** A row of a table, where there is something to say. */
const row = (label: string, value: Content | undefined): [string, Content][] => (value === undefined ? [] : [[label, value]]);

const frozenText = ({ weights, heldOutLoss: { held, f32 } }: NonNullable<AdaptResult['frozen']>): string =>
  `in ${weights}: before training a held-out token costs ${short(held)} nats, beside float weights ${short(f32)} (${held < f32 ? '' : '+'}${percent(held / f32 - 1, 2)})`;

const recipe = ({ model, data, method, from, kept, frozen, tokens, seeds, replay, trainable }: AdaptResult): [string, Content][] => [
  ['Base model', html`${model.name} <span class="quiet">${shortCount(model.parameters)} parameters · sha256 ${model.sha256.slice(0, 12)}</span>`],
  ...row('Starts from', from && html`${from.name} <span class="quiet">${from.path} · sha256 ${from.sha256.slice(0, 12)}</span>`),
  ['Method', capital(methodName(method.kind))],
  [
    'Options',
    Object.entries(method.options)
      .map(([name, value]) => `${name}\u00a0${optionText(value)}`)
      .join(' · ') || 'none',
  ],
  ['Trained parameters', grouped(trainable)],
  ['Trained tokens', grouped(tokens)],
  ...row('Weights kept', kept && (kept.weights === 'last' ? `the last, of epoch ${kept.epoch}` : `of epoch ${kept.epoch}, whose held-out loss is the lowest`)),
  ...row('Frozen weights', frozen && frozenText(frozen)),
  [
    'Replay',
    replay.share > 0
      ? `on: ${percent(replay.share, 0)} of the trained tokens are general data${replay.source === null ? '' : `, ${replay.source}`}`
      : 'off: no general data among the trained tokens',
  ],
  ['Seeds', seeds.length > 0 ? seeds.join(', ') : 'none'],
  ['Data', data.path],
  ['Samples', `${grouped(data.samples)} to train on, ${grouped(data.heldOut)} held out`],
  ['Forms', listed(data.shapes, ({ shape }) => shape)],
  ['Kinds', listed(data.kinds, ({ kind }) => kind)],
  ['Left out', listed(data.skipped, ({ reason }) => reason)],
  ...row('Cut to fit', data.cut === undefined ? undefined : data.cut > 0 ? counted(data.cut, 'sample') : 'none'),
  ['The same as another', data.duplicates > 0 ? `${grouped(data.duplicates)}, kept` : 'none'],
];

/** How the figures are to be taken, the same in every report of adapting. */
export const howMeasured = html`<p>An interval holds the true figure in 95 of 100 cases like this one; it comes from drawing the questions anew with replacement, before and after on the same questions. A difference is called clear when its interval leaves out zero. World knowledge is called kept when its interval allows no loss above ${(keptWithin * 100).toFixed(0)} points. Scores are of samples that were held out of training.</p>`;

/**
 * The report of one run: one HTML file without scripts or links that lead outside, the same bytes for the same result. What a user or a model wrote is escaped.
 *
 * Loads the plotting library when it is called.
 */
export const adaptReport = async (result: AdaptResult): Promise<string> => {
  const { experts, knowledge, method, model, from, examples } = result;
  const [scores, relations, losses, use, router] = [
    await scoresFigure(result),
    knowledge && (await relationsFigure(knowledge)),
    await lossFigure(result),
    experts && (await expertUseFigure(experts)),
    experts && (await routerFigure(experts)),
  ];
  const sections: { title: string; parts: Content }[] = [
    ...(scores || relations ? [{ title: 'Gained and lost', parts: [scores, relations] }] : []),
    {
      title: 'Answers, before and after',
      parts: [
        knowledge && exampleList('Knowledge: was right, now wrong', 'None of the questions asked.', examples.lost),
        knowledge && exampleList('Knowledge: was wrong, now right', 'None of the questions asked.', examples.gained),
        ...changedOf(examples),
        exampleList(examples.taskLost ? 'Task: the first held-out samples' : 'Task: held-out samples', 'No samples were kept.', examples.task),
      ],
    },
    ...(losses ? [{ title: 'Training', parts: losses }] : []),
    ...(experts
      ? [
          {
            title: 'Experts',
            parts: [
              html`<p class="quiet">${counted(
                experts.groups.reduce((a, b) => a + b, 0),
                'expert',
              )} in ${counted(experts.groups.length, 'group')}; ${experts.balance === null ? 'nothing balanced them' : `the balancing loss ended at ${short(experts.balance)}, and 0 is even`}.</p>`,
              use,
              router,
            ],
          },
        ]
      : []),
    { title: 'Recipe', parts: table('What was trained, how, and on what', { columns: [{ label: 'part' }, { label: 'value' }], rows: recipe(result) }) },
    { title: 'How to read this', parts: howMeasured },
  ];
  return page({
    kicker: `Lyceum · adapting ${model.name} · ${methodName(method.kind)}${from ? ` · starts from “${from.name}”` : ''}`,
    title: result.name,
    lead: result.verdict,
    warnings: warningsOf(result),
    facts: factsOf(result),
    sections,
    foot: 'Written by lyceum adapt. Every figure here stands in result.json beside this file.',
  });
};
