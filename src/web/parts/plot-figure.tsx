import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { save, standaloneSvg } from './save.ts';
import { ScrollRegion } from './scroll-region.tsx';

/** Sizes in CSS pixels: text keeps its size, so a narrow plot has less room for labels. */
export interface PlotView {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where a value lies, and what is written there. */
export interface Tick {
  readonly at: number;
  readonly text: string | number;
}

interface Props<V extends PlotView> {
  readonly title: string;
  readonly caption: ComponentChildren;
  readonly className?: string;
  /** The view for a column so wide, from 300 to 980. */
  readonly viewFor: (width: number) => V;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Of the view: ticks of both axes, in its pixels, and what is drawn between them. */
  readonly draw: (view: V) => { readonly x: readonly Tick[]; readonly y: readonly Tick[]; readonly marks: ComponentChildren };
  /** The figures as rows of a table. */
  readonly table: ComponentChildren;
  /** Of the files that are saved, without what comes after the dot. */
  readonly fileName: string;
  readonly csv: () => string;
}

const ink = { fill: 'var(--ink-2)' };

/** A plot with its axes, its figures in a table, and buttons that save it; it is as wide as its column. */
export function PlotFigure<V extends PlotView>(props: Props<V>): JSX.Element {
  const { title, caption, className = 'plot', viewFor, xLabel, yLabel, draw, table, fileName, csv } = props;
  const svg = useRef<SVGSVGElement>(null);
  const box = useRef<HTMLElement>(null);
  const width = useSignal(860);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      if (entry) width.value = Math.max(300, Math.min(980, Math.round(entry.contentRect.width)));
    });
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, [width]);
  const view = viewFor(width.value);
  const { x, y, marks } = draw(view);
  const middle = (view.top + view.height - view.bottom) / 2;
  return (
    <figure ref={box} class={className}>
      <figcaption>
        <h2>{title}</h2>
        <p class="quiet small">{caption}</p>
      </figcaption>
      <svg ref={svg} viewBox={`0 0 ${view.width} ${view.height}`} role="img" aria-label={`${title}. The table below holds the figures.`}>
        {y.map(({ at, text }) => (
          <g key={text}>
            <line x1={view.left} x2={view.width - view.right} y1={at} y2={at} style={{ stroke: 'var(--line)' }} />
            <text x={view.left - 8} y={at + 4} text-anchor="end" font-size="12" style={ink}>
              {text}
            </text>
          </g>
        ))}
        {x.map(({ at, text }) => (
          <text key={text} x={at} y={view.height - view.bottom + 18} text-anchor="middle" font-size="12" style={ink}>
            {text}
          </text>
        ))}
        <text x={(view.left + view.width - view.right) / 2} y={view.height - 6} text-anchor="middle" font-size="12" style={ink}>
          {xLabel}
        </text>
        <text x={14} y={middle} text-anchor="middle" font-size="12" transform={`rotate(-90 14 ${middle})`} style={ink}>
          {yLabel}
        </text>
        {marks}
      </svg>
      <div class="foot">
        <details>
          <summary class="small">The figures</summary>
          <ScrollRegion class="plot-table" label="Figures of the plot">
            <table>{table}</table>
          </ScrollRegion>
        </details>
        <div>
          <button type="button" class="button plain" onClick={() => save(`${fileName}.csv`, 'text/csv', csv())}>
            Save CSV
          </button>
          <button type="button" class="button plain" onClick={() => svg.current && save(`${fileName}.svg`, 'image/svg+xml', standaloneSvg(svg.current))}>
            Save SVG
          </button>
        </div>
      </div>
    </figure>
  );
}

/** The points of a line as the path of an SVG. */
export const pathOf = (points: readonly (readonly [x: number, y: number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
