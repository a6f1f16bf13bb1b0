// From lines to running text: headers go, paragraphs and words broken over lines are joined, every line keeps its place on its page.
import type { PagePosition } from '../../knowledge/index.ts';
import type { Block, BlockKind } from '../text/index.ts';
import { LoadError, type ParsedText } from './document.ts';
import { captionStart, markReferences, present, readsAsHeading } from './kinds.ts';
import type { PageItems } from './pdf.ts';
import { type Line, linesInOrder } from './pdf-lines.ts';

export interface PdfPages {
  readonly pages: readonly PageItems[];
  readonly failedPages: readonly { readonly page: number; readonly reason: string }[];
  readonly title: string | undefined;
}

const commonest = <T>(weighted: Iterable<readonly [T, number]>): T | undefined => {
  const sums = new Map<T, number>();
  for (const [value, weight] of weighted) sums.set(value, (sums.get(value) ?? 0) + weight);
  return [...sums].sort(([, a], [, b]) => b - a)[0]?.[0];
};

const quantile = (values: readonly number[], share: number) => values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;

// Lines at the top or bottom edge that return on other pages, and page numbers.
const withoutRunningHeads = (lines: readonly Line[], pages: readonly PageItems[]): Line[] => {
  const heights = new Map(pages.map((page) => [page.page, page.height]));
  const atEdge = (line: Line) => line.baseline < heights.get(line.page)! * 0.09 || line.baseline > heights.get(line.page)! * 0.92;
  const keyOf = (line: Line) => `${line.baseline < heights.get(line.page)! / 2 ? 'top' : 'bottom'} ${line.text.replace(/\d+/g, '#')}`;
  const seen = new Map<string, Set<number>>();
  for (const line of lines.filter(atEdge)) seen.set(keyOf(line), (seen.get(keyOf(line)) ?? new Set()).add(line.page));
  const repeats = Math.max(2, Math.ceil(pages.length * 0.3));
  return lines.filter(
    (line) => !atEdge(line) || !(/^(?:page\s+)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*(?:of|\/)\s*\d+)?$/i.test(line.text) || seen.get(keyOf(line))!.size >= repeats),
  );
};

interface Column {
  readonly left: number;
  readonly right: number;
  /** Distance of baselines that is usual in it. */
  readonly pitch: number;
}

const columnsOf = (lines: readonly Line[]): Map<string, Column> => {
  const groups = Map.groupBy(lines, (line) => `${line.page} ${line.column}`);
  return new Map(
    [...groups].map(([key, group]) => {
      const steps = group
        .slice(1)
        .flatMap((line, i) =>
          line.baseline > group[i]!.baseline && line.baseline - group[i]!.baseline < line.size * 2.5 ? [line.baseline - group[i]!.baseline] : [],
        );
      const pitch = steps.length > 0 ? quantile(steps, 0.4) : group[0]!.size * 1.25;
      return [
        key,
        {
          left: quantile(
            group.map((line) => line.left),
            0.1,
          ),
          right: quantile(
            group.map((line) => line.right),
            0.9,
          ),
          pitch,
        },
      ];
    }),
  );
};

const endsSentence = (text: string) => /[.!?:][”"')\]]*(?:\s*\[[\d,\s–-]+\])?$/u.test(text);
const itemStart = /^(?:[•‣▪◦–—*-]|\[\d{1,3}\]|\(?\d{1,2}[.)])\s/u;

interface Draft {
  readonly kind: BlockKind;
  readonly lines: Line[];
}

const draftBlocks = (lines: readonly Line[]): Draft[] => {
  const bodySize = commonest(lines.map((line) => [Math.round(line.size * 2) / 2, line.text.length] as const)) ?? 10;
  const bodyFont = commonest(lines.filter((line) => Math.abs(line.size - bodySize) < 0.5).map((line) => [line.font, line.text.length] as const));
  const columns = columnsOf(lines);
  const firstPage = lines[0]?.page;
  const largest = Math.max(...lines.filter((line) => line.page === firstPage).map((line) => line.size));
  const isTitle = (line: Line) => line.page === firstPage && line.size > bodySize * 1.2 && line.size > largest * 0.95;
  const isHeading = (line: Line, fresh: boolean) =>
    line.cells === 1 &&
    ((line.size > bodySize * 1.1 && line.text.length < 120) ||
      (fresh && readsAsHeading(line.text)) ||
      (fresh &&
        line.font !== bodyFont &&
        line.size > bodySize * 0.95 &&
        line.text.split(' ').length <= 10 &&
        !/[.,;]$/.test(line.text) &&
        /^(?:\d|\p{Lu})/u.test(line.text)));

  const drafts: Draft[] = [];
  let titleSeen = false;
  let titleDone = false;
  let previous: Line | undefined;
  for (const line of lines) {
    const open = drafts.at(-1);
    const column = columns.get(`${line.page} ${line.column}`)!;
    const sameColumn = previous !== undefined && previous.page === line.page && previous.column === line.column;
    const step = previous ? line.baseline - previous.baseline : 0;
    const newSize = previous !== undefined && Math.abs(previous.size - line.size) > Math.max(0.6, line.size * 0.08);
    const wideStep = sameColumn && (step > column.pitch * 1.35 + 0.5 || step < 0);
    const previousColumn = previous && columns.get(`${previous.page} ${previous.column}`)!;
    const shortBefore =
      previous !== undefined &&
      previousColumn !== undefined &&
      previous.right < previousColumn.right - Math.max(12, (previousColumn.right - previousColumn.left) * 0.12);
    const indented = sameColumn && line.left > column.left + line.size * 0.8 && previous!.left < column.left + line.size * 0.5;
    const closed = previous !== undefined && endsSentence(previous.text);
    const fresh =
      previous === undefined || !sameColumn || wideStep || newSize || closed || open?.kind === 'heading' || open?.kind === 'title' || open?.kind === 'byline';

    let kind: BlockKind = 'paragraph';
    if (!titleDone && isTitle(line)) kind = 'title';
    else if (isHeading(line, fresh)) kind = 'heading';
    else if (fresh && captionStart.test(line.text)) kind = 'caption';
    else if (fresh && itemStart.test(line.text)) kind = 'list';
    if (kind === 'title') titleSeen = true;
    else if (titleSeen) titleDone = true;

    const joins =
      open !== undefined &&
      previous !== undefined &&
      (kind === 'title'
        ? open.kind === 'title'
        : kind === 'heading'
          ? open.kind === 'heading' &&
            sameColumn &&
            !newSize &&
            !wideStep &&
            previous.font === line.font &&
            !readsAsHeading(open.lines.map((l) => l.text).join(' '))
          : kind === 'paragraph' &&
            open.kind !== 'title' &&
            open.kind !== 'heading' &&
            !newSize &&
            (sameColumn
              ? !wideStep && !(indented && (closed || shortBefore) && open.kind !== 'list') && !(shortBefore && closed)
              : !closed && open.kind !== 'caption'));
    if (joins) open.lines.push(line);
    else drafts.push({ kind, lines: [line] });
    previous = line;
  }
  const titleAt = drafts.findIndex((draft) => draft.kind === 'title');
  const headingAt = drafts.findIndex((draft) => draft.kind === 'heading');
  return drafts.map((draft, i) => {
    const words = draft.lines.map((line) => line.text).join(' ');
    // Dots that lead to a page number: a table of contents.
    if (draft.kind !== 'title' && /(?:\.\s?){6,}/.test(words)) return { ...draft, kind: 'table' };
    // Names and addresses between the title and the first heading.
    const betweenThem = titleAt >= 0 && i > titleAt && (headingAt < 0 || i < headingAt);
    if (draft.kind === 'paragraph' && betweenThem && words.length < 400 && !/[.!?]$/.test(words)) return { ...draft, kind: 'byline' };
    const tokens = words.split(' ');
    const numbers = tokens.filter((token) => /\d/.test(token)).length;
    if (draft.kind === 'paragraph' && (draft.lines.every((line) => line.cells > 2) || (tokens.length > 4 && numbers > tokens.length * 0.5)))
      return { ...draft, kind: 'table' };
    return draft;
  });
};

const keepsHyphen =
  /(?:^|-)(?:well|self|multi|non|semi|cross|co|inter|high|low|large|small|real|long|short|open|end|state|word|part|one|two|three|first|second|fine|data|task|domain|rule|graph|phrase|vector|time|speech|text|sub|pre|post|off|on|in|out|zero|few|single|hand|deep)$/iu;
const compoundTail =
  /^(?:based|level|scale|time|art|of|to|the|in|end|aware|driven|free|specific|independent|dependent|trained|tuned|tuning|labell?ed|shot|wise|oriented|like|world|domain|source|class|task|view|layer|step|way|tagging|speech|supervised|order|dimensional|quality|resource|rank)(?!\p{Ll})/iu;

/** Whether the hyphen at a line's end belongs to the word: the document's own usage decides, then habit. */
const hyphenStays = (before: string, after: string, vocabulary: ReadonlySet<string>): boolean => {
  const head = /[\p{L}\p{N}-]+$/u.exec(before)?.[0].toLowerCase() ?? '';
  const tail = /^[\p{L}\p{N}-]+/u.exec(after)?.[0].toLowerCase() ?? '';
  if (vocabulary.has(`${head}-${tail}`)) return true;
  if (vocabulary.has(head + tail)) return false;
  return head.includes('-') || /\d$/.test(head) || compoundTail.test(tail) || (keepsHyphen.test(head) && vocabulary.has(tail));
};

const junkTitle = /^(?:untitled|about:blank|microsoft word\b.*|.*\.(?:docx?|tex|dvi|pdf|indd|qxd)|\(.*\)|paper|manuscript)?$/i;

/**
 * The running text of a PDF's pages.
 *
 * @throws LoadError NO_TEXT when no page has any (scanned pictures, usually), FORMAT when no page could be read
 */
export const assemblePdf = ({ pages, failedPages, title: stated }: PdfPages): ParsedText => {
  const lines = withoutRunningHeads(pages.flatMap(linesInOrder), pages);
  if (lines.length === 0) {
    if (failedPages.length > 0)
      throw new LoadError(
        'FORMAT',
        `expected readable pages, got none of ${pages.length + failedPages.length} (page ${failedPages[0]!.page}: ${failedPages[0]!.reason}); open it in a PDF program and save it again`,
      );
    throw new LoadError(
      'NO_TEXT',
      `expected a PDF with text, got ${pages.length === 1 ? 'a page' : `${pages.length} pages`} without any (scanned?); run a text recognition (OCR) program on it first`,
    );
  }
  const vocabulary = new Set(
    lines.flatMap(
      (line) =>
        line.text
          .replace(/[-\u2010]$/u, '')
          .toLowerCase()
          .match(/[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*/gu) ?? [],
    ),
  );
  let text = '';
  const blocks: Block[] = [];
  const positions: PagePosition[] = [];
  for (const draft of draftBlocks(lines)) {
    if (text !== '') text += '\n\n';
    const start = text.length;
    let glue = false;
    draft.lines.forEach((line, i) => {
      const next = draft.lines[i + 1];
      if (i > 0 && !glue) text += ' ';
      const broken = next !== undefined && /\p{L}[-\u2010]$/u.test(line.text) && /^\p{Ll}/u.test(next.text);
      const words = broken && !hyphenStays(line.text.slice(0, -1), next.text, vocabulary) ? line.text.slice(0, -1) : line.text.replace(/\u2010$/u, '-');
      const box = [line.left, line.baseline - line.size * 0.85, line.right - line.left, line.size * 1.1] as const;
      positions.push({
        start: text.length,
        end: text.length + words.length,
        page: line.page,
        box: box.map((value) => Math.round(value * 100) / 100) as unknown as typeof box,
      });
      text += words;
      glue = broken;
    });
    blocks.push({ kind: draft.kind, start, end: text.length });
  }
  const printed = blocks.find((block) => block.kind === 'title');
  const unseen = pages.reduce((sum, page) => sum + page.unseen, 0);
  const empty = pages.filter((page) => page.items.length === 0).length;
  return {
    text,
    blocks: markReferences(text, blocks),
    pages: positions,
    failedPages,
    metadata: present({ title: printed ? text.slice(printed.start, printed.end) : junkTitle.test(stated?.trim() ?? '') ? undefined : stated!.trim() }),
    warnings: [
      ...failedPages.map(({ page, reason }) => `page ${page} could not be read: ${reason}`),
      ...(empty > 0 ? [`${empty} of ${pages.length} pages have no text (pictures?)`] : []),
      ...(unseen > 0
        ? [`${unseen} ${unseen === 1 ? 'piece of text that cannot be seen on the page was' : 'pieces of text that cannot be seen on the page were'} left out`]
        : []),
    ],
  };
};
