import { type Content, html } from './html.ts';
import { counted, figure as decimal, duration, grouped, percent } from './numbers.ts';
import { bestFigure, curvesFigure, layersFigure, movedMark, range, roleNames, sweptOf } from './orion-figures.ts';
import type { OrionExtras, OrionResult, OrionSwept } from './orion-result.ts';
import { type Column, type Fact, page, table } from './page.ts';

const number = (label: string): Column => ({ label, number: true });
/** With fewer prompts or pairs than this, figures are too rough to say where layers lie. */
const fewest = 50;

/** Known tasks of families whose request is moved on average. */
const movedOf = (tasks: readonly OrionSwept[]): OrionSwept[] =>
  [...Map.groupBy(tasks, ({ family }) => family).values()]
    .filter((own) => own.reduce((sum, { requestTransfer }) => sum + requestTransfer.max, 0) / own.length > movedMark)
    .flat();

/** Where in the model the request is moved best; the layer itself where it is one. */
const depthOf = (tasks: readonly OrionSwept[], layers: number): string => {
  const found = new Set(tasks.map(({ L2 }) => L2));
  return `${range([...found].map((layer) => layer / layers))} of the layers${found.size === 1 ? ` (layer ${[...found][0]} of ${layers})` : ''}`;
};

const familiesOf = ({ tasks }: OrionResult): number => new Set(tasks.map(({ family }) => family)).size;

/** One sentence: how many families of tasks the model knows, for how many of those the request is moved, and where. */
export const orionVerdict = (result: OrionResult, { layers }: Pick<OrionExtras, 'layers'>): string => {
  const { model, tasks, cells } = result;
  const families = counted(familiesOf(result), 'family', 'families');
  if (tasks.length === 0) return `No retrieval task was put to ${model}, so this page says nothing about it.`;
  if (cells.passed === 0) return `${model} knows none of ${families} of retrieval tasks, so this page cannot say how it handles requests.`;
  const knows = `${model} knows ${cells.passed} of ${families} of retrieval tasks`;
  const of = cells.passed === 1 ? 'that one' : cells.above70 === cells.passed ? 'all of those' : `${cells.above70} of those`;
  if (cells.above70 === 0)
    return `${knows}; ${cells.passed === 1 ? 'for that one the request is not moved' : 'for none of those is the request moved'} at any layer.`;
  const moved = movedOf(sweptOf(tasks));
  return `${knows}; for ${of} the request is moved${moved.length > 0 ? `, best at ${depthOf(moved, layers)}` : ''}.`;
};

const warningsOf = ({ tasks }: OrionResult, { skipped, prompts, pairs }: OrionExtras): string[] => {
  const few = [...(prompts < fewest ? [counted(prompts, 'prompt')] : []), ...(pairs < fewest ? [`${counted(pairs, 'pair')} a layer`] : [])];
  return [
    ...(tasks.length > 0 && tasks.every(({ passed }) => !passed)
      ? ['The model knows none of these tasks: what becomes of patched pairs would say nothing, so no figures are drawn.']
      : []),
    ...(skipped.length > 0
      ? [`${counted(skipped.length, 'task was', 'tasks were')} skipped and ${skipped.length === 1 ? 'counts' : 'count'} nowhere; the reasons stand below.`]
      : []),
    ...(tasks.length > 0 && few.length > 0
      ? [`Only ${few.join(' and ')}: which tasks are known, and where L1, L2 and L3 lie, may be chance. The original takes 100 of each.`]
      : []),
  ];
};

const factsOf = (result: OrionResult, { prompts, pairs, seed, seconds, weights, layers }: OrionExtras): Fact[] => {
  const { cells, tasks } = result;
  const moved = movedOf(sweptOf(tasks));
  return [
    {
      label: 'Families known',
      value: `${cells.passed} of ${familiesOf(result)}`,
      note: `${tasks.filter(({ passed }) => passed).length} of ${counted(tasks.length, 'task')}`,
    },
    {
      label: 'Families whose request is moved',
      value: cells.passed === 0 ? '–' : `${cells.above70} of ${cells.passed}`,
      note: `above ${percent(movedMark, 0)} at the best layer`,
    },
    {
      label: 'Best layer of the request',
      value: moved.length === 0 ? '–' : range(moved.map(({ L2 }) => L2 / layers)),
      note: `of ${counted(layers, 'layer')}, where it is moved`,
    },
    { label: 'Prompts', value: grouped(prompts), note: `a task, seed ${seed}` },
    { label: 'Pairs', value: grouped(pairs), note: 'a layer and known task' },
    { label: 'Time', value: duration(seconds), note: `weights held as ${weights}` },
  ];
};

const asked = ({ tasks }: OrionResult, { chat }: OrionExtras): Content =>
  table('Answers when nothing is replaced; known is what is right in more than 70\u00a0%', {
    columns: [
      { label: 'family' },
      { label: 'variant' },
      { label: 'known' },
      number('prompts'),
      { label: 'put as' },
      number('right'),
      number('right by luck'),
      number('right but for its end'),
      number('probability'),
      number('score above others'),
    ],
    rows: tasks.map(({ family, variant, n, accuracy, guess, softMatch, tokenProb, logitDiff, passed }) => {
      const name = `${family}/${variant}`;
      return [
        family,
        variant,
        passed ? html`<span class="gained">yes</span>` : html`<span class="quiet">no</span>`,
        grouped(n),
        Object.hasOwn(chat, name) ? (chat[name] ? 'chat' : 'plain text') : '–',
        percent(accuracy),
        percent(guess),
        percent(softMatch),
        percent(tokenProb),
        logitDiff === null ? '–' : decimal(logitDiff),
      ];
    }),
  });

const outcomes = html`<p>A prompt is a text with a request. Two prompts of one task are read, a source and a target; after one layer, what the source’s last token holds (its residual stream) is put in the place of the target’s, and the target is read on. Three things can come of it: the <b>${roleNames.unaffected}</b>, as if nothing had happened; the <b>${roleNames.request_transfer}</b>, so that what was asked was moved and answered anew; the <b>${roleNames.output_transfer}</b>, which was ready and moved whole.</p>
`;

const howMeasured = html`<p>Figures are mean probabilities of an outcome’s first token, divided by the mean probability of right answers when nothing is replaced: 100\u00a0% is the model as it is. L1 is the last layer at which the ${roleNames.unaffected} is above 80\u00a0%, L2 the layer at which the ${roleNames.request_transfer} is highest, L3 the first at which the ${roleNames.output_transfer} is above 80\u00a0%. A request counts as moved where L2 reaches more than 70\u00a0%, for a family on average over its known tasks.</p>
<p>Intervals come from drawing pairs anew with replacement; that other prompts might have been drawn, and that L2 was chosen as the best of many layers, is not in them. Pairs may have the same answer to two of the three outcomes; the tables of numbers also say what the pairs come to whose three answers differ, how often an outcome’s token is the likeliest (above lucky guesses; once as it is, once where case, spaces and the rest of a word do not count), and how far its score lies above that of what another request of the task finds in the same text. What the model does not know was not patched and says nothing about where it keeps requests. Method: arXiv:2312.10091, where 98 of 106 pairs of a model and a family are above 70\u00a0%.</p>
`;

/**
 * The page of retrieval tasks put to one model: which it knows, and after which layers a request can be moved from one prompt to another. One HTML file as `adaptReport` writes.
 *
 * Loads the plotting library when it is called.
 */
export const orionReport = async (result: OrionResult, extras: OrionExtras): Promise<string> => {
  const { model, tasks } = result;
  const swept = sweptOf(tasks);
  const overview = swept.length > 0 ? [await bestFigure(swept), await layersFigure(swept, extras)] : [];
  const curves: Content[] = [];
  for (const task of swept) curves.push(await curvesFigure(task, extras));
  return page({
    kicker: `Lyceum · retrieval tasks · ${extras.weights}`,
    title: model,
    lead: orionVerdict(result, extras),
    warnings: warningsOf(result, extras),
    facts: factsOf(result, extras),
    sections: [
      ...(tasks.length > 0 ? [{ title: 'What the model knows', parts: asked(result, extras) }] : []),
      ...(swept.length > 0
        ? [
            { title: 'Where the request is moved', parts: [outcomes, overview] },
            { title: 'Layer by layer', parts: curves },
          ]
        : []),
      ...(extras.skipped.length > 0
        ? [
            {
              title: 'Skipped',
              parts: table('Tasks that were not put to the model', {
                columns: [{ label: 'task' }, { label: 'why' }],
                rows: extras.skipped.map(({ task, reason }) => [task, reason]),
              }),
            },
          ]
        : []),
      { title: 'How to read this', parts: howMeasured },
    ],
    foot: 'Written by lyceum inspect orion.',
  });
};
