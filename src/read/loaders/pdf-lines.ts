// From runs of characters on a page to lines in the order a person reads them.
import { clean } from './build.ts';
import type { PageItems } from './pdf.ts';

/** A printed line; points from the page's top left corner. `column` counts the stretches that are read one after the other on the page. */
export interface Line {
  readonly page: number;
  readonly column: number;
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly baseline: number;
  readonly size: number;
  readonly font: string;
  /** Stretches with wide gaps between them: above one, the line may be a table's row. */
  readonly cells: number;
}

interface Segment {
  text: string;
  left: number;
  right: number;
  baseline: number;
  size: number;
  font: string;
}

const segmentsOf = ({ items }: PageItems): Segment[] => {
  const segments: Segment[] = [];
  let current: Segment | undefined;
  let space = false;
  for (const item of items) {
    if (item.text.trim() === '') {
      space = true;
      continue;
    }
    const gap = current ? item.x - current.right : 0;
    const scale = current ? Math.max(current.size, item.size) : item.size;
    const level = current ? Math.abs(item.y - current.baseline) : 0;
    const raised = current !== undefined && item.size < current.size * 0.85 && level < current.size * 0.6;
    const lowered = current !== undefined && current.size < item.size * 0.85 && level < item.size * 0.6;
    if (current && (level < scale * 0.3 || raised || lowered) && gap > -scale * 0.6 && gap < scale * 1.6) {
      current.text += (space || gap > scale * 0.2 ? ' ' : '') + item.text;
      current.right = Math.max(current.right, item.x + item.width);
      if (lowered) Object.assign(current, { size: item.size, baseline: item.y, font: item.font });
    } else {
      current = { text: item.text, left: item.x, right: item.x + item.width, baseline: item.y, size: item.size, font: item.font };
      segments.push(current);
    }
    space = /\s$/.test(item.text);
  }
  return segments;
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const sameRow = (a: Segment, b: Segment) => Math.abs(a.baseline - b.baseline) < Math.max(a.size, b.size) * 0.8;

/** Where white space runs down between two columns: an x with wide stretches of text side by side to its left and right, several rows of them. */
const gutterOf = (segments: readonly Segment[]): number | undefined => {
  if (segments.length < 6) return undefined;
  const [low, high] = [Math.floor(Math.min(...segments.map((s) => s.left))), Math.ceil(Math.max(...segments.map((s) => s.right)))];
  const span = high - low;
  if (!(span > 60 && span < 20_000)) return undefined;
  const change = new Int32Array(span + 2);
  for (const s of segments) {
    change[Math.max(0, Math.ceil(s.left + 1 - low))]! += 1;
    change[Math.min(span + 1, Math.max(0, Math.floor(s.right - 1 - low)))]! -= 1;
  }
  // Plateaus of equal crossing, the emptiest and widest first.
  const plateaus: { x: number; crossing: number; width: number }[] = [];
  let crossing = 0;
  let start = 0;
  for (let x = 0; x <= span; x++) {
    if (x > 0 && change[x] !== 0) {
      plateaus.push({ x: low + (start + x) / 2, crossing, width: x - start });
      start = x;
    }
    crossing += change[x]!;
  }
  const hopeful = plateaus
    .filter(({ x, width }) => width >= 4 && x > low + span * 0.15 && x < high - span * 0.15)
    .sort((a, b) => a.crossing - b.crossing || b.width - a.width)
    .slice(0, 8);
  return hopeful.find(({ x }) => {
    const left = segments.filter((s) => s.right <= x + 1);
    const right = segments.filter((s) => s.left >= x - 1);
    if (left.length < 3 || right.length < 3) return false;
    if (median(left.map((s) => s.right - s.left)) < span * 0.18 || median(right.map((s) => s.right - s.left)) < span * 0.18) return false;
    return left.filter((l) => right.some((r) => sameRow(l, r))).length >= Math.max(3, Math.min(left.length, right.length) * 0.3);
  })?.x;
};

// Regions in reading order; each holds segments that run from top to bottom.
const regionsOf = (segments: readonly Segment[], depth = 0): Segment[][] => {
  if (segments.length === 0) return [];
  const gutter = depth < 3 ? gutterOf(segments) : undefined;
  if (gutter === undefined) return [[...segments]];
  const side = (s: Segment) => (s.right <= gutter + 1 ? 'left' : s.left >= gutter - 1 ? 'right' : 'across');
  const across = segments.filter((s) => side(s) === 'across').sort((a, b) => a.baseline - b.baseline);
  const rest = segments.filter((s) => side(s) !== 'across');
  // What stands across both columns parts the page into bands; each band is read left, then right.
  const bandOf = (s: Segment) => across.filter((a) => a.baseline < s.baseline).length;
  const regions: Segment[][] = [];
  let open: Segment[] = [];
  for (let band = 0; band <= across.length; band++) {
    const inside = rest.filter((s) => bandOf(s) === band);
    if (inside.length > 0) {
      if (open.length > 0) regions.push(open);
      open = [];
      for (const name of ['left', 'right'])
        regions.push(
          ...regionsOf(
            inside.filter((s) => side(s) === name),
            depth + 1,
          ),
        );
    }
    if (across[band]) open.push(across[band]!);
  }
  if (open.length > 0) regions.push(open);
  return regions;
};

const linesOf = (segments: readonly Segment[], page: number, column: number): Line[] => {
  const rows: Segment[][] = [];
  for (const segment of segments.toSorted((a, b) => a.baseline - b.baseline)) {
    const row = rows.at(-1);
    if (row && Math.abs(row[0]!.baseline - segment.baseline) < Math.max(row[0]!.size, segment.size) * 0.4) row.push(segment);
    else rows.push([segment]);
  }
  return rows.map((row) => {
    const cells = row.toSorted((a, b) => a.left - b.left);
    let text = '';
    let wide = 1;
    cells.forEach((cell, i) => {
      const gap = i === 0 ? 0 : cell.left - cells[i - 1]!.right;
      if (gap > cell.size * 1.5) wide++;
      text += (i > 0 && gap > cell.size * 0.15 ? ' ' : '') + cell.text;
    });
    const longest = cells.toSorted((a, b) => b.text.length - a.text.length)[0]!;
    return {
      page,
      column,
      // A soft hyphen at the end of a line is a hyphen that was printed.
      text: clean(text.replace(/\u00ad\s*$/u, '\u2010'))
        .replace(/\s+/g, ' ')
        .trim(),
      left: cells[0]!.left,
      right: Math.max(...cells.map((cell) => cell.right)),
      baseline: longest.baseline,
      size: longest.size,
      font: longest.font,
      cells: wide,
    };
  });
};

/** The lines of a page in reading order: two or three columns are read one after the other, what stands across them where it stands. */
export const linesInOrder = (page: PageItems): Line[] =>
  regionsOf(segmentsOf(page)).flatMap((region, column) => linesOf(region, page.page, column).filter((line) => line.text !== ''));
