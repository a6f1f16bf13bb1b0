import type { PagePosition } from './types.ts';

export interface Line {
  readonly start: number;
  readonly end: number;
  readonly box: readonly [left: number, top: number, width: number, height: number];
}
/** A page to be drawn; sizes in points. */
export interface Sheet {
  readonly number: number;
  readonly width: number;
  readonly height: number;
  readonly start: number;
  readonly end: number;
  readonly lines: readonly Line[];
}

/** Common papers, portrait and landscape; a page is taken for the first that holds its text. */
const papers = [
  [595, 842],
  [612, 792],
  [612, 1008],
  [842, 595],
  [792, 612],
  [842, 1191],
] as const;

/** Pages with their lines; a page that no common paper holds gets a margin around its text. */
export function sheetsOf(positions: readonly PagePosition[]): Sheet[] {
  const byPage = new Map<number, PagePosition[]>();
  for (const position of positions) byPage.set(position.page, [...(byPage.get(position.page) ?? []), position]);
  const extent = (page: readonly PagePosition[], axis: 0 | 1) => Math.max(0, ...page.map(({ box }) => (box ? box[axis] + box[axis + 2]! : 0)));
  const right = Math.max(...[...byPage.values()].map((page) => extent(page, 0)), 0);
  const bottom = Math.max(...[...byPage.values()].map((page) => extent(page, 1)), 0);
  const [width, height] = papers.find(([w, h]) => right <= w && bottom <= h) ?? [right + 36, bottom + 36];
  return [...byPage]
    .sort(([a], [b]) => a - b)
    .map(([number, page]) => ({
      number,
      width,
      height,
      start: Math.min(...page.map(({ start }) => start)),
      end: Math.max(...page.map(({ end }) => end)),
      lines: page.flatMap(({ start, end, box }) => (box && end > start ? [{ start, end, box }] : [])),
    }));
}
