import type { JSX } from 'preact';
import { visible } from '../chat/tokens.ts';
import { PlotFigure, type PlotView } from '../parts/plot-figure.tsx';
import type { InspectAttentionRead } from '../state/types.ts';
import { percent } from '../state/words.ts';
import { attentionCsv, attentionFinding, type Head, headName, readsOf } from './attention.ts';
import { wordOf } from './pair.ts';

interface Props {
  readonly read: InspectAttentionRead;
  readonly model: string;
  readonly head: Head;
  readonly rows: InspectAttentionRead['patterns'][number]['rows'];
  /** The token that is marked. */
  readonly shown: number;
  readonly onPoint: (place: number | null) => void;
  readonly onChoose: (place: number) => void;
}

interface View extends PlotView {
  readonly cell: number;
}

const mostShown = 48; // tokens, the last ones
const letters = 12;
const shorten = (token: string): string => {
  const text = visible(token);
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
};

/** Attention of every token (downwards) to every token before it (across), the stronger the more; a row is chosen by its token. */
export function AttentionPlot({ read, model, head, rows, shown, onPoint, onChoose }: Props): JSX.Element {
  const count = Math.min(mostShown, read.tokens.length);
  const from = read.tokens.length - count;
  const places = Array.from({ length: count }, (_, i) => from + i);
  const viewFor = (width: number): View => {
    const [left, top] = [112, 96];
    const cell = Math.max(5, Math.min(28, (width - left - 12) / count));
    return { width, height: top + cell * count + 34, left, right: width - left - cell * count, top, bottom: 34, cell };
  };
  const draw = ({ left, top, cell }: View) => ({
    x: [],
    y: [],
    marks: (
      <g onPointerLeave={() => onPoint(null)}>
        {places.map((query, row) => {
          const y = top + row * cell;
          const isShown = query === shown;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: a short cut for pointers; the slider beside it does the same
            <g key={query} style={{ cursor: 'pointer' }} onPointerEnter={() => onPoint(query)} onClick={() => onChoose(query)}>
              <rect x={0} y={y} width={left + cell * count} height={cell} style={{ fill: 'transparent' }} />
              {cell >= 9 && (
                <text
                  x={left - 8}
                  y={y + cell / 2 + 4}
                  text-anchor="end"
                  font-size="12"
                  font-weight={isShown ? 700 : 400}
                  style={{ fill: isShown ? 'var(--ink)' : 'var(--ink-2)', fontFamily: 'var(--mono)' }}
                >
                  {/* biome-ignore format: one element */}
                  {shorten(read.tokens[query]!)}
                </text>
              )}
              {places.slice(0, row + 1).map((key, column) => (
                <rect
                  key={key}
                  x={left + column * cell + 0.5}
                  y={y + 0.5}
                  width={cell - 1}
                  height={cell - 1}
                  rx={1.5}
                  style={{ fill: `color-mix(in srgb, var(--accent) ${((rows[query]?.[key] ?? 0) * 100).toFixed(1)}%, var(--paper-2))` }}
                />
              ))}
              {isShown && <rect x={left} y={y} width={cell * (row + 1)} height={cell} fill="none" stroke-width="1.5" style={{ stroke: 'var(--ink)' }} />}
            </g>
          );
        })}
        {cell >= 9 &&
          places.map((key, column) => {
            const x = left + (column + 0.5) * cell + 4;
            return (
              <text
                key={key}
                x={x}
                y={top - 6}
                font-size="12"
                transform={`rotate(-60 ${x} ${top - 6})`}
                style={{ fill: 'var(--ink-2)', fontFamily: 'var(--mono)' }}
              >
                {/* biome-ignore format: one element */}
                {shorten(read.tokens[key]!)}
              </text>
            );
          })}
      </g>
    ),
  });
  return (
    <PlotFigure
      title={attentionFinding(read, head, rows, shown, wordOf)}
      caption={
        <>
          {model}, block {head.layer}, head {head.head}: a row is a token, its cells the shares of its attention that go to the tokens before it; a full cell is
          all of it.{from > 0 && ` The last ${count} of ${read.tokens.length} tokens are drawn; shares are of all.`}
        </>
      }
      className="plot attention-plot"
      viewFor={viewFor}
      xLabel="token that is read"
      yLabel="token that reads"
      draw={draw}
      fileName={`attention-${headName(head)}`}
      csv={() => attentionCsv(read, rows)}
      table={
        <>
          <thead>
            <tr>
              <th scope="col">token</th>
              <th scope="col">reads most</th>
              <th scope="col">share</th>
              <th scope="col">then</th>
              <th scope="col">share</th>
            </tr>
          </thead>
          <tbody>
            {places.map((query) => (
              <tr key={query}>
                <th scope="row">
                  <code>{visible(read.tokens[query]!)}</code>
                </th>
                {[0, 1].flatMap((nth) => {
                  const one = readsOf(rows, query, 2)[nth];
                  return [
                    <td key={`token ${nth}`}>{one && <code>{visible(read.tokens[one.place]!)}</code>}</td>,
                    <td key={`share ${nth}`} class="figure">
                      {one && percent(one.weight)}
                    </td>,
                  ];
                })}
              </tr>
            ))}
          </tbody>
        </>
      }
    />
  );
}
