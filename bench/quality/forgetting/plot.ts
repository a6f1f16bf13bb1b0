// node bench/quality/forgetting/plot.ts: draws docs/forgetting/cells.jsonl into docs/images: knowledge and task score by samples, one against the other, and the use of experts.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { hue, line, markLine, nameHue } from '../../../src/report/plots/colours.ts';
import { type Draw, drawPlot } from '../../../src/report/plots/draw.ts';
import { expertUsePlot } from '../../../src/report/plots/expert-use.ts';
import { learningForgettingPlot } from '../../../src/report/plots/learning-forgetting.ts';
import { spread } from '../../../src/report/plots/loss.ts';
import type { Plot } from '../../../src/report/plots/plot.ts';
import { savedSvg } from '../../../src/report/saved-svg.ts';
import { claimed } from './cells.ts';
import { kinds } from './data.ts';
import { type Result, readResults } from './results.ts';
import { type Figure, figureOf, gainOf, select } from './statistics.ts';

const names: Readonly<Record<string, string>> = { full: 'full fine-tuning', lora: 'LoRA', 'loramoe-free': 'LoRAMoE, no constraint', loramoe: 'LoRAMoE' };
const images = fileURLToPath(new URL('../../../docs/images', import.meta.url));
const save = async (name: string, plot: Plot): Promise<void> => {
  await writeFile(`${images}/forgetting-${name}.svg`, `${savedSvg(plot.wide.text)}\n`);
  console.log(`docs/images/forgetting-${name}.svg`);
};

/** A figure by samples: a line an arm with 95 % intervals over seeds and items, a rule where the model began. */
const bySize = (label: string, figure: Figure, results: readonly Result[], base: Result): Promise<Plot> => {
  const points = claimed.flatMap((arm, index) =>
    [...new Set(results.filter((one) => one.arm === arm).map(({ size }) => size))]
      .sort((a, b) => a - b)
      .map((size) => ({ arm: names[arm]!, index, size, ...figureOf(figure, select(results, arm, size)) })),
  );
  const began = figureOf(figure, [base]).value;
  const sizes = [...new Set(points.map(({ size }) => size))];
  const domain = [Math.min(began, ...points.map(({ low }) => low)), Math.max(began, ...points.map(({ high }) => high))] as const;
  // Names stand where lines end, a line's height apart, counted from the top.
  const ends = claimed.map((arm) => points.findLast((one) => one.arm === names[arm])!.value);
  const step = 0.055 * (domain[1] - domain[0]);
  const places = spread(ends.map((value) => domain[1] - value), step, domain[1] - domain[0]); // biome-ignore format: a step
  const draw: Draw = (plot, { width }) => ({
    width,
    height: 340,
    marginLeft: 52,
    marginRight: 180,
    x: { type: 'log', base: 2, label: 'samples trained on →', labelArrow: 'none', ticks: sizes, tickSize: 0, tickFormat: (size: number) => String(size) },
    y: {
      label,
      labelArrow: 'none',
      domain,
      nice: true,
      ticks: 6,
      tickSize: 0,
    },
    marks: [
      plot.gridY({ stroke: line, strokeOpacity: 1, ticks: 6 }),
      plot.ruleY([began], { stroke: markLine, strokeDasharray: '3 3' }),
      ...claimed.flatMap((arm, i) => {
        const own = points.filter((one) => one.arm === names[arm]);
        return [
          plot.line(own, { x: 'size', y: 'value', stroke: hue(i), strokeWidth: 2 }),
          plot.ruleX(own, { x: 'size', y1: 'low', y2: 'high', stroke: hue(i), strokeOpacity: 0.6 }),
          plot.dot(own, { x: 'size', y: 'value', fill: hue(i), r: 4 }),
          plot.text(own.slice(-1), { x: 'size', y: domain[1] - places[i]!, text: 'arm', fill: nameHue(i), textAnchor: 'start', dx: 8, fontWeight: 600 }),
        ];
      }),
    ],
  });
  return drawPlot(label, draw);
};

const results = await readResults();
const base = results.find(({ arm }) => arm === 'base');
if (!base) throw new Error('bench quality/forgetting: expected cells in docs/forgetting/cells.jsonl, got none; run the bench first');
if (results.length > 1) {
  await save('knowledge', await bySize('facts ranked first, share', 'knowledge', results, base));
  await save('task', await bySize('words in common with the answer, F1', 'task', results, base));
  const largest = Math.max(...results.filter(({ arm }) => arm === 'full').map(({ size }) => size));
  const learners = claimed.flatMap((arm, index) => {
    const own = select(results, arm, largest);
    return own.length === 0 ? [] : [{ name: names[arm]!, index, task: figureOf('task', own), knowledge: gainOf('knowledge', own, base) }];
  });
  await save(
    'scatter',
    await learningForgettingPlot(`What was learnt against what was forgotten, ${largest} samples`, learners, figureOf('task', [base]).value),
  );
  for (const arm of ['loramoe', 'loramoe-free']) {
    const [own] = select(results, arm, largest);
    if (own?.experts) await save(`experts-${arm}`, await expertUsePlot(`Use of experts, ${names[arm]}, ${largest} samples`, kinds.map((kind) => ({ kind, shares: own.experts![kind] })), [3, 3])); // biome-ignore format: short
  }
}
