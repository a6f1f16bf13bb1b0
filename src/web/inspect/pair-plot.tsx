import type { JSX } from 'preact';
import { PlotFigure, type PlotView, pathOf } from '../parts/plot-figure.tsx';
import { spreadLabels, ticks } from '../state/axis.ts';
import type { InspectPatched } from '../state/types.ts';
import { percent } from '../state/words.ts';
import { curvesOf, finding, hues, pairCsv, roleWords, wordOf } from './pair.ts';

interface Props {
  readonly patched: InspectPatched;
  readonly model: string;
  /** The layer that is marked. */
  readonly shown: number;
  readonly onChoose: (layer: number) => void;
}

interface View extends PlotView {
  /** Of a label at most. */
  readonly letters: number;
}

const viewFor = (width: number): View => ({
  width,
  height: width < 560 ? 280 : 320,
  left: 52,
  right: width < 560 ? 112 : 140,
  top: 12,
  bottom: 44,
  letters: width < 560 ? 11 : 15,
});
const labelGap = 34; // two lines

/** Probabilities of three tokens over the layers: the target's answer, the one in between, the source's. */
export function PairPlot({ patched, model, shown, onChoose }: Props): JSX.Element {
  const curves = curvesOf(patched);
  const [first, last] = [patched.layers[0]?.layer ?? 1, patched.layers.at(-1)?.layer ?? 1];
  const top = Math.max(0.02, ...curves.flatMap(({ points }) => points.map(({ probability }) => probability ?? 0))) * 1.08;
  const draw = (view: View) => {
    const x = (layer: number) => view.left + ((layer - first) / Math.max(1, last - first)) * (view.width - view.left - view.right);
    const y = (probability: number | null) => view.height - view.bottom - ((probability ?? 0) / top) * (view.height - view.top - view.bottom);
    const labels = spreadLabels(
      curves.map(({ points }) => y(points.at(-1)?.probability ?? 0)),
      labelGap,
      view.top + 6,
      view.height - view.bottom - 12,
    );
    const step = (view.width - view.left - view.right) / Math.max(1, last - first);
    return {
      x: ticks(first, last, view.width < 560 ? 5 : 10).filter(Number.isInteger).map((layer) => ({ at: x(layer), text: layer })), // biome-ignore format: a chain
      y: ticks(0, top, 5).map((probability) => ({ at: y(probability), text: Number((probability * 100).toFixed(2)) })),
      marks: (
        <>
          <line class="shown-layer" x1={x(shown)} x2={x(shown)} y1={view.top} y2={view.height - view.bottom} style={{ stroke: 'var(--ink-2)' }} />
          {curves.map(({ role, id, token, points }, index) => {
            const hue = `var(--hue-${hues[role]})`;
            const word = wordOf(token);
            return (
              <g key={id}>
                <path
                  d={pathOf(points.map(({ layer, probability }) => [x(layer), y(probability)]))}
                  fill="none"
                  stroke-width="2"
                  stroke-linejoin="round"
                  style={{ stroke: hue }}
                />
                <circle cx={x(shown)} cy={y(points.find(({ layer }) => layer === shown)?.probability ?? 0)} r="4.5" style={{ fill: hue }} />
                <text x={view.width - view.right + 12} y={labels[index]! + 2} font-size="12.5" font-weight="600" style={{ fill: hue }}>
                  {word.length > view.letters ? `${word.slice(0, view.letters - 1)}…` : word}
                </text>
                <text x={view.width - view.right + 12} y={labels[index]! + 16} font-size="12" style={{ fill: 'var(--ink-2)' }}>
                  {roleWords[role]}
                </text>
              </g>
            );
          })}
          {patched.layers.map(({ layer }) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: a short cut for pointers; the slider beside it does the same
            <rect
              key={layer}
              x={x(layer) - step / 2}
              width={step}
              y={view.top}
              height={view.height - view.top - view.bottom}
              style={{ fill: 'transparent', cursor: 'pointer' }}
              onClick={() => onChoose(layer)}
            />
          ))}
        </>
      ),
    };
  };
  return (
    <PlotFigure
      title={finding(patched)}
      caption={
        <>
          {model}: what it says to the target once the target’s last token holds what the source’s held after so many blocks. An answer in between that is in
          the target’s text is the source’s request, moved. One pair; a token that is not among a layer’s ten likeliest is drawn at 0.
        </>
      }
      className="plot pair-plot"
      viewFor={viewFor}
      xLabel="layer (after so many blocks)"
      yLabel="probability, %"
      draw={draw}
      fileName="pair"
      csv={() => pairCsv(patched)}
      table={
        <>
          <thead>
            <tr>
              <th scope="col">layer</th>
              {curves.map(({ role, id, token }) => (
                <th key={id} scope="col">
                  {wordOf(token)}, {roleWords[role]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {patched.layers.map(({ layer }, i) => (
              <tr key={layer}>
                <th scope="row">{layer}</th>
                {curves.map(({ id, points }) => {
                  const { probability } = points[i]!;
                  return <td key={id}>{probability === null ? 'not told' : percent(probability)}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </>
      }
    />
  );
}
