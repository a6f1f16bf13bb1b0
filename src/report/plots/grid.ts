import { hue, line, paper, shade } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

export interface GridCell {
  readonly row: number;
  readonly column: number;
  /** In [−1, 1]; below 0 in the second hue. */
  readonly value: number;
}

export interface GridLook {
  /** Of the axes. */
  readonly rows: string;
  readonly columns: string;
}

const full = (value: number): string => (value >= 0 ? shade(value) : `color-mix(in srgb, ${hue(1)} ${Math.round(Math.min(1, -value) * 100)}%, ${paper})`);

/** Values as shaded cells, from paper at 0 to a hue at 1: as many rows and columns as there are, the first row on top. */
export const gridPlot = (label: string, cells: readonly GridCell[], look: GridLook): Promise<Plot> => {
  const rows = 1 + Math.max(...cells.map(({ row }) => row));
  const columns = 1 + Math.max(...cells.map(({ column }) => column));
  const numbers = (count: number, most: number): number[] => {
    const step = Math.ceil(count / most);
    return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
  };
  const draw: Draw = (plot, { width, wide }) => {
    const marginLeft = 44;
    const size = Math.min(wide ? 40 : 30, (width - marginLeft - 12) / columns);
    const rowHeight = Math.min(14, Math.max(6, size * 0.5));
    // A few heads do not fill the line: the rest stays empty, so that words keep their size.
    const marginRight = width - marginLeft - size * columns;
    return {
      width,
      height: 24 + 40 + rows * rowHeight,
      marginTop: 24,
      marginBottom: 40,
      marginLeft,
      marginRight,
      x: { type: 'band', domain: Array.from({ length: columns }, (_, i) => i), label: `${look.columns} →`, labelArrow: 'none', tickSize: 0, ticks: numbers(columns, 16), padding: 0, round: false }, // biome-ignore format: one axis
      y: { type: 'band', domain: Array.from({ length: rows }, (_, i) => i), label: `↓ ${look.rows}`, labelArrow: 'none', tickSize: 0, ticks: numbers(rows, 12), padding: 0, round: false }, // biome-ignore format: one axis
      color: { type: 'identity' },
      marks: [plot.cell(cells, { x: 'column', y: 'row', inset: 0.5, rx: 1.5, fill: ({ value }: GridCell) => full(value), stroke: line, strokeWidth: 0.5 })],
    };
  };
  return drawPlot(label, draw);
};
