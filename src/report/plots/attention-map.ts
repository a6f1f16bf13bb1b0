import { line, shade } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

/** Weights below it stay paper. */
export const leastDrawn = 0.01;

const longestName = 9;
const room = 13; // pixels that a name needs

/** A token as a name: white space and control characters written out, cut where it is long. */
export const tokenName = (token: string): string => {
  const text = JSON.stringify(token).slice(1, -1).replaceAll('\\"', '"').replaceAll(' ', '␣');
  return text.length > longestName ? `${text.slice(0, longestName - 1).toWellFormed()}…` : text;
};

/**
 * Which earlier tokens each token reads: a row a token, a column a token read, from paper at 0 to the first hue at 1. Tokens are named where there is room, else counted.
 *
 * @param rows  of each token the weights of the tokens up to itself, 0..1
 */
export const attentionMap = (label: string, tokens: readonly string[], rows: readonly (readonly number[])[]): Promise<Plot> => {
  const cells = rows.flatMap((weights, query) => weights.flatMap((weight, key) => (weight >= leastDrawn ? [{ query, key, weight }] : [])));
  const places = Array.from({ length: tokens.length }, (_, i) => i);
  const draw: Draw = (plot, { width, wide }) => {
    const names = wide ? 84 : 66;
    const size = Math.min(26, (width - names - 12) / tokens.length);
    const named = size >= room;
    const [marginLeft, marginTop] = named ? [names, names] : [44, 36];
    const own = named ? size : Math.min(26, (width - marginLeft - 12) / tokens.length);
    const step = Math.ceil(tokens.length / (wide ? 24 : 12));
    const axis = { type: 'band', domain: places, tickSize: 0, padding: 0, round: false } as const;
    const ticks = named ? places : places.filter((place) => place % step === 0);
    const tickFormat = (place: number): string => (named ? tokenName(tokens[place]!) : String(place));
    return {
      width,
      height: marginTop + own * tokens.length + 12,
      marginTop,
      marginBottom: 12,
      marginLeft,
      marginRight: width - marginLeft - own * tokens.length,
      x: { ...axis, axis: 'top', label: named ? null : 'read →', labelArrow: 'none', ticks, tickFormat, tickRotate: named ? -90 : 0 },
      y: { ...axis, label: named ? null : '↓ token', labelArrow: 'none', ticks, tickFormat },
      color: { type: 'identity' },
      marks: [
        plot.frame({ stroke: line }),
        plot.cell(cells, { x: 'key', y: 'query', fill: ({ weight }: { weight: number }) => shade(weight), inset: named ? 0.5 : 0 }),
      ],
    };
  };
  return drawPlot(label, draw);
};
