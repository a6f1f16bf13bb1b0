import { namesApart } from './names-apart.ts';
import { grouped, percent } from './numbers.ts';
import { type OrionAnswered, type OrionExtras, type OrionPoint, type OrionRole, type OrionSwept, orionRoles } from './orion-result.ts';
import { figure, keyItem } from './page.ts';
import { hue } from './plots/colours.ts';
import { intervalPlot } from './plots/intervals.ts';
import { outcomeCurvesPlot } from './plots/outcome-curves.ts';
import { outcomeLayersPlot } from './plots/outcome-layers.ts';

const number = (label: string) => ({ label, number: true });
const four = (value: number) => Number(value.toFixed(4));

/** What people read instead of roles. */
export const roleNames: Readonly<Record<OrionRole, string>> = {
  unaffected: 'target’s own answer',
  request_transfer: 'source’s request on the target’s text',
  output_transfer: 'source’s answer',
};
// What changes nothing is grey, what the page is about has the first hue.
const roleHues: Readonly<Record<OrionRole, number>> = { unaffected: 7, request_transfer: 0, output_transfer: 1 };

/** A request counts as moved where the best layer is above this. */
export const movedMark = 0.7;

/** Tasks that the model knows and whose pairs were patched. */
export const sweptOf = (tasks: readonly OrionAnswered[]): OrionSwept[] =>
  tasks.filter((task): task is OrionSwept => task.passed && task.curves !== null && task.curves.request_transfer.length > 0);

/** Names of tasks in pictures: the family's, with the variant's where the family has several on the page. */
const namesOf = (tasks: readonly OrionSwept[]): string[] => {
  const siblings = Map.groupBy(tasks, ({ family }) => family);
  return namesApart(tasks.map(({ family, variant }) => (siblings.get(family)!.length > 1 ? `${family}, ${variant}` : family)));
};

const atLayer = (layer: number, { layers }: OrionExtras): string => `layer\u00a0${layer} of ${layers}`;

/** Least and most, as one where they read alike. */
export const range = (shares: readonly number[]): string => {
  const [least, most] = [Math.min(...shares), Math.max(...shares)].map((share) => percent(share, 0));
  return least === most ? most! : `${least!.replace(/\u00a0%$/, '')} to ${most}`;
};

/** How much of the request is moved at each task's best layer; nothing where there are no two tasks to compare. */
export const bestFigure = async (tasks: readonly OrionSwept[]) => {
  if (tasks.length < 2) return null;
  const names = namesOf(tasks);
  const moved = tasks.filter(({ requestTransfer: { max } }) => max > movedMark).length;
  const title = `The request is moved in ${moved === tasks.length ? (moved === 2 ? 'both' : `all ${moved}`) : `${moved === 0 ? 'none' : moved} of ${tasks.length}`} known tasks`;
  const rows = tasks.map(({ requestTransfer: { max, ci95 } }, i) => ({ label: names[i]!, after: { value: max, low: ci95[0], high: ci95[1] } }));
  return figure({
    title,
    caption: `Probability of the ${roleNames.request_transfer} at the best layer, of the right answer’s when nothing is replaced, with 95\u00a0% intervals: right of the dashes, at ${percent(movedMark, 0)}, the request counts as moved.`,
    plot: await intervalPlot(title, rows, { axis: 'of the unpatched probability', scale: 'share', dashes: movedMark }),
    numbers: {
      columns: [{ label: 'task' }, number('best layer'), number('request moved'), number('low'), number('high')],
      rows: tasks.map(({ L2, requestTransfer: { max, ci95 } }, i) => [names[i]!, L2, four(max), four(ci95[0]), four(ci95[1])]),
    },
    file: 'request-transfer',
  });
};

/** Where in the model one outcome follows another, task by task. */
export const layersFigure = async (tasks: readonly OrionSwept[], { layers: depth }: OrionExtras) => {
  const names = namesOf(tasks);
  const title = `The ${roleNames.request_transfer} comes most at ${range(tasks.map(({ L2 }) => L2 / depth))} of the layers`;
  return figure({
    title,
    caption: `${tasks.length > 1 ? 'A line is a known task, the' : 'The'} circle L1, the diamond L2, the square L3, and beside it their layers of ${depth}${tasks.length > 1 ? ': where diamonds stand under one another, requests have the same place whatever is asked' : ''}.`,
    plot: await outcomeLayersPlot(
      title,
      tasks.map(({ L1, L2, L3 }, i) => ({ label: names[i]!, layers: [L1, L2, L3] })),
      depth,
      orionRoles.map((role) => roleHues[role]),
    ),
    key: [
      keyItem(hue(roleHues.unaffected), `L1, last of the ${roleNames.unaffected}`),
      keyItem(hue(roleHues.request_transfer), `L2, most of the ${roleNames.request_transfer}`),
      keyItem(hue(roleHues.output_transfer), `L3, first of the ${roleNames.output_transfer}`),
    ],
    numbers: {
      columns: [{ label: 'task' }, ...['L1', 'L2', 'L3'].map(number), ...['L1', 'L2', 'L3'].map((name) => number(`${name}, share of layers`))],
      rows: tasks.map(({ L1, L2, L3 }, i) => [
        names[i]!,
        ...[L1, L2, L3].map((layer) => layer ?? ''),
        ...[L1, L2, L3].map((layer) => (layer === null ? '' : four(layer / depth))),
      ]),
    },
    file: 'layers',
  });
};

const story = ({ L1, L2, L3 }: OrionSwept): string =>
  [
    L1 === 0 ? `At no layer does the ${roleNames.unaffected} still come` : `Up to layer ${L1} the ${roleNames.unaffected} comes`,
    `at layer ${L2} most of the ${roleNames.request_transfer}`,
    L3 === null ? `at no layer the ${roleNames.output_transfer}` : `from layer ${L3} the ${roleNames.output_transfer}`,
  ].join(', ');

const valueIn = (interval: OrionPoint['accuracy']): number | '' => (interval ? four(interval.value) : '');
const triple = ({ value, low, high }: OrionPoint['tokenProb']): number[] => [value, low, high].map(four);

/** What comes of patching after each layer. */
export const curvesFigure = async (task: OrionSwept, extras: OrionExtras) => {
  const { family, variant, L1, L2, L3, floors, curves, requestTransfer } = task;
  const at = curves.request_transfer.map(({ layer }) => layer);
  const title = `${family}, ${variant}: ${percent(requestTransfer.max, 0)} of the request moved at ${atLayer(L2, extras)}`;
  const mark: Record<OrionRole, { name: string; layer: number | null }> = {
    unaffected: { name: 'L1', layer: L1 },
    request_transfer: { name: 'L2', layer: L2 },
    output_transfer: { name: 'L3', layer: L3 },
  };
  const index = roleHues.request_transfer;
  const byLayer = Map.groupBy(
    orionRoles.flatMap((role) => curves[role].map((point) => ({ role, point }))),
    ({ point }) => point.layer,
  );
  return figure({
    title,
    caption: `${story(task)}; bands are 95\u00a0% intervals over pairs (n\u00a0=\u00a0${grouped(extras.pairs)} a layer), and dotted is what the second outcome gets from pairs where its answer is also that of the first (${percent(floors.requestIsUnaffected, 0)}) or of the third (${percent(floors.requestIsOutput, 0)}).`,
    plot: await outcomeCurvesPlot(
      title,
      orionRoles.map((role) => ({
        name: roleNames[role],
        index: roleHues[role],
        points: curves[role].map(({ layer, tokenProb: { value, low, high } }) => ({ layer, value, low, high })),
        mark: mark[role],
      })),
      [
        { index, from: at[0]!, to: L2, value: floors.requestIsUnaffected },
        { index, from: L2, to: at.at(-1)!, value: floors.requestIsOutput },
      ],
    ),
    numbers: {
      columns: [
        { label: 'layer' },
        ...orionRoles.flatMap((role) =>
          ['', ', low', ', high', ', likeliest', ', likeliest but for its end', ', score'].map((what) => number(`${roleNames[role]}${what}`)),
        ),
        number('pairs with three labels'),
        number(`${roleNames.request_transfer}, of these`),
      ],
      rows: [...byLayer].map(([layer, points]) => {
        const request = points.find(({ role }) => role === 'request_transfer')?.point;
        return [
          layer,
          ...orionRoles.flatMap((role) => {
            const point = points.find((other) => other.role === role)?.point;
            return point ? [...triple(point.tokenProb), ...[point.accuracy, point.softMatch, point.logitDiff].map(valueIn)] : Array(6).fill('');
          }),
          request?.separablePairs ?? '',
          request?.separable ? four(request.separable.value) : '',
        ];
      }),
    },
    file: `${family}-${variant}`.replace(/[^\p{L}\p{N}]+/gu, '-'),
  });
};
