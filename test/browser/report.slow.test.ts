import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adaptReport, attentionReport, compareReport, guardReport, headsReport, orionReport, retrievalReport } from '../../src/report/index.ts';
import { sampleAttention } from '../../src/report/testing/sample-attention.ts';
import { sampleGuard } from '../../src/report/testing/sample-guard.ts';
import { sampleHeads } from '../../src/report/testing/sample-heads.ts';
import { sampleExtras, sampleOrion } from '../../src/report/testing/sample-orion.ts';
import { sampleResult } from '../../src/report/testing/sample-result.ts';
import { sampleRetrieval } from '../../src/report/testing/sample-retrieval.ts';
import { auditViews } from './audit.ts';
import { findChromium, launch } from './chromium.ts';

// The few things of a page that the functions sent into it use; the project's own types know no browser.
interface Shape {
  getClientRects(): { readonly length: number };
  getBoundingClientRect(): { readonly right: number };
}
declare const document: { readonly body: Shape; querySelectorAll(selector: string): ArrayLike<Shape> };
declare const innerWidth: number;
declare const getComputedStyle: (element: Shape) => {
  readonly color: string;
  readonly backgroundColor: string;
  readonly fill: string;
  readonly stroke: string;
};

const chromium = findChromium();
const names = ['report', 'compare', 'orion', 'retrieval', 'heads', 'attention', 'guard'];
const looks = [
  { width: 1280, height: 720 },
  { width: 390, height: 844 },
].flatMap((viewport) => (['light', 'dark'] as const).map((colorScheme) => ({ viewport, colorScheme })));

describe.skipIf(chromium === null)('reports in Chromium (skipped: no chromium on PATH or in CHROMIUM)', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await launch(chromium!);
    folder = await mkdtemp(join(tmpdir(), 'lyceum-report-'));
    await writeFile(join(folder, 'report.html'), await adaptReport(sampleResult()));
    await writeFile(join(folder, 'compare.html'), await compareReport([sampleResult(), sampleResult({ name: 'again' })]));
    await writeFile(join(folder, 'orion.html'), await orionReport(sampleOrion(), sampleExtras()));
    await writeFile(join(folder, 'retrieval.html'), await retrievalReport([sampleRetrieval()]));
    await writeFile(join(folder, 'heads.html'), await headsReport(sampleHeads()));
    await writeFile(join(folder, 'attention.html'), await attentionReport(sampleAttention()));
    await writeFile(join(folder, 'guard.html'), await guardReport(sampleGuard()));
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(looks)('reads well at $viewport.width in $colorScheme, asks for nothing, complains of nothing', { timeout: 120_000 }, async (look) => {
    const page = await browser.newPage(look);
    const heard: string[] = [];
    page.on('console', (message) => heard.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:') && !request.url().startsWith('data:')) heard.push(request.url());
    });
    expect(
      await auditViews(page, `${pathToFileURL(folder).href}/`, names.map((name) => [`${name}.html`, 'footer'] as const)), // biome-ignore format: one call
    ).toEqual([]);
    expect(heard).toEqual([]);
    await page.close();
  });

  it.each(names)(
    'prints %s: black on white whatever the screen is, wide pictures whole on the sheet, nothing to be pressed',
    { timeout: 120_000 },
    async (name) => {
      const seen = [];
      for (const colorScheme of ['light', 'dark'] as const) {
        // As wide as A4 between the margins of the style.
        const page = await browser.newPage({ viewport: { width: 672, height: 1000 }, colorScheme });
        await page.emulateMedia({ media: 'print', colorScheme });
        await page.goto(`${pathToFileURL(folder).href}/${name}.html`);
        seen.push(
          await page.evaluate(() => {
            const shown = (selector: string) => Array.from(document.querySelectorAll(selector)).filter((element) => element.getClientRects().length > 0);
            const { color, backgroundColor } = getComputedStyle(document.body);
            const fills = [...new Set(shown('svg [fill], svg [stroke]').flatMap((shape) => [getComputedStyle(shape).fill, getComputedStyle(shape).stroke]))];
            const outside = shown('svg, table, p').filter((element) => element.getBoundingClientRect().right > innerWidth + 1).length;
            return {
              color,
              backgroundColor,
              fills,
              outside,
              tools: shown('.tools').length,
              narrow: shown('.narrow svg').length,
              wide: shown('.wide svg').length,
            };
          }),
        );
        await page.close();
      }
      const [light, dark] = seen;
      expect(dark).toEqual(light);
      expect(light).toMatchObject({ color: 'rgb(26, 30, 38)', backgroundColor: 'rgb(255, 255, 255)', outside: 0, tools: 0, narrow: 0 });
      expect(light!.wide).toBeGreaterThan(0);
      expect(light!.fills.length).toBeGreaterThan(1);
    },
  );

  it('saves pictures that a browser shows', { timeout: 120_000 }, async () => {
    const page = await browser.newPage();
    await page.goto(`${pathToFileURL(folder).href}/report.html`);
    const [saved] = await Promise.all([page.waitForEvent('download'), page.click('a[download="scores.svg"]')]);
    const path = join(folder, saved.suggestedFilename());
    await saved.saveAs(path);
    // Not XML: Chromium shows an error in its place.
    await page.goto(pathToFileURL(path).href);
    expect(await page.locator('svg > rect').count()).toBe(1);
    expect(await page.locator('parsererror').count()).toBe(0);
    await page.close();
  });
});
