import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { spreadLabels, ticks } from '../state/axis.ts';
import type { ShareLine } from '../state/trend-shares.ts';
import { percent } from '../state/words.ts';
import { save, standaloneSvg } from './save.ts';
import { ScrollRegion } from './scroll-region.tsx';

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

/** Sizes in CSS pixels for a column so wide: text keeps its size, so a narrow plot has less room for labels. */
const frameFor = (width: number) => ({
  width,
  height: width < 560 ? 320 : 400,
  left: 52,
  right: width < 560 ? 134 : 210,
  top: 16,
  bottom: 44,
  letters: width < 560 ? 10 : 26,
});
const labelGap = 17;

/** Shares over years as lines, labelled where they end; saved as SVG or CSV, and told in a table. */
export function Plot({ title, caption, xLabel, yLabel, lines, strong, csv, onChoose }: Props): JSX.Element {
  const svg = useRef<SVGSVGElement>(null);
  const pointed = useSignal<string | null>(null);
  const box = useRef<HTMLElement>(null);
  const width = useSignal(860);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      if (entry) width.value = Math.max(320, Math.min(980, Math.round(entry.contentRect.width)));
    });
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, [width]);
  const view = frameFor(width.value);
  const drawing = useMemo(() => {
    const view = frameFor(width.value);
    const years = lines.flatMap(({ points }) => points.map(({ year }) => year));
    const first = Math.min(...years);
    const last = Math.max(...years);
    const top = Math.max(0.02, ...lines.flatMap(({ points }) => points.map(({ share }) => share))) * 1.08;
    const x = (year: number) => view.left + ((year - first) / Math.max(1, last - first)) * (view.width - view.left - view.right);
    const y = (share: number) => view.height - view.bottom - (Math.min(share, top) / top) * (view.height - view.top - view.bottom);
    const ends = lines.map(({ points }) => y(points.at(-1)?.share ?? 0));
    return { first, last, top, x, y, labels: spreadLabels(ends, labelGap, view.top, view.height - view.bottom) };
  }, [lines, view.width]);
  const { first, last, top, x, y, labels } = drawing;
  const shown = pointed.value ?? strong;
  const band = lines.find(({ id }) => id === shown);
  const path = (points: readonly { year: number; share: number }[]) =>
    points.map(({ year, share }, index) => `${index === 0 ? 'M' : 'L'}${x(year).toFixed(1)} ${y(share).toFixed(1)}`).join('');
  const yearTicks = ticks(first, last, view.width < 560 ? 4 : 9).filter(Number.isInteger);

  return (
    <figure ref={box} class="plot">
      <figcaption>
        <h2>{title}</h2>
        <p class="quiet small">{caption}</p>
      </figcaption>
      <svg ref={svg} viewBox={`0 0 ${view.width} ${view.height}`} role="img" aria-label={`${title}. The table below holds the figures.`}>
        {ticks(0, top, 5).map((tick) => (
          <g key={tick}>
            <line x1={view.left} x2={view.width - view.right} y1={y(tick)} y2={y(tick)} style={{ stroke: 'var(--line)' }} />
            <text x={view.left - 8} y={y(tick) + 4} text-anchor="end" font-size="12" style={{ fill: 'var(--ink-2)' }}>
              {Number((tick * 100).toFixed(2))}
            </text>
          </g>
        ))}
        {yearTicks.map((year) => (
          <text key={year} x={x(year)} y={view.height - view.bottom + 18} text-anchor="middle" font-size="12" style={{ fill: 'var(--ink-2)' }}>
            {year}
          </text>
        ))}
        <text x={(view.left + view.width - view.right) / 2} y={view.height - 6} text-anchor="middle" font-size="12" style={{ fill: 'var(--ink-2)' }}>
          {xLabel}
        </text>
        <text
          x={14}
          y={(view.top + view.height - view.bottom) / 2}
          text-anchor="middle"
          font-size="12"
          transform={`rotate(-90 14 ${(view.top + view.height - view.bottom) / 2})`}
          style={{ fill: 'var(--ink-2)' }}
        >
          {yLabel}
        </text>
        {band && (
          <path
            d={`${band.points.map(({ year, high }, index) => `${index === 0 ? 'M' : 'L'}${x(year).toFixed(1)} ${y(high).toFixed(1)}`).join('')}${band.points
              .toReversed()
              .map(({ year, low }) => `L${x(year).toFixed(1)} ${y(low).toFixed(1)}`)
              .join('')}Z`}
            style={{ fill: `var(--hue-${(lines.indexOf(band) % 8) + 1})` }}
            opacity="0.14"
          />
        )}
        {lines.map((line, index) => {
          const isStrong = line.id === shown;
          const hue = `var(--hue-${(index % 8) + 1})`;
          const end = line.points.at(-1);
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
                    {line.name.length > view.letters ? `${line.name.slice(0, view.letters - 1)}…` : line.name} {percent(end.share)}
                  </text>
                </>
              )}
            </g>
          );
        })}
      </svg>
      <div class="foot">
        <details>
          <summary class="small">The figures</summary>
          <ScrollRegion class="plot-table" label="Figures of the plot">
            <table>
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
            </table>
          </ScrollRegion>
        </details>
        <div>
          <button type="button" class="button plain" onClick={() => save('trends.csv', 'text/csv', csv())}>
            Save CSV
          </button>
          <button type="button" class="button plain" onClick={() => svg.current && save('trends.svg', 'image/svg+xml', standaloneSvg(svg.current))}>
            Save SVG
          </button>
        </div>
      </div>
    </figure>
  );
}
