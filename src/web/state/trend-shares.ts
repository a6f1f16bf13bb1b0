import type { Trends } from './types.ts';
import { percent, relationWords, reversedWords } from './words.ts';

export interface SharePoint {
  readonly year: number;
  /** Documents of the window that state it, of those that mention the entity. */
  readonly documents: number;
  readonly of: number;
  readonly share: number;
  /** Wilson interval, 95 %. */
  readonly low: number;
  readonly high: number;
}
export interface ShareLine {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
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

/** The narrowest window (1, 3, 5, 7 or 9 years) that holds ten documents in the middle year of most lines: single years of a small collection are mostly chance. */
export function windowFor({ series }: Pick<Trends, 'series'>): number {
  const yearly = series.flatMap(({ points }) => points.map(({ of }) => of)).sort((a, b) => a - b);
  const median = yearly[yearly.length >> 1] ?? 0;
  return [1, 3, 5, 7].find((width) => width * median >= 10) ?? 9;
}

const pooled = (points: readonly { documents: number; of: number }[]) => {
  const documents = points.reduce((sum, point) => sum + point.documents, 0);
  const of = points.reduce((sum, point) => sum + point.of, 0);
  const [low, high] = wilson(documents, of);
  return { documents, of, share: of > 0 ? documents / of : 0, low, high };
};

/** Shares in windows of `width` years around each year. */
export function shareLines({ series }: Pick<Trends, 'series'>, width: number): ShareLine[] {
  const reach = (width - 1) / 2;
  return series.map(({ entity, points }) => ({
    id: entity.id,
    name: entity.name,
    kind: entity.kind,
    points: points.map(({ year }) => ({ year, ...pooled(points.filter((point) => Math.abs(point.year - year) <= reach)) })),
  }));
}

/** Documents below which a share is not worth saying. */
const fewest = 10;

type Counted = Trends['series'][number]['points'];
const part = (points: Counted, side: 'first' | 'last') => {
  const size = Math.max(1, Math.round(points.length / 3));
  const chosen = side === 'first' ? points.slice(0, size) : points.slice(-size);
  return { from: chosen[0]!.year, to: chosen.at(-1)!.year, ...pooled(chosen) };
};
const years = ({ from, to }: { from: number; to: number }): string => (from === to ? `${from}` : `${from}–${to}`);

/** One sentence that says what the plot shows, and which series it is about: the clearest change between the first and the last third of the years. */
export function finding(trends: Trends): { title: string; line: string | null } {
  const words = trends.role === 'subject' ? relationWords(trends.relation) : reversedWords(trends.relation);
  const about = `${trends.entity.name[0]?.toUpperCase() ?? ''}${trends.entity.name.slice(1)} ${words}`;
  const told = trends.series.filter(({ points }) => points.length > 0);
  if (told.length === 0) return { title: `No dated document says what ${trends.entity.name} ${words}`, line: null };
  const moved = told
    .filter(({ points }) => points.length >= 2)
    .map(({ entity, points }) => ({ entity, first: part(points, 'first'), last: part(points, 'last') }))
    .map((line) => ({ ...line, clarity: Math.max(line.last.low - line.first.high, line.first.low - line.last.high) }))
    .sort((a, b) => b.clarity - a.clarity)[0];
  if (!moved || moved.clarity <= 0) {
    const first = told[0]!;
    const all = pooled(first.points);
    if (all.of < fewest)
      return { title: `${about} ${first.entity.name} in ${all.documents} of ${all.of} dated documents: too few to tell a trend`, line: first.entity.id };
    return { title: `${about} ${first.entity.name} in ${percent(all.share)} of its documents, with no clear change over the years`, line: first.entity.id };
  }
  const { entity, first, last } = moved;
  return {
    title: `${about} ${entity.name}: ${last.share > first.share ? 'up' : 'down'} from ${percent(first.share)} (${years(first)}) to ${percent(last.share)} (${years(last)})`,
    line: entity.id,
  };
}

const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The figures behind the plot, a line a year and series, single years as counted. */
export function trendsCsv(trends: Trends): string {
  const rows = trends.series.flatMap(({ entity, points }) =>
    points.map(({ year, documents, of, share }) =>
      [trends.entity.name, trends.relation, trends.role, entity.name, year, documents, of, share].map((value) => cell(String(value))).join(','),
    ),
  );
  return ['entity,relation,role,other,year,documents,of,share', ...rows, ''].join('\n');
}
