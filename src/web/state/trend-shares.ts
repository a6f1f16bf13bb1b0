import type { Trends } from './types.ts';
import { percent, relationWords, reversedWords } from './words.ts';

export interface SharePoint {
  readonly year: number;
  /** Documents of the window that state it, of those asked about. */
  readonly documents: number;
  readonly of: number;
  readonly share: number;
  /** Wilson interval, 95 %. */
  readonly low: number;
  readonly high: number;
}
type Points = Trends['series'][number]['points'];
/** A line to be, its years as counted. */
export interface CountedLine {
  readonly id: string;
  readonly name: string;
  /** Which of the eight hues it always has, 1…8; default by its place. */
  readonly hue?: number;
  readonly points: Points;
}
export interface ShareLine extends Omit<CountedLine, 'points'> {
  readonly points: readonly SharePoint[];
}

const z = 1.96;

/** The Wilson score interval of `hits` in `trials`, 95 %. */
export function wilson(hits: number, trials: number): readonly [number, number] {
  if (trials === 0) return [0, 1];
  const p = hits / trials;
  const bottom = 1 + (z * z) / trials;
  const middle = (p + (z * z) / (2 * trials)) / bottom;
  const half = (z / bottom) * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** The narrowest window (1, 3, 5, 7 or 9 years) that holds ten documents around three years of four: single years of a small collection are mostly chance. */
export function windowFor(lines: readonly Pick<CountedLine, 'points'>[]): number {
  const yearly = lines.flatMap(({ points }) => points.map(({ of }) => of)).sort((a, b) => a - b);
  const quartile = yearly[yearly.length >> 2] ?? 0;
  return [1, 3, 5, 7].find((width) => width * quartile >= 10) ?? 9;
}

const pooled = (points: readonly { documents: number; of: number }[]) => {
  const documents = points.reduce((sum, point) => sum + point.documents, 0);
  const of = points.reduce((sum, point) => sum + point.of, 0);
  const [low, high] = wilson(documents, of);
  return { documents, of, share: of > 0 ? documents / of : 0, low, high };
};

/** Shares in windows of `width` years around each year. */
export function shareLines(lines: readonly CountedLine[], width: number): ShareLine[] {
  const reach = (width - 1) / 2;
  return lines.map((line) => ({
    ...line,
    points: line.points.map(({ year }) => ({ year, ...pooled(line.points.filter((point) => Math.abs(point.year - year) <= reach)) })),
  }));
}

/** Documents below which a share is not worth saying. */
const fewest = 10;

const part = (points: Points, side: 'first' | 'last') => {
  const size = Math.max(1, Math.round(points.length / 3));
  const chosen = side === 'first' ? points.slice(0, size) : points.slice(-size);
  return { from: chosen[0]!.year, to: chosen.at(-1)!.year, ...pooled(chosen) };
};
const years = ({ from, to }: { from: number; to: number }): string => (from === to ? `${from}` : `${from}–${to}`);

/** What a plot shows in one sentence, and the line that this is about. */
export interface Finding {
  readonly title: string;
  readonly line: string | null;
}

/** A share in words, none only where there is none. */
const shareWords = (share: number): string => (share > 0 && percent(share) === percent(0) ? 'under 1 %' : percent(share));
/** Two shares in words, as finely as tells them apart. */
const twoShares = (a: number, b: number): readonly [string, string] => {
  const words = [percent(a), percent(b)] as const;
  return words[0] === words[1] ? [`${(100 * a).toFixed(2)} %`, `${(100 * b).toFixed(2)} %`] : words;
};

/**
 * The clearest change between the first and the last third of the years; where none is clear, the first line's share of all years. `words` says what a line states,
 * `documents` which documents a share is of. Null without a point.
 */
export function findingOf(lines: readonly CountedLine[], words: (line: CountedLine) => string, documents: string): Finding | null {
  const told = lines.filter(({ points }) => points.length > 0);
  const head = told[0];
  if (!head) return null;
  const moved = told
    .filter(({ points }) => points.length >= 2)
    .map((line) => ({ line, first: part(line.points, 'first'), last: part(line.points, 'last') }))
    .map((change) => ({ ...change, clarity: Math.max(change.last.low - change.first.high, change.first.low - change.last.high) }))
    .sort((a, b) => b.clarity - a.clarity)[0];
  if (!moved || moved.clarity <= 0) {
    const all = pooled(head.points);
    if (all.of < fewest) return { title: `${words(head)} in ${all.documents} of ${all.of} dated documents: too few to tell a trend`, line: head.id };
    return { title: `${words(head)} in ${shareWords(all.share)} of ${documents}, with no clear change over the years`, line: head.id };
  }
  const { line, first, last } = moved;
  const [before, after] = twoShares(first.share, last.share);
  return { title: `${words(line)}: ${last.share > first.share ? 'up' : 'down'} from ${before} (${years(first)}) to ${after} (${years(last)})`, line: line.id };
}

/** A name at the start of a sentence. */
export const capital = (text: string): string => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;

/** A line for each entity at the other end. */
export const entityLines = ({ series }: Pick<Trends, 'series'>): CountedLine[] => series.map(({ entity: { id, name }, points }) => ({ id, name, points }));

/** The finding about one entity. */
export function finding(trends: Trends): Finding {
  const words = trends.role === 'subject' ? relationWords(trends.relation) : reversedWords(trends.relation);
  return (
    findingOf(entityLines(trends), ({ name }) => `${capital(trends.entity.name)} ${words} ${name}`, 'its documents') ?? {
      title: `No dated document says what ${trends.entity.name} ${words}`,
      line: null,
    }
  );
}

const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
/** Rows as CSV, the names of the columns first. */
export const csvOf = (columns: string, rows: readonly (readonly (string | number)[])[]): string =>
  [columns, ...rows.map((row) => row.map((value) => cell(String(value))).join(',')), ''].join('\n');

/** The figures behind the plot, a line a year and series, single years as counted. */
export const trendsCsv = ({ entity, relation, role, series }: Trends): string =>
  csvOf(
    'entity,relation,role,other,year,documents,of,share',
    series.flatMap(({ entity: other, points }) =>
      points.map(({ year, documents, of, share }) => [entity.name, relation, role, other.name, year, documents, of, share]),
    ),
  );
