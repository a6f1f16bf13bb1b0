import { percent } from '../numbers.ts';
import { shade } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

export interface ModuleShares {
  readonly site: string;
  readonly shares: readonly number[];
}

/** `blocks.12.mlp.gate` → layer 12, module `mlp.gate`; a site without a number is layer 0 of its own module. */
export const placeOf = (site: string): { layer: number; module: string } => {
  const found = /^(?:.*?\.)?(\d+)\.(.+)$/.exec(site);
  return found ? { layer: Number(found[1]), module: found[2]! } : { layer: 0, module: site };
};

/** The share that the strongest shade stands for. */
export const strongest = (modules: readonly ModuleShares[]): number => Math.max(...modules.flatMap(({ shares }) => shares));

/** Share of each expert, by layer and module: a panel a module, a column a layer, a row an expert, a gap between groups. */
export const routerPlot = (label: string, modules: readonly ModuleShares[], groups: readonly number[]): Promise<Plot> => {
  const top = strongest(modules);
  const cells = modules.flatMap(({ site, shares }) => shares.map((share, expert) => ({ ...placeOf(site), expert: String(expert + 1), share })));
  const panels = [...new Set(cells.map(({ module }) => module))];
  const layers = [...new Set(cells.map(({ layer }) => layer))].sort((a, b) => a - b);
  let next = 0;
  const rows = groups.flatMap((size, group) => [...(group > 0 ? [' '.repeat(group)] : []), ...Array.from({ length: size }, () => String(++next))]);
  const draw: Draw = (plot, { width, wide }) => {
    const rowHeight = wide ? 14 : 12;
    const every = Math.ceil(layers.length / (wide ? 16 : 6));
    return {
      width,
      height: 20 + 40 + panels.length * (rows.length * rowHeight + 34),
      marginTop: 28,
      marginLeft: 36,
      marginRight: 12,
      x: {
        domain: layers,
        label: 'layer →',
        labelArrow: 'none',
        tickSize: 0,
        tickFormat: (layer: number, i: number) => (i % every === 0 ? String(layer) : ''),
        padding: 0,
        round: false,
      },
      y: { domain: rows, label: null, tickSize: 0, padding: 0 },
      fy: { domain: panels, axis: null, padding: 34 / (rows.length * rowHeight + 34) },
      color: { type: 'identity' },
      marks: [
        plot.cell(cells, { x: 'layer', y: 'expert', fy: 'module', fill: ({ share }: { share: number }) => shade(share / top), inset: 0.75, rx: 2 }),
        plot.text(panels, {
          fy: (panel: string) => panel,
          text: (panel: string) => `${panel}, expert by layer`,
          frameAnchor: 'top-left',
          textAnchor: 'start',
          dy: -16,
          fill: 'var(--ink)',
          fontWeight: 600,
        }),
      ],
    };
  };
  return drawPlot(label, draw);
};

/** What the shades stand for, in words. */
export const routerKey = (modules: readonly ModuleShares[]): { colours: string[]; from: string; to: string } => ({
  colours: [0, 0.25, 0.5, 0.75, 1].map(shade),
  from: percent(0, 0),
  to: percent(strongest(modules), 0),
});
