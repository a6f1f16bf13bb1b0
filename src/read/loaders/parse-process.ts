// The parser process: one file at a time comes in, pages or a text go out. Whoever started it may kill it at any moment.
import { type Limits, LoadError, type ParsedText, type SkipCode } from './document.ts';
import { type Format, parseWhole } from './formats.ts';
import type { PageItems } from './pdf.ts';

export interface ParseRequest {
  readonly format: Format['name'];
  readonly bytes: Uint8Array;
  readonly limits: Limits;
  /** First page to read, for PDF. */
  readonly fromPage: number;
}

export type ParseAnswer =
  | { readonly type: 'opened'; readonly pages: number; readonly title: string | undefined }
  | { readonly type: 'starting'; readonly page: number }
  | { readonly type: 'page'; readonly items: PageItems }
  | { readonly type: 'page-failed'; readonly page: number; readonly reason: string }
  | { readonly type: 'done'; readonly parsed: ParsedText | undefined }
  | { readonly type: 'failed'; readonly code: SkipCode; readonly message: string };

const answer = (message: ParseAnswer) => process.send?.(message);

const parse = async ({ format, bytes, limits, fromPage }: ParseRequest): Promise<ParsedText | undefined> => {
  if (format !== 'pdf') return parseWhole(format, Buffer.from(bytes), limits);
  const { extractPages } = await import('./pdf.ts');
  await extractPages(bytes, fromPage, limits.pages, {
    opened: (pages, title) => answer({ type: 'opened', pages, title }),
    starting: (page) => answer({ type: 'starting', page }),
    page: (items) => answer({ type: 'page', items }),
    failed: (page, reason) => answer({ type: 'page-failed', page, reason }),
  });
  return undefined;
};

process.on('message', async (request: ParseRequest) => {
  try {
    const parsed = await parse(request);
    answer({ type: 'done', parsed });
  } catch (error) {
    const known = error instanceof LoadError;
    const message = known
      ? error.message
      : `expected a whole ${request.format} file, got one that its parser cannot read (${(error as Error).message}); open it in its program and save it again`;
    answer({ type: 'failed', code: known ? error.code : 'FORMAT', message });
  }
});
process.on('disconnect', () => process.exit(0));
// A parser that throws outside of its promise says nothing about this process; the request it belonged to fails by time.
process.on('unhandledRejection', () => undefined);
