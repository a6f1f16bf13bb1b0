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

/** Shares in windows of `width` years around each year: single years of a small collection are mostly chance. */
export function shareLines({ series }: Pick<Trends, 'series'>, width = 3): ShareLine[] {
  const reach = (width - 1) / 2;
  return series.map(({ entity, points }) => ({
    id: entity.id,
    name: entity.name,
    kind: entity.kind,
    points: points.map(({ year }) => {
      const near = points.filter((point) => Math.abs(point.year - year) <= reach);
      const documents = near.reduce((sum, point) => sum + point.documents, 0);
      const of = near.reduce((sum, point) => sum + point.of, 0);
      const [low, high] = wilson(documents, of);
      return { year, documents, of, share: of > 0 ? documents / of : 0, low, high };
    }),
  }));
}

const third = (points: readonly SharePoint[], side: 'first' | 'last') => {
  const size = Math.max(1, Math.round(points.length / 3));
  const part = side === 'first' ? points.slice(0, size) : points.slice(-size);
  return { from: part[0]!.year, to: part.at(-1)!.year, share: part.reduce((sum, { share }) => sum + share, 0) / part.length };
};
const years = ({ from, to }: { from: number; to: number }): string => (from === to ? `${from}` : `${from}–${to}`);

/** One sentence that says what the plot shows, and which line it is about. */
export function finding(trends: Trends, lines: readonly ShareLine[]): { title: string; line: string | null } {
  const words = trends.role === 'subject' ? relationWords(trends.relation) : reversedWords(trends.relation);
  const about = `${trends.entity.name} ${words}`;
  const moved = lines
    .filter(({ points }) => points.length >= 2)
    .map((line) => ({ line, first: third(line.points, 'first'), last: third(line.points, 'last') }))
    .sort((a, b) => Math.abs(b.last.share - b.first.share) - Math.abs(a.last.share - a.first.share))[0];
  if (!moved)
    return {
      title: lines.length === 0 ? `No dated document says that ${about} anything` : `${about} ${lines[0]!.name}, in one year only`,
      line: lines[0]?.id ?? null,
    };
  const { line, first, last } = moved;
  const change = last.share - first.share;
  if (Math.abs(change) < 0.02) return { title: `${about} ${line.name}: steady at ${percent(last.share)}`, line: line.id };
  return {
    title: `${about} ${line.name}: ${change > 0 ? 'up' : 'down'} from ${percent(first.share)} (${years(first)}) to ${percent(last.share)} (${years(last)})`,
    line: line.id,
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
