import { percent } from '../numbers.ts';
import { hue, line, markLine } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

export interface KindShares {
  readonly kind: string;
  readonly shares: readonly number[];
}

/** Group of each expert, first expert first. */
export const groupOf = (groups: readonly number[]): number[] => groups.flatMap((size, group) => Array.from({ length: size }, () => group));

/** Share of each expert for each kind of sample: a panel a kind, a bar an expert, coloured by its group, a line where an even share would be. */
export const expertUsePlot = (label: string, kinds: readonly KindShares[], groups: readonly number[]): Promise<Plot> => {
  const group = groupOf(groups);
  const even = 1 / group.length;
  const draw: Draw = (plot, { width, wide }) => {
    const columns = Math.min(kinds.length, wide ? (group.length > 8 ? 2 : 4) : group.length > 8 ? 1 : 2);
    const rows = Math.ceil(kinds.length / columns);
    const panels = kinds.map(({ kind }, i) => ({ kind, column: i % columns, row: Math.floor(i / columns) }));
    const bars = kinds.flatMap(({ shares }, i) => shares.map((share, expert) => ({ ...panels[i]!, expert: expert + 1, share, group: group[expert]! })));
    const top = Math.max(even * 1.2, ...bars.map(({ share }) => share));
    const facet = { fx: 'column', fy: 'row' } as const;
    return {
      width,
      height: 54 + rows * (wide ? 130 : 110) + (rows - 1) * 60,
      marginTop: 30,
      marginBottom: 24,
      marginLeft: 48,
      marginRight: 8,
      fx: { axis: null, paddingOuter: 0, paddingInner: columns > 1 ? 0.1 : 0 },
      fy: { axis: null, paddingOuter: 0, paddingInner: rows > 1 ? 0.34 : 0 },
      x: { label: null, tickSize: 0, padding: 0.18 },
      y: { label: null, domain: [0, top], ticks: 4, tickSize: 0, tickFormat: (share: number) => percent(share, 0) },
      marks: [
        plot.gridY({ stroke: line, strokeOpacity: 1, ticks: 4 }),
        ...groups.map((_, g) =>
          plot.barY(
            bars.filter((bar) => bar.group === g),
            { ...facet, x: 'expert', y: 'share', fill: hue(g) },
          ),
        ),
        plot.ruleY(panels, { ...facet, y: () => even, stroke: 'var(--ink)', strokeDasharray: '3 3', strokeWidth: 1 }),
        plot.ruleY(panels, { ...facet, y: () => 0, stroke: markLine }),
        plot.text(panels, { ...facet, text: 'kind', frameAnchor: 'top-left', textAnchor: 'start', dy: -18, fill: 'var(--ink)', fontWeight: 600 }),
      ],
    };
  };
  return drawPlot(label, draw);
};
