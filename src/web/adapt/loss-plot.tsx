import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { PlotFigure, type PlotView, pathOf } from '../parts/plot-figure.tsx';
import { spreadLabels, ticks } from '../state/axis.ts';
import { number } from '../state/words.ts';
import { curveCsv, finding, type LossPoint, smoothed } from './curve.ts';

interface Props {
  readonly name: string;
  readonly points: readonly LossPoint[];
  /** Of the whole run, where they are known: the axis then has room for those to come. */
  readonly steps: number | null;
}

const viewFor = (width: number): PlotView => ({ width, height: width < 560 ? 260 : 320, left: 52, right: 104, top: 12, bottom: 44 });
const mostRows = 40;
const noisy = 25; // steps from which on their mean is drawn

/** Loss over steps: of training, its noise behind its mean; held out, where it was judged. */
export function LossPlot({ name, points, steps }: Props): JSX.Element {
  const known = useMemo(() => {
    const judged = points.filter((point): point is LossPoint & { heldOut: number } => point.heldOut !== undefined);
    // One step gone astray must not flatten all others.
    const losses = [
      ...points
        .map(({ train }) => train)
        .sort((a, b) => a - b)
        .slice(0, Math.ceil(points.length * 0.98)),
      ...judged.map(({ heldOut }) => heldOut),
    ];
    const top = Math.max(0.1, ...losses) * 1.06;
    const low = Math.max(0, Math.min(...losses, top) - (top - Math.min(...losses, top)) * 0.12);
    return { mean: smoothed(points, Math.floor(points.length / noisy)), judged, top, low, last: Math.max(1, points.at(-1)?.step ?? 0, steps ?? 0) };
  }, [points, steps]);
  const { mean, judged, top, low, last } = known;
  const shownRows =
    points.length <= mostRows ? points : points.filter((point, i) => point.heldOut !== undefined || i % Math.ceil(points.length / mostRows) === 0);
  const draw = ({ width, height, left, right, top: above, bottom }: PlotView) => {
    const x = (step: number) => left + (step / last) * (width - left - right);
    const y = (loss: number) => height - bottom - ((Math.min(loss, top) - low) / (top - low || 1)) * (height - above - bottom);
    const path = (line: readonly (readonly [step: number, loss: number])[]) => pathOf(line.map(([step, loss]) => [x(step), y(loss)]));
    const [endOfMean, endOfJudged] = [mean.at(-1), judged.at(-1)];
    const labels = spreadLabels([endOfMean ? y(endOfMean.train) : 0, endOfJudged ? y(endOfJudged.heldOut) : 0], 17, above + 6, height - bottom);
    return {
      x: ticks(0, last, width < 560 ? 4 : 8).filter(Number.isInteger).map((step) => ({ at: x(step), text: number(step) })), // biome-ignore format: a chain
      y: ticks(low, top, 5).map((loss) => ({ at: y(loss), text: loss })),
      marks: (
        <>
          {points.length > noisy && (
            <path d={path(points.map(({ step, train }) => [step, train]))} fill="none" stroke-width="1" opacity="0.28" style={{ stroke: 'var(--hue-1)' }} />
          )}
          <path
            d={path(mean.map(({ step, train }) => [step, train]))}
            fill="none"
            stroke-width="2"
            stroke-linejoin="round"
            style={{ stroke: 'var(--hue-1)' }}
          />
          {mean.length === 1 && <circle cx={x(mean[0]!.step)} cy={y(mean[0]!.train)} r="3.5" style={{ fill: 'var(--hue-1)' }} />}
          <path d={path(judged.map(({ step, heldOut }) => [step, heldOut]))} fill="none" stroke-width="2" style={{ stroke: 'var(--hue-2)' }} />
          {judged.map(({ step, heldOut }) => (
            <circle key={step} cx={x(step)} cy={y(heldOut)} r={judged.length > 40 ? 2 : 4} style={{ fill: 'var(--hue-2)' }} />
          ))}
          {endOfMean && (
            <text x={x(endOfMean.step) + 8} y={labels[0]! + 4} font-size="12.5" style={{ fill: 'var(--hue-1)' }}>
              training {endOfMean.train.toFixed(2)}
            </text>
          )}
          {endOfJudged && (
            <text
              x={x(Math.max(endOfJudged.step, endOfMean?.step ?? 0)) + 8}
              y={labels[1]! + 4}
              font-size="12.5"
              font-weight="600"
              style={{ fill: 'var(--hue-2)' }}
            >
              held out {endOfJudged.heldOut.toFixed(2)}
            </text>
          )}
        </>
      ),
    };
  };
  return (
    <PlotFigure
      title={finding(points)}
      caption={
        <>
          Loss in nats, of a token or of a pair of answers; less is better.{' '}
          {points.length > noisy ? 'The line is a running mean, the steps themselves stand behind it. ' : ''}
          {judged.length > 0 ? 'Dots are judged on samples that are never trained on.' : 'The held-out loss is judged after each pass over the samples.'}
        </>
      }
      className="plot loss-plot"
      viewFor={viewFor}
      xLabel="step"
      yLabel="loss"
      draw={draw}
      fileName={`${name}-loss`}
      csv={() => curveCsv(points)}
      table={
        <>
          <thead>
            <tr>
              <th scope="col">step</th>
              <th scope="col">training</th>
              <th scope="col">held out</th>
            </tr>
          </thead>
          <tbody>
            {shownRows.map(({ step, train, heldOut }) => (
              <tr key={step}>
                <th scope="row">{number(step)}</th>
                <td>{train.toFixed(3)}</td>
                <td>{heldOut?.toFixed(3) ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </>
      }
    />
  );
}
