import { html } from './html.ts';
import { counted, percent } from './numbers.ts';
import { type OrionCell, orionCells } from './orion-cells.ts';
import { movedMark, range, roleNames } from './orion-figures.ts';
import type { OrionMeasured } from './orion-result.ts';
import { type Column, figure, page, table } from './page.ts';
import { cellShade, matrixPlot } from './plots/matrix.ts';

const number = (label: string): Column => ({ label, number: true });
const four = (value: number) => Number(value.toFixed(4));
/** Known cells of the paper, and those of them whose request is moved. */
const [publishedKnown, publishedMoved] = [106, 98];

const countsOf = (cells: readonly OrionCell[]) => ({
  known: cells.filter(({ moved }) => moved !== null).length,
  moved: cells.filter(({ isMoved }) => isMoved).length,
});

/** One sentence: how many cells, pairs of a model and a family, are known, and for how many of those the request is moved. */
export const orionCompareVerdict = (results: readonly OrionMeasured[]): string => {
  const cells = orionCells(results);
  const { known, moved } = countsOf(cells);
  const asked = `${counted(new Set(results.map(({ model }) => model)).size, 'model')} and their families of tasks make ${counted(cells.length, 'cell')}`;
  if (known === 0) return `${asked}, none of which is known, so this page cannot say how requests are handled.`;
  const paper = `the paper: ${publishedMoved} of ${publishedKnown}, ${percent(publishedMoved / publishedKnown, 0)}`;
  return `${asked}; ${known} of them ${known === 1 ? 'is' : 'are'} known, and for ${moved} of ${known} the request is moved, ${percent(moved / known, 0)} (${paper}).`;
};

const heatmap = async (results: readonly OrionMeasured[]) => {
  const cells = orionCells(results);
  const models = [...new Set(cells.map(({ model }) => model))];
  const families = [...new Set(cells.map(({ family }) => family))];
  const cellOf = (model: string, family: string): OrionCell | undefined => cells.find((cell) => cell.model === model && cell.family === family);
  const drawn = families.flatMap((family) =>
    models.map((model, i) => {
      const cell = cellOf(model, family);
      return { row: family, column: String(i + 1), score: cell?.moved ?? null, framed: cell?.isMoved ?? false };
    }),
  );
  const top = Math.max(1, ...drawn.map(({ score }) => score ?? 0));
  const { known, moved } = countsOf(cells);
  const title = `The request is moved in ${moved} of ${counted(known, 'known cell')}`;
  return figure({
    title,
    caption: `A row is a family of tasks, a column a model (${models.map((model, i) => `${i + 1}\u00a0${model}`).join(', ')}), a figure the probability of the ${roleNames.request_transfer} at the best layer, of the right answer’s when nothing is replaced: framed where it is above ${percent(movedMark, 0)}, a dash where the model does not know the family.`,
    plot: await matrixPlot(title, drawn, { axis: 'model' }),
    key: html`<span class="ramp">${percent(0, 0)}&nbsp;${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<i style="background:${cellShade(share * top, top)}"></i>`)}&nbsp;${percent(top, 0)}</span>`,
    numbers: {
      columns: [{ label: 'family' }, ...models.map(number)],
      rows: families.map((family) => [
        family,
        ...models.map((model) => {
          const value = cellOf(model, family)?.moved ?? null;
          return value === null ? '' : four(value);
        }),
      ]),
    },
    file: 'cells',
  });
};

const layersOf = (cells: readonly OrionCell[]) =>
  table('Known variants, cell by cell: L1, L2 and L3 are layers, and shares of all layers', {
    columns: [{ label: 'model' }, { label: 'family' }, { label: 'variant' }, number('seed'), number('right'), number('right by luck'), number('request moved'), number('95\u00a0% interval'), ...['L1', 'L2', 'L3'].map(number)], // biome-ignore format: one row
    rows: cells.flatMap(({ model, family, swept }) =>
      swept.map(({ variant, seed, accuracy, guess, requestTransfer: { max, ci95 }, L1, L2, L3, depth }) => [
        model,
        family,
        variant,
        String(seed),
        percent(accuracy, 0),
        percent(guess, 0),
        percent(max, 0),
        range(ci95),
        ...[L1, L2, L3].map((layer) => (layer === null ? '–' : `${layer} (${percent(layer / depth, 0)})`)),
      ]),
    ),
  });

/** What makes results hard to compare. */
const differencesOf = (results: readonly OrionMeasured[]): string[] => {
  const differs = (of: (result: OrionMeasured) => unknown): boolean => new Set(results.map((result) => JSON.stringify(of(result)))).size > 1;
  const variants = ({ tasks, skipped }: OrionMeasured): string[] => [...tasks, ...skipped].map(({ family, variant }) => `${family}/${variant}`).sort();
  return [
    ...(differs(({ prompts, pairs }) => [prompts, pairs]) ? ['The results are not of as many prompts and pairs.'] : []),
    ...(differs(variants) ? ['Not every model was asked the same tasks: cells that were not asked count nowhere.'] : []),
    ...(differs(({ weights }) => weights) ? ['Weights are not held in the same way in all results.'] : []),
  ];
};

/**
 * The page of `lyceum inspect orion compare`: cells of models and families. Results of one model, of several seeds, make one column. One HTML file as `adaptReport` writes.
 *
 * Loads the plotting library when it is called.
 *
 * @throws RangeError when there is no result
 */
export const orionCompareReport = async (results: readonly OrionMeasured[]): Promise<string> => {
  if (results.length === 0) throw new RangeError('orionCompareReport: expected at least one result, got none; name a result');
  const cells = orionCells(results);
  const { known, moved } = countsOf(cells);
  const models = new Set(cells.map(({ model }) => model)).size;
  return page({
    kicker: 'Lyceum · retrieval tasks',
    title: `${counted(models, 'model')} side by side`,
    lead: orionCompareVerdict(results),
    warnings: differencesOf(results),
    facts: [
      { label: 'Models', value: String(models), note: counted(results.length, 'result') },
      { label: 'Cells known', value: `${known} of ${cells.length}`, note: 'a model and a family of which it knows a variant' },
      { label: 'Cells whose request is moved', value: known === 0 ? '–' : `${moved} of ${known}`, note: `above ${percent(movedMark, 0)} at the best layer` },
    ],
    sections: [
      ...(cells.length > 0 ? [{ title: 'Where the request is moved', parts: await heatmap(results) }] : []),
      ...(known > 0 ? [{ title: 'Where in the model', parts: layersOf(cells) }] : []),
      {
        title: 'How to read this',
        parts: html`<p>A variant is known where the model answers more than 70\u00a0% of its prompts by itself; what it does not know is not patched and is in no mean. A cell is the mean over the variants known, of all seeds. What was moved, and how it is measured, stands in the report of each model. Method: arXiv:2312.10091, where ${publishedMoved} of ${publishedKnown} cells of 18 models are above 70\u00a0%.</p>\n`,
      },
    ],
    foot: 'Written by lyceum inspect orion compare. Every figure here stands in the result.json of its run.',
  });
};
