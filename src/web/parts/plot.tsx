import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { spreadLabels, ticks } from '../state/axis.ts';
import type { ShareLine } from '../state/trend-shares.ts';
import { percent } from '../state/words.ts';
import { PlotFigure, type PlotView, pathOf } from './plot-figure.tsx';

interface Props {
  readonly title: string;
  readonly caption: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly ShareLine[];
  /** The line that the title is about: it is drawn stronger, with its interval. */
  readonly strong: string | null;
  readonly csv: () => string;
  readonly onChoose: (id: string) => void;
}

interface View extends PlotView {
  /** Of a label at most, its share included. */
  readonly letters: number;
}

const viewFor = (width: number): View => ({
  width,
  height: width < 560 ? 320 : 400,
  left: 52,
  right: width < 560 ? 134 : 210,
  top: 16,
  bottom: 44,
  letters: width < 560 ? 16 : 28,
});
const labelGap = 17;
const colourOf = ({ hue }: ShareLine, index: number): string => `var(--hue-${hue ?? (index % 8) + 1})`;

/** Shares over years as lines, labelled where they end; saved as SVG or CSV, and told in a table. */
export function Plot({ title, caption, xLabel, yLabel, lines, strong, csv, onChoose }: Props): JSX.Element {
  const pointed = useSignal<string | null>(null);
  const { first, last, top } = useMemo(() => {
    const years = lines.flatMap(({ points }) => points.map(({ year }) => year));
    const shares = lines.flatMap(({ points }) => points.map(({ share }) => share));
    return { first: Math.min(...years), last: Math.max(...years), top: Math.max(0.02, ...shares) * 1.08 };
  }, [lines]);
  const shown = pointed.value ?? strong;
  const band = lines.find(({ id }) => id === shown);
  const draw = (view: View) => {
    const x = (year: number) => view.left + ((year - first) / Math.max(1, last - first)) * (view.width - view.left - view.right);
    const y = (share: number) => view.height - view.bottom - (Math.min(share, top) / top) * (view.height - view.top - view.bottom);
    const ends = lines.map(({ points }) => y(points.at(-1)?.share ?? 0));
    const labels = spreadLabels(ends, labelGap, view.top, view.height - view.bottom);
    const path = (points: ShareLine['points']) => pathOf(points.map(({ year, share }) => [x(year), y(share)]));
    const around = (points: ShareLine['points']) => [
      ...points.map(({ year, high }) => [x(year), y(high)] as const),
      ...points.toReversed().map(({ year, low }) => [x(year), y(low)] as const),
    ];
    return {
      x: ticks(first, last, view.width < 560 ? 4 : 9).filter(Number.isInteger).map((year) => ({ at: x(year), text: year })), // biome-ignore format: a chain
      y: ticks(0, top, 5).map((share) => ({ at: y(share), text: Number((share * 100).toFixed(2)) })),
      marks: (
        <>
          {band && <path d={`${pathOf(around(band.points))}Z`} style={{ fill: colourOf(band, lines.indexOf(band)) }} opacity="0.14" />}
          {lines.map((line, index) => {
            const isStrong = line.id === shown;
            const hue = colourOf(line, index);
            const end = line.points.at(-1);
            const share = percent(end?.share ?? 0);
            const room = view.letters - share.length - 1;
            return (
              // biome-ignore lint/a11y/noStaticElementInteractions: pointing only makes a line bolder; its figures are in the table
              <g
                key={line.id}
                onPointerEnter={() => {
                  pointed.value = line.id;
                }}
                onPointerLeave={() => {
                  pointed.value = null;
                }}
                onClick={() => onChoose(line.id)}
                style={{ cursor: 'pointer' }}
              >
                <path d={path(line.points)} fill="none" stroke-width={12} style={{ stroke: 'transparent' }} />
                <path
                  d={path(line.points)}
                  fill="none"
                  stroke-width={isStrong ? 2.8 : 1.5}
                  stroke-linejoin="round"
                  opacity={shown === null || isStrong ? 1 : 0.55}
                  style={{ stroke: hue }}
                />
                {line.points.length === 1 && end && <circle cx={x(end.year)} cy={y(end.share)} r="4" style={{ fill: hue }} />}
                {end && (
                  <>
                    <path
                      d={`M${x(end.year) + 3} ${y(end.share)}L${view.width - view.right + 14} ${labels[index]}`}
                      fill="none"
                      opacity="0.5"
                      style={{ stroke: hue }}
                    />
                    <text x={view.width - view.right + 18} y={labels[index]! + 4} font-size="12.5" font-weight={isStrong ? 600 : 400} style={{ fill: hue }}>
                      {line.name.length > room ? `${line.name.slice(0, room - 1).trimEnd()}…` : line.name} {share}
                    </text>
                  </>
                )}
              </g>
            );
          })}
        </>
      ),
    };
  };
  return (
    <PlotFigure
      title={title}
      caption={caption}
      viewFor={viewFor}
      xLabel={xLabel}
      yLabel={yLabel}
      draw={draw}
      fileName="trends"
      csv={csv}
      table={
        <>
          <thead>
            <tr>
              <th scope="col">{yLabel}</th>
              {lines[0]?.points.map(({ year }) => (
                <th key={year} scope="col">
                  {year}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.id}>
                <th scope="row">{line.name}</th>
                {line.points.map(({ year, share, documents, of }) => (
                  <td key={year} title={`${documents} of ${of}`}>
                    {(share * 100).toFixed(0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </>
      }
    />
  );
}
