import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adaptReport, compareReport, orionReport } from '../../src/report/index.ts';
import { sampleExtras, sampleOrion } from '../../src/report/testing/sample-orion.ts';
import { sampleResult } from '../../src/report/testing/sample-result.ts';
import { auditViews } from './audit.ts';
import { findChromium, launch } from './chromium.ts';

const chromium = findChromium();
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
      await auditViews(page, `${pathToFileURL(folder).href}/`, [
        ['report.html', 'footer'],
        ['compare.html', 'footer'],
        ['orion.html', 'footer'],
      ]),
    ).toEqual([]);
    expect(heard).toEqual([]);
    await page.close();
  });

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
