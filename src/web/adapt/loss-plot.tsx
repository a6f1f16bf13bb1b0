import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { save, standaloneSvg } from '../parts/save.ts';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { spreadLabels, ticks } from '../state/axis.ts';
import { number } from '../state/words.ts';
import { curveCsv, finding, type LossPoint, smoothed } from './curve.ts';

interface Props {
  readonly name: string;
  readonly points: readonly LossPoint[];
  /** Of the whole run, where they are known: the axis then has room for those to come. */
  readonly steps: number | null;
}

const frame = { left: 48, right: 104, top: 12, bottom: 40 };
const mostRows = 40;

/** Loss over steps: of training, its noise behind its mean; held out, where it was judged. */
export function LossPlot({ name, points, steps }: Props): JSX.Element {
  const svg = useRef<SVGSVGElement>(null);
  const box = useRef<HTMLElement>(null);
  const width = useSignal(720);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      if (entry) width.value = Math.max(300, Math.min(980, Math.round(entry.contentRect.width)));
    });
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, [width]);
  const [wide, high] = [width.value, width.value < 560 ? 260 : 320];
  const drawing = useMemo(() => {
    const mean = smoothed(points, Math.floor(points.length / 25));
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
    const last = Math.max(1, points.at(-1)?.step ?? 0, steps ?? 0);
    const x = (step: number) => frame.left + (step / last) * (wide - frame.left - frame.right);
    const y = (loss: number) => high - frame.bottom - ((Math.min(loss, top) - low) / (top - low || 1)) * (high - frame.top - frame.bottom);
    return { mean, judged, top, low, last, x, y };
  }, [points, steps, wide, high]);
  const { mean, judged, top, low, last, x, y } = drawing;
  const path = (line: readonly (readonly [step: number, loss: number])[]) =>
    line.map(([step, loss], i) => `${i === 0 ? 'M' : 'L'}${x(step).toFixed(1)} ${y(loss).toFixed(1)}`).join('');
  const [endOfMean, endOfJudged] = [mean.at(-1), judged.at(-1)];
  const labels = spreadLabels([endOfMean ? y(endOfMean.train) : 0, endOfJudged ? y(endOfJudged.heldOut) : 0], 17, frame.top + 6, high - frame.bottom);
  const title = finding(points);
  const shownRows =
    points.length <= mostRows ? points : points.filter((point, i) => point.heldOut !== undefined || i % Math.ceil(points.length / mostRows) === 0);
  return (
    <figure ref={box} class="plot loss-plot">
      <figcaption>
        <h2>{title}</h2>
        <p class="quiet small">
          Loss of a token in nats; less is better. {points.length > 25 ? 'The line is a running mean, the steps themselves stand behind it. ' : ''}
          {judged.length > 0 ? 'Dots are judged on samples that are never trained on.' : 'The held-out loss is judged after each pass over the samples.'}
        </p>
      </figcaption>
      <svg ref={svg} viewBox={`0 0 ${wide} ${high}`} role="img" aria-label={`${title}. The table below holds the figures.`}>
        {ticks(low, top, 5).map((tick) => (
          <g key={tick}>
            <line x1={frame.left} x2={wide - frame.right} y1={y(tick)} y2={y(tick)} style={{ stroke: 'var(--line)' }} />
            <text x={frame.left - 8} y={y(tick) + 4} text-anchor="end" font-size="12" style={{ fill: 'var(--ink-2)' }}>
              {tick}
            </text>
          </g>
        ))}
        {ticks(0, last, wide < 560 ? 4 : 8)
          .filter(Number.isInteger)
          .map((tick) => (
            <text key={tick} x={x(tick)} y={high - frame.bottom + 18} text-anchor="middle" font-size="12" style={{ fill: 'var(--ink-2)' }}>
              {number(tick)}
            </text>
          ))}
        <text x={(frame.left + wide - frame.right) / 2} y={high - 4} text-anchor="middle" font-size="12" style={{ fill: 'var(--ink-2)' }}>
          step
        </text>
        <text
          x={12}
          y={(frame.top + high - frame.bottom) / 2}
          text-anchor="middle"
          font-size="12"
          transform={`rotate(-90 12 ${(frame.top + high - frame.bottom) / 2})`}
          style={{ fill: 'var(--ink-2)' }}
        >
          loss
        </text>
        {points.length > 25 && (
          <path d={path(points.map(({ step, train }) => [step, train]))} fill="none" stroke-width="1" opacity="0.28" style={{ stroke: 'var(--hue-1)' }} />
        )}
        <path d={path(mean.map(({ step, train }) => [step, train]))} fill="none" stroke-width="2" stroke-linejoin="round" style={{ stroke: 'var(--hue-1)' }} />
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
      </svg>
      <div class="foot">
        <details>
          <summary class="small">The figures</summary>
          <ScrollRegion class="plot-table" label="Figures of the plot">
            <table>
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
            </table>
          </ScrollRegion>
        </details>
        <div>
          <button type="button" class="button plain" onClick={() => save(`${name}-loss.csv`, 'text/csv', curveCsv(points))}>
            Save CSV
          </button>
          <button type="button" class="button plain" onClick={() => svg.current && save(`${name}-loss.svg`, 'image/svg+xml', standaloneSvg(svg.current))}>
            Save SVG
          </button>
        </div>
      </div>
    </figure>
  );
}
