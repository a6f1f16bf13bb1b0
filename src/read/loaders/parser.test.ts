import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from './document.ts';
import { formatOf } from './formats.ts';
import { openParser } from './parser.ts';
import { expectLawful } from './testing/laws.ts';
import { column, type TestPdf, testPdf } from './testing/pdf.ts';

const pdf = formatOf('x.pdf')!;
const mebibyte = 1024 * 1024;
// The process takes about 120 MiB before it has read anything.
const limits = { ...defaultLimits, memoryBytes: 320 * mebibyte, stepMs: 600_000 };

/** So many MiB of blanks, then a line of text, in a few kilobytes of file. */
const swollen = (megabytes: number, text: string): { packed: Buffer } => ({
  packed: deflateSync(Buffer.concat([Buffer.alloc(megabytes * mebibyte, ' '), Buffer.from(`\nBT /F1 10 Tf 1 0 0 1 40 500 Tm (${text}) Tj ET`)]), { level: 1 }),
});
const said = (words: string): TestPdf['pages'][number] => column([words], 40, 500);

// Resident size is told on Linux only; elsewhere the heap's own limit has to do.
describe.skipIf(process.platform !== 'linux')('a PDF of many pages', { timeout: 600_000 }, () => {
  const bomb = swollen(400, 'Too much.');

  it('loses the page that takes too much memory, and no other', async () => {
    await using parser = openParser(limits);
    const parsed = await parser.parse(pdf, testPdf({ pages: [said('The first page.'), bomb, said('The third page.')] }));
    expect(parsed.text).toContain('The first page.');
    expect(parsed.text).toContain('The third page.');
    expect(parsed.text).not.toContain('Too much.');
    expect(parsed.failedPages).toEqual([{ page: 2, reason: expect.stringMatching(/within 320 MiB of memory, needed more/) }]);
    expectLawful(parsed);
    // The next file has a fresh process.
    expect((await parser.parse(pdf, testPdf({ pages: [said('Another file.')] }))).text).toBe('Another file.');
  });

  it('is given up after three pages that had the process killed; what was read until then is kept', async () => {
    await using parser = openParser(limits);
    const pages = [said('The first page.'), bomb, said('The third page.'), bomb, bomb, said('The sixth page.'), said('The seventh page.')];
    const parsed = await parser.parse(pdf, testPdf({ pages }));
    expect(parsed.text).toContain('The first page.');
    expect(parsed.text).toContain('The third page.');
    expect(parsed.text).not.toMatch(/sixth|seventh/);
    expect(parsed.failedPages!.map(({ page, reason }) => [page, /memory/.test(reason), /not tried, after three pages/.test(reason)])).toEqual([
      [2, true, false],
      [4, true, false],
      [5, true, false],
      [6, false, true],
      [7, false, true],
    ]);
  });

  it('is read page by page: all pages together are larger than the memory that it may take', async () => {
    await using parser = openParser(limits);
    const parsed = await parser.parse(pdf, testPdf({ pages: Array.from({ length: 24 }, (_, i) => swollen(16, `This is page number ${i + 1} of it.`)) }));
    expect(parsed.failedPages ?? []).toEqual([]);
    for (let page = 1; page <= 24; page++) expect(parsed.text).toContain(`page number ${page} of`);
  });
});
