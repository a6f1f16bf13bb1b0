// node bench/quality/guard/plot.ts: draws the oversight of docs/guard/cells.jsonl into docs/images: a picture a model, a panel a distractor, right answers by the block after which the request is held; and one picture of what a detector of requests sees.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { hue, ink, line, markLine } from '../../../src/report/plots/colours.ts';
import { type Draw, drawPlot } from '../../../src/report/plots/draw.ts';
import { savedSvg } from '../../../src/report/saved-svg.ts';
import { intervalOf, readCells, type Shares, seenOf } from './cells.ts';
import { distractorNames } from './distractors.ts';
import { seenCurves } from './seen-plot.ts';

const arms: Readonly<Record<string, string>> = {
  'held, one prompt': 'the paper’s: one trusted prompt in other words',
  'held, mean, same words': 'mean of eight prompts in the question’s words',
  '14 directions, same words': 'the same, within the subspace of requests',
  '14 directions, all blocks from there, same words': 'within it, after every block from there on',
};
const unguarded = 'off';
const said = { none: 'no distractor', small: 'small', big: 'big', control: 'control' } as const;

/** Panels beside one another, each a distractor: right answers by block with 95 % intervals, dashed where nothing is held. */
const layerCurves = (model: string, shares: readonly Shares[]) => {
  const points = shares.map(({ arm, attack, layer, right, n }) => ({
    arm: arm!,
    panel: said[attack as keyof typeof said],
    layer,
    value: right / n,
    ...intervalOf(right, n),
  }));
  const bases = points.filter(({ arm }) => arm === unguarded);
  const last = Math.max(...points.map(({ layer }) => layer));
  const shown = Object.entries(arms).filter(([arm]) => points.some((one) => one.arm === arm));
  const marginTop = 34 + 18 * shown.length;
  const draw: Draw = (plot, { width }) => ({
    width,
    height: marginTop + 250,
    marginTop,
    marginBottom: 40,
    marginLeft: 48,
    marginRight: 8,
    fx: { domain: distractorNames.map((name) => said[name]), label: null, axis: 'top', padding: 0.08, tickSize: 0 },
    x: { label: 'block →', labelArrow: 'none', domain: [1, last], ticks: 3, tickSize: 0 },
    y: { label: null, domain: [0, 1], ticks: 5, tickSize: 0, tickFormat: (share: number) => `${Math.round(100 * share)} %` },
    marks: [
      plot.gridY({ stroke: line, strokeOpacity: 1, ticks: 5 }),
      plot.ruleY(bases, { fx: 'panel', y: 'value', stroke: markLine, strokeWidth: 2, strokeDasharray: '4 3' }),
      ...shown.flatMap(([arm], i) => {
        const own = points.filter((one) => one.arm === arm);
        return [
          plot.areaY(own, { fx: 'panel', x: 'layer', y1: 'low', y2: 'high', fill: hue(i), fillOpacity: 0.14 }),
          plot.line(own, { fx: 'panel', x: 'layer', y: 'value', stroke: hue(i), strokeWidth: 2 }),
          plot.dot([0], { ...legendAt(i, marginTop), dx: 6, dy: 18 * i + 12 - marginTop, r: 4.5, fill: hue(i) }),
          plot.text([0], { ...legendAt(i, marginTop), dx: 16, text: () => arms[arm]!, textAnchor: 'start', fill: ink }),
        ];
      }),
    ],
  });
  return drawPlot(`Right answers of ${model} by distractor and the block after which the request is held`, draw);
};

const legendAt = (row: number, marginTop: number) => ({ fx: () => said.none, frameAnchor: 'top-left', dy: 18 * row + 8 - marginTop }) as const;

const save = async (file: string, svg: string): Promise<void> => {
  await writeFile(fileURLToPath(new URL(`../../../docs/images/${file}`, import.meta.url)), `${savedSvg(svg)}\n`);
  console.log(`docs/images/${file}`);
};

const cells = await readCells();
const models = [...new Set(cells.map((one) => one.model))];
for (const model of models) {
  const shares = cells.filter((one) => one.model === model && ['oversight', 'oversight/moves'].includes(one.cell)).flatMap((one) => one.shares);
  if (shares.length > 0) await save(`guard-oversight-${model}.svg`, (await layerCurves(model, shares)).wide.text);
}
const seen = models.map((model) => ({ model, seen: seenOf(cells, model) })).filter((one) => one.seen.length > 0);
if (seen.length > 0) await save('guard-seen.svg', (await seenCurves(seen)).wide.text);
