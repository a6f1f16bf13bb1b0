import type { Interval } from './adapt-result.ts';

// U+00A0 between a number and its unit, U+2212 as minus: figures never break over a line and align in a column.
const space = '\u00a0';
const signed = (text: string): string => text.replace('-', '−');
const fixed = (value: number, digits: number): string => {
  const text = value.toFixed(digits);
  return signed(Number(text) === 0 ? text.replace('-', '') : text);
};

/** 0.584 → `58.4 %`. */
export const percent = (share: number, digits = 1): string => `${fixed(share * 100, digits)}${space}%`;

/** −0.006 → `−0.6`: a difference of two shares in points. */
export const points = (difference: number): string => {
  const text = fixed(difference * 100, 1);
  return difference > 0 && Number(text) !== 0 ? `+${text}` : text;
};

/** `31.2 % (27.1 to 35.3)`: the figure and its 95 % interval. */
export const percentInterval = ({ value, low, high }: Interval): string => `${percent(value)} (${fixed(low * 100, 1)} to ${fixed(high * 100, 1)})`;

/** `−0.6 points (−1.9 to +0.7)`. */
export const pointsInterval = ({ value, low, high }: Interval): string => `${points(value)} points (${points(low)} to ${points(high)})`;

/** 1234567 → `1 234 567`. */
export const grouped = (count: number): string => signed(String(Math.round(count))).replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** 134515008 → `134.5 M`. */
export const short = (count: number): string => {
  if (count < 10_000) return grouped(count);
  const [unit, size] = count < 999_500 ? ['k', 1e3] : count < 999.5e6 ? ['M', 1e6] : (['G', 1e9] as const);
  return `${(count / size).toFixed(count / size < 100 ? 1 : 0)}${space}${unit}`;
};

/** 2310000000 → `2.3 GB`. */
export const bytes = (size: number): string =>
  size >= 999.5e6 ? `${(size / 1e9).toFixed(1)}${space}GB` : `${(size / 1e6).toFixed(size < 10e6 ? 1 : 0)}${space}MB`;

/** 4980 → `1 h 23 min`. */
export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)}${space}s`;
  if (seconds < 59.5) return `${Math.round(seconds)}${space}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}${space}min`;
  return `${Math.floor(minutes / 60)}${space}h${minutes % 60 ? ` ${minutes % 60}${space}min` : ''}`;
};

/** A loss or a perplexity: three figures that count. */
export const figure = (value: number): string => fixed(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

/** `1 sample`, `1 234 samples`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${grouped(count)} ${count === 1 ? one : many}`;

/** First letter large, the rest as it was. */
export const capital = (text: string): string => text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
