import type { JSX } from 'preact';
import { PlotFigure, type PlotView } from '../parts/plot-figure.tsx';
import { ticks } from '../state/axis.ts';
import type { InspectAttributed } from '../state/types.ts';
import { amountOf, attributionCsv, attributionFinding, blocksOf, type Measure, signed } from './attribution.ts';
import { wordOf } from './pair.ts';

interface Props {
  readonly read: InspectAttributed;
  readonly model: string;
  readonly by: Measure;
  /** Name of the component that is marked. */
  readonly shown: string;
  readonly onChoose: (part: string) => void;
}

interface View extends PlotView {
  readonly row: number;
  /** Of a head. */
  readonly cell: number;
  /** Where attention and feed-forward parts begin, and how wide they are. */
  readonly bars: readonly [attention: number, mlp: number];
  readonly barWidth: number;
}

const gap = 16;
const [forHue, againstHue] = ['var(--hue-1)', 'var(--hue-2)'];
const hueOf = (value: number): string => (value < 0 ? againstHue : forHue);
const ink = { fill: 'var(--ink-2)' };

/** Blocks downwards; across, each head as a cell, then the block's attention and its feed-forward part as bars. */
export function AttributionPlot({ read, model, by, shown, onChoose }: Props): JSX.Element {
  const blocks = blocksOf(read, by);
  const heads = Math.max(1, ...blocks.map((block) => block.heads.length));
  const mostOfHeads = Math.max(1e-9, ...blocks.flatMap((block) => block.heads.map(Math.abs)));
  const sums = blocks.flatMap(({ attention, mlp }) => [attention, mlp]);
  const [low, high] = [Math.min(0, ...sums), Math.max(1e-9, ...sums)];
  const viewFor = (width: number): View => {
    const [left, right, top, bottom] = [44, 10, 56, 46];
    const inner = width - left - right;
    const cell = Math.max(3, Math.min(24, (inner * 0.42) / heads));
    const row = Math.max(8, Math.min(16, 480 / blocks.length));
    const barWidth = (inner - cell * heads - 2 * gap) / 2;
    const first = left + cell * heads + gap;
    return { width, height: top + row * blocks.length + bottom, left, right, top, bottom, row, cell, bars: [first, first + barWidth + gap], barWidth };
  };
  const draw = ({ left, top, row, cell, bars, barWidth }: View) => {
    const x = (from: number, value: number) => from + ((value - low) / (high - low)) * barWidth;
    const end = top + row * blocks.length;
    const pick = (part: string) => ({ style: { cursor: 'pointer' }, onClick: () => onChoose(part) });
    const mark = (part: string) => part === shown && { 'stroke-width': 1.5, style: { fill: 'none', stroke: 'var(--ink)' } };
    const isNarrow = barWidth < 90;
    const titled = [['heads', left] as const, ['attention', bars[0]] as const, ['feed-forward', isNarrow ? bars[1] + barWidth : bars[1]] as const];
    return {
      x: [],
      y: [],
      marks: (
        <>
          {[
            [forHue, `for “${wordOf(read.answer.token)}”`, left] as const,
            [againstHue, `for “${wordOf(read.against.token)}”`, left + (bars[1] + barWidth - left) / 2] as const,
          ].map(([hue, text, at]) => (
            <g key={hue}>
              <rect x={at} y={4} width={10} height={10} rx={2} style={{ fill: hue }} />
              <text x={at + 15} y={13} font-size="12" style={ink}>
                {text.length > 26 ? `${text.slice(0, 25)}…` : text}
              </text>
            </g>
          ))}
          {titled.map(([text, at]) => (
            <text
              key={text}
              x={at}
              y={top - 10}
              text-anchor={isNarrow && text === 'feed-forward' ? 'end' : 'start'}
              font-size="12"
              font-weight="600"
              style={ink}
            >
              {text}
            </text>
          ))}
          {ticks(0, blocks.length - 1, 10)
            .filter(Number.isInteger)
            .map((layer) => (
              <text key={layer} x={left - 8} y={top + (layer + 0.5) * row + 4} text-anchor="end" font-size="12" style={ink}>
                {layer}
              </text>
            ))}
          {bars.map((from) => (
            <g key={from}>
              {ticks(low, high, 4).map((value) => (
                <g key={value}>
                  <line x1={x(from, value)} x2={x(from, value)} y1={top} y2={end} style={{ stroke: value === 0 ? 'var(--line-2)' : 'var(--line)' }} />
                  <text x={x(from, value)} y={end + 15} text-anchor="middle" font-size="12" style={ink}>
                    {String(value).replace('-', '−')}
                  </text>
                </g>
              ))}
            </g>
          ))}
          {blocks.map(({ layer, heads: own, attention, mlp }) => {
            const y = top + layer * row;
            return (
              <g key={layer}>
                {own.map((value, head) => {
                  const part = `${layer}.${head}`;
                  return (
                    <g key={part} {...pick(part)}>
                      <title>{`head ${part}: ${signed(value)}`}</title>
                      <rect
                        x={left + head * cell + 0.5}
                        y={y + 0.5}
                        width={cell - 1}
                        height={row - 1}
                        rx={1.5}
                        style={{ fill: `color-mix(in srgb, ${hueOf(value)} ${((Math.abs(value) / mostOfHeads) * 100).toFixed(1)}%, var(--paper-2))` }}
                      />
                      {part === shown && <rect x={left + head * cell} y={y} width={cell} height={row} {...mark(part)} />}
                    </g>
                  );
                })}
                {(
                  [
                    [attention, bars[0], ''],
                    [mlp, bars[1], `mlp ${layer}`],
                  ] as const
                ).map(([value, from, part]) => (
                  <g key={from} {...(part && pick(part))}>
                    <title>{`${part || `attention ${layer}`}: ${signed(value)}`}</title>
                    <rect x={from} y={y} width={barWidth} height={row} style={{ fill: 'transparent' }} />
                    <rect
                      x={x(from, Math.min(0, value))}
                      y={y + 1.5}
                      width={Math.abs(x(from, value) - x(from, 0))}
                      height={row - 3}
                      style={{ fill: hueOf(value) }}
                    />
                    {part === shown && <rect x={from} y={y} width={barWidth} height={row} {...mark(part)} />}
                  </g>
                ))}
              </g>
            );
          })}
        </>
      ),
    };
  };
  const whose = `“${wordOf(read.answer.token)}”`;
  return (
    <PlotFigure
      title={attributionFinding(read, by, wordOf)}
      caption={
        by === 'logit' ? (
          <>
            {model}: look for the few cells and bars that add most to what {whose} is ahead by, and for those against it; with the embedding all of them sum to{' '}
            {signed(read.difference)} logits (a full cell is {mostOfHeads.toFixed(2)}).
          </>
        ) : (
          <>
            {model}: look for what {whose} hangs on, since a cell or bar is how many logits it loses where that component alone puts out what it does in the
            other prompts (a full cell is {mostOfHeads.toFixed(2)}; asked of those prompts the difference is {signed(read.baseline ?? 0)}).
          </>
        )
      }
      className="plot attribution-plot"
      viewFor={viewFor}
      xLabel={by === 'logit' ? 'logits added to the difference' : 'logits lost'}
      yLabel="block, from 0"
      draw={draw}
      fileName={by === 'logit' ? 'attribution' : 'effects'}
      csv={() => attributionCsv(read)}
      table={
        <>
          <thead>
            <tr>
              <th scope="col">component</th>
              <th scope="col">adds directly</th>
              {read.baseline !== null && <th scope="col">lost when replaced</th>}
            </tr>
          </thead>
          <tbody>
            {[...read.components]
              .sort((a, b) => Math.abs(amountOf(b, by)) - Math.abs(amountOf(a, by)))
              .map(({ name, logit, effect }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{signed(logit)}</td>
                  {read.baseline !== null && <td>{effect === null ? 'not replaced' : signed(effect)}</td>}
                </tr>
              ))}
          </tbody>
        </>
      }
    />
  );
}
