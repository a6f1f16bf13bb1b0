import { percent } from '../numbers.ts';
import { ink, shade } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

export interface MatrixCell {
  readonly row: string;
  readonly column: string;
  /** From 0, mostly to 1; null where there is none, which is drawn as a dash. */
  readonly score: number | null;
  /** Of the score: its 95 % interval, drawn below it. */
  readonly range?: { readonly low: number; readonly high: number };
  /** What is framed is told in the caption. */
  readonly framed: boolean;
}

/** How strong the strongest shade is: words stay readable on it, in light and in dark. */
const deepest = 0.5;

/** A cell's colour, where `top` is the highest score of the picture. */
export const cellShade = (score: number, top: number): string => shade((deepest * score) / (top || 1));

/** Scores as shaded cells with their figures, some of them framed. @param axis  what the columns are */
export const matrixPlot = (label: string, cells: readonly MatrixCell[], { axis = 'task' }: { readonly axis?: string } = {}): Promise<Plot> => {
  const rows = [...new Set(cells.map(({ row }) => row))];
  const columns = [...new Set(cells.map(({ column }) => column))];
  const top = Math.max(...cells.map(({ score }) => score ?? 0));
  const draw: Draw = (plot, { width, wide }) => {
    const marginLeft = wide ? Math.min(240, 24 + Math.max(...rows.map((row) => row.length)) * 6.8) : 12;
    const above = wide ? 0 : 18;
    const rowHeight = 36 + above + (cells.some(({ range }) => range) ? 10 : 0);
    const place = { x: 'column', y: 'row', inset: 1, insetTop: 1 + above, rx: 3 };
    const room = (width - marginLeft - 12) / columns.length;
    const ranged = room < 44 ? [] : cells.filter(({ range }) => range); // for an interval below the score
    const bound = (share: number): string => (100 * share).toFixed(0);
    return {
      width,
      height: 52 + rows.length * rowHeight,
      marginTop: 48,
      marginBottom: 4,
      marginLeft,
      marginRight: 12,
      x: { domain: columns, label: `${axis} →`, labelArrow: 'none', axis: 'top', tickSize: 0, padding: 0, round: false },
      y: { domain: rows, axis: null, padding: 0, round: false },
      color: { type: 'identity' },
      marks: [
        plot.cell(
          cells.filter(({ score }) => score !== null),
          { ...place, fill: ({ score }: MatrixCell) => cellShade(score!, top) },
        ),
        plot.cell(
          cells.filter(({ framed }) => framed),
          { ...place, fill: 'none', stroke: ink, strokeWidth: 1.5 },
        ),
        plot.text(cells, {
          x: 'column',
          y: 'row',
          dy: above / 2 - (ranged.length > 0 ? 7 : 0),
          text: ({ score }: MatrixCell) => (score === null ? '–' : percent(score, room < 52 ? 0 : 1)),
          fill: ink,
        }),
        plot.text(ranged, {
          x: 'column',
          y: 'row',
          dy: above / 2 + 9,
          text: ({ range }: MatrixCell) => `${bound(range!.low)} to ${bound(range!.high)}`,
          fontSize: 11,
          fill: ink,
        }),
        wide
          ? plot.text(rows, { y: (row: string) => row, text: (row: string) => row, frameAnchor: 'left', textAnchor: 'end', dx: -12, fill: ink })
          : plot.text(rows, {
              y: (row: string) => row,
              text: (row: string) => row,
              frameAnchor: 'left',
              textAnchor: 'start',
              dy: -18,
              fill: ink,
              fontWeight: 600,
            }),
      ],
    };
  };
  return drawPlot(label, draw);
};
