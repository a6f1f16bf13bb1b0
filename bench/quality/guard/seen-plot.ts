import { hue, ink, line } from '../../../src/report/plots/colours.ts';
import { type Draw, drawPlot } from '../../../src/report/plots/draw.ts';
import type { Plot } from '../../../src/report/plots/plot.ts';
import { intervalOf, type Seen } from './cells.ts';
import { distractorNames } from './distractors.ts';

const usual = 20; // prompts, where a cell does not say
const panels = ['distractor names another city', 'distractor names the right city'] as const;

/** A row a model, a panel for distractors towards another city and towards the right one: the share of untrusted requests that change a trusted prompt's answer, by the share of blocks run, with 95 % intervals. */
export const seenCurves = (models: readonly { readonly model: string; readonly seen: readonly Seen[] }[]): Promise<Plot> => {
  const points = models.flatMap(({ model, seen }) => {
    const layers = Math.max(...seen.map(({ layer }) => layer));
    return seen.map(({ distractor, collision, layer, share, n = usual }) => ({
      model,
      distractor,
      panel: panels[collision ? 1 : 0],
      depth: layer / layers,
      share,
      ...intervalOf(Math.round(share * n), n),
    }));
  });
  const rowHeight = 150;
  const marginTop = 64;
  const draw: Draw = (plot, { width }) => ({
    width,
    height: marginTop + 40 + models.length * rowHeight,
    marginTop,
    marginBottom: 40,
    marginLeft: 48,
    marginRight: 24,
    fx: { domain: [...panels], label: null, axis: 'top', padding: 0.16, tickSize: 0 },
    fy: { domain: models.map(({ model }) => model), axis: null, padding: 0.16 },
    x: {
      label: 'blocks run before the request is moved →',
      labelArrow: 'none',
      domain: [0, 1],
      ticks: 5,
      tickSize: 0,
      tickFormat: (share: number) => `${Math.round(100 * share)} %`,
    },
    y: { label: null, domain: [0, 1], ticks: 3, tickSize: 0, tickFormat: (share: number) => `${Math.round(100 * share)} %` },
    marks: [
      plot.gridY({ stroke: line, strokeOpacity: 1, ticks: 3 }),
      plot.text(models, { fy: 'model', fx: () => panels[0], text: 'model', frameAnchor: 'top-left', dx: 6, dy: 10, fill: ink, fontWeight: 600 }),
      ...distractorNames.flatMap((name, i) => {
        const own = points.filter(({ distractor }) => distractor === name);
        const place = { fx: 'panel', fy: 'model', x: 'depth' } as const;
        const legend = { fx: () => panels[0], fy: () => models[0]!.model, frameAnchor: 'top-left' } as const;
        return [
          plot.areaY(own, { ...place, z: null, y1: 'low', y2: 'high', fill: hue(i), fillOpacity: 0.12 }),
          // Curves that coincide stay visible under one another: the first is the widest.
          plot.line(own, { ...place, z: null, y: 'share', stroke: hue(i), strokeWidth: 2 * (distractorNames.length - i) - 0.5 }),
          plot.dot([0], { ...legend, dx: 6 + 120 * i, dy: -50, r: 4.5, fill: hue(i) }),
          plot.text([0], { ...legend, dx: 16 + 120 * i, dy: -50, text: () => (name === 'none' ? 'no distractor' : name), textAnchor: 'start', fill: ink }),
        ];
      }),
    ],
  });
  return drawPlot('Untrusted requests that change a trusted prompt’s answer, by distractor and depth', draw);
};
