// Runs in the parser process: takes the words and their places out of a PDF, page by page.
import { getDocumentProxy } from 'unpdf';
import { knownAs } from './decode.ts';
import { LoadError } from './document.ts';

/** A run of characters on a page; points from the page's top left corner, `y` is the baseline. */
export interface PageItem {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly size: number;
  readonly font: string;
}

export interface PageItems {
  readonly page: number;
  readonly width: number;
  readonly height: number;
  readonly items: readonly PageItem[];
  /** Runs left out because nobody could see them: off the page, or smaller than two points. */
  readonly unseen: number;
}

export interface PdfSteps {
  opened(pages: number, title: string | undefined): void;
  starting(page: number): void;
  page(items: PageItems): void;
  failed(page: number, reason: string): void;
}

// A dense page has some thousands; what has more was not made to be read.
const runsPerPage = 20_000;

type Matrix = readonly number[];
const multiply = (m: Matrix, n: Matrix): number[] => [
  m[0]! * n[0]! + m[2]! * n[1]!,
  m[1]! * n[0]! + m[3]! * n[1]!,
  m[0]! * n[2]! + m[2]! * n[3]!,
  m[1]! * n[2]! + m[3]! * n[3]!,
  m[0]! * n[4]! + m[2]! * n[5]! + m[4]!,
  m[1]! * n[4]! + m[3]! * n[5]! + m[5]!,
];

const open = async (bytes: Uint8Array) => {
  if (knownAs(bytes) !== 'a PDF' && !Buffer.from(bytes.subarray(0, 1024)).includes('%PDF-'))
    throw new LoadError('FORMAT', `expected a PDF, got ${knownAs(bytes) ?? 'a file that does not begin with %PDF-'}; give the file its right ending`);
  try {
    // The PDF library takes a plain array, and takes it away.
    return await getDocumentProxy(new Uint8Array(bytes), { isEvalSupported: false, disableFontFace: true, useSystemFonts: false, verbosity: 0 });
  } catch (cause) {
    const { name, message } = cause as Error;
    if (name === 'PasswordException')
      throw new LoadError('ENCRYPTED', 'expected a PDF that opens without a password, got an encrypted one; save a copy without password', { cause });
    throw new LoadError('FORMAT', `expected a whole PDF, got a damaged one (${message}); open it in a PDF program and save it again`, { cause });
  }
};

/**
 * Reads the pages from `from` on, one at a time, each let go before the next.
 *
 * @throws LoadError FORMAT, ENCRYPTED, TOO_LARGE
 */
export const extractPages = async (bytes: Uint8Array, from: number, maximum: number, steps: PdfSteps): Promise<void> => {
  const pdf = await open(bytes);
  if (pdf.numPages > maximum) throw new LoadError('TOO_LARGE', `expected at most ${maximum} pages, got ${pdf.numPages}; split the file`);
  const info = (await pdf.getMetadata().catch(() => undefined))?.info as { Title?: unknown } | undefined;
  steps.opened(pdf.numPages, typeof info?.Title === 'string' ? info.Title : undefined);
  for (let number = from; number <= pdf.numPages; number++) {
    steps.starting(number);
    try {
      const page = await pdf.getPage(number);
      const viewport = page.getViewport({ scale: 1 });
      const { items: runs } = await page.getTextContent();
      if (runs.length > runsPerPage) throw new Error(`expected at most ${runsPerPage} pieces of text on a page, got ${runs.length}`);
      const items: PageItem[] = [];
      let unseen = 0;
      for (const run of runs) {
        if (!('str' in run) || run.str === '') continue;
        const [a, b, c, d, x, y] = multiply(viewport.transform, run.transform) as [number, number, number, number, number, number];
        const size = Math.hypot(c, d);
        if (Math.abs(b) > Math.abs(a) * 0.1) continue; // turned text: stamps at the margin, axis labels
        const width = run.width * viewport.scale;
        const blank = run.str.trim() === '';
        const outside = x + width < 0 || y < 0 || x > viewport.width || y - size > viewport.height;
        if (size < 2 || outside || ![x, y, width, size].every(Number.isFinite)) {
          if (!blank) unseen++;
          continue;
        }
        items.push({ text: run.str, x, y, width, size, font: run.fontName });
      }
      steps.page({ page: number, width: viewport.width, height: viewport.height, items, unseen });
      page.cleanup();
    } catch (error) {
      steps.failed(number, (error as Error).message);
    }
  }
  await pdf.cleanup();
};
