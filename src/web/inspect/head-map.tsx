import type { JSX } from 'preact';
import { PlotFigure, type PlotView } from '../parts/plot-figure.tsx';
import { ticks } from '../state/axis.ts';
import type { InspectHeadsScored } from '../state/types.ts';
import { headName } from './attention.ts';
import { type HeadKind, type HeadScore, kindFinding, kindWords, ranked, scoresCsv, two } from './head-scores.ts';

interface Props {
  readonly read: InspectHeadsScored;
  readonly kind: HeadKind;
  readonly shown: HeadScore | null;
  readonly onChoose: (score: HeadScore) => void;
}

interface View extends PlotView {
  readonly row: number;
  readonly cell: number;
}

/** All heads of a model, blocks downwards and heads across, the stronger the more they are of a kind; below 0 in the second hue. */
export function HeadMap({ read, kind, shown, onChoose }: Props): JSX.Element {
  const { layers, heads, scores, texts, length } = read;
  const viewFor = (width: number): View => {
    const [left, top, bottom] = [44, 4, 40];
    const cell = Math.min(34, (width - left - 4) / heads);
    const row = Math.max(7, Math.min(12, 330 / layers));
    return { width, height: top + row * layers + bottom, left, right: width - left - cell * heads, top, bottom, row, cell };
  };
  const draw = ({ left, top, row, cell }: View) => ({
    x: ticks(0, heads - 1, 8).filter(Number.isInteger).map((head) => ({ at: left + (head + 0.5) * cell, text: head })), // biome-ignore format: a chain
    y: [],
    marks: (
      <>
        {ticks(0, layers - 1, 8)
          .filter(Number.isInteger)
          .map((layer) => (
            <text key={layer} x={left - 8} y={top + (layer + 0.5) * row + 4} text-anchor="end" font-size="12" style={{ fill: 'var(--ink-2)' }}>
              {layer}
            </text>
          ))}
        {scores.map((score) => {
          const [x, y] = [left + score.head * cell, top + score.layer * row];
          const value = score[kind];
          const isShown = shown?.layer === score.layer && shown.head === score.head;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: a short cut for pointers; the list beside it does the same
            <g key={headName(score)} style={{ cursor: 'pointer' }} onClick={() => onChoose(score)}>
              <title>{`head ${headName(score)}: ${two(value)}`}</title>
              <rect
                data-head={headName(score)}
                x={x + 0.5}
                y={y + 0.5}
                width={cell - 1}
                height={row - 1}
                rx={1.5}
                style={{
                  fill: `color-mix(in srgb, var(--hue-${value < 0 ? 2 : 1}) ${(Math.min(1, Math.abs(value)) * 100).toFixed(1)}%, var(--paper-2))`,
                }}
              />
              {isShown && <rect x={x} y={y} width={cell} height={row} fill="none" stroke-width="1.5" style={{ stroke: 'var(--ink)' }} />}
            </g>
          );
        })}
      </>
    ),
  });
  return (
    <PlotFigure
      title={kindFinding(read, kind)}
      caption={
        <>
          On {texts} texts of {length} random tokens that come twice, {kindWords[kind].says}.
        </>
      }
      className="plot head-map"
      viewFor={viewFor}
      xLabel="head"
      yLabel="block"
      draw={draw}
      fileName={`heads-${kind}`}
      csv={() => scoresCsv(read)}
      table={
        <>
          <thead>
            <tr>
              <th scope="col">head</th>
              <th scope="col">{kindWords[kind].name}</th>
            </tr>
          </thead>
          <tbody>
            {ranked(read, kind, scores.length).map((score) => (
              <tr key={headName(score)}>
                <th scope="row">{headName(score)}</th>
                <td>{two(score[kind])}</td>
              </tr>
            ))}
          </tbody>
        </>
      }
    />
  );
}
