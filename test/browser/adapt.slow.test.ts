import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { localAdapting } from '../../src/app/adapt/local-adapting.ts';
import { localModels } from '../../src/app/local-models.ts';
import { ownHome } from '../../src/app/testing/own-home.ts';
import { pulledTinyModel } from '../../src/app/testing/pulled-tiny-model.ts';
import { auditPage, auditViews } from './audit.ts';
import { buildPage, findChromium, launch } from './chromium.ts';
import { type MadeWorkspace, makeWorkspace } from './made-workspace.ts';
import { type WatchedPage, watchedPage } from './watched-page.ts';

vi.setConfig({ testTimeout: 300_000 });
const chromium = findChromium();
const wide = { width: 1280, height: 720 };
const looks = [wide, { width: 390, height: 844 }].flatMap((viewport) => (['light', 'dark'] as const).map((colorScheme) => ({ viewport, colorScheme })));
const model = 'tiny-instruct';

const colours = ['red', 'blue', 'green', 'grey', 'black', 'white'];
const data = [
  ...Array.from({ length: 40 }, (_, i) => JSON.stringify({ instruction: `Colour ${i}?`, output: colours[i % 6], kind: i % 2 === 0 ? 'even' : 'odd' })),
  'no json',
].join('\n');
const file = (name: string, text = data) => ({ name, mimeType: 'application/jsonl', buffer: Buffer.from(text) });

describe.skipIf(chromium === null)('Adapt page in Chromium (skipped: no chromium on PATH or in CHROMIUM)', () => {
  ownHome();
  let browser: Browser;
  let webDir: string;
  let dir: string;
  let made: MadeWorkspace;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    webDir = await buildPage();
    browser = await launch(chromium!);
    dir = await mkdtemp(join(tmpdir(), 'lyceum-adapt-'));
    await pulledTinyModel(model);
    made = await makeWorkspace([], {
      server: { webDir, uploadDir: join(dir, 'uploads'), models: localModels({ threads: 1 }), adapting: localAdapting({ dir, threads: 1 }) },
    });
  }, 120_000);
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(async () => {
    await made[Symbol.asyncDispose]();
    await browser.close();
    await rm(webDir, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
  });

  /** The page, and every console error, script error and request that leaves the server. */
  const visit = (path = '/adapt', context: Parameters<Browser['newContext']>[0] = {}, { url } = made): Promise<WatchedPage> =>
    watchedPage(browser, { url, path, context, contexts });
  const give = async (page: Page, given = file('colours.jsonl')) => {
    await page.locator('.drop-data input[type=file]').setInputFiles(given);
    await page.waitForSelector('.samples-view h1', { timeout: 60_000 });
  };
  /** Fine settings that suit a tiny model. */
  const settle = async (page: Page, passes: number) => {
    await page.getByText('Fine settings').click();
    await page.getByLabel('Passes', { exact: true }).fill(String(passes));
    await page.getByLabel('Tokens a row').fill('48');
    await page.locator('.fine input[type=range]').fill('0');
    await page.keyboard.press('Tab');
  };
  const lora = (page: Page) => page.getByRole('radio', { name: /^LoRA\b/ }).check();

  it('shows what was recognised and what is learnt, and says the price before anything is trained', async () => {
    const { page, complaints } = await visit();
    await give(page);
    expect(await page.locator('.samples-view .review-head').textContent()).toContain('40 samples: 40 instruction');
    expect(await page.locator('.kinds').textContent()).toMatch(/even.*20.*odd.*20/s);
    await page.getByText('1 line is left out').click();
    expect(await page.locator('.skips li').textContent()).toMatch(/line 41.*no JSON/);
    expect(await page.locator('.sample').first().locator('mark').textContent()).toBe('red');
    await page.getByRole('button', { name: 'As the model sees them' }).click();
    expect(await page.locator('.sample').first().locator('mark').textContent()).toBe('red<|im_end|>');
    await lora(page);
    await settle(page, 2);
    await page.getByRole('button', { name: 'What would it take?' }).click();
    await page.getByRole('button', { name: 'Start training' }).waitFor({ timeout: 60_000 });
    expect(await page.locator('.price').textContent()).toMatch(/of training, about.*of memory.*steps.*36 samples to learn, 4 held out, 0 % replayed/s);
    // Another choice has another price.
    await page.getByLabel('Passes', { exact: true }).fill('3');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'What would it take?' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('trains, stops and goes on, reports, and lets base and adapted answer side by side', async () => {
    const { page, complaints } = await visit();
    await give(page);
    await lora(page);
    await settle(page, 120);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL(/run=colours-lora/);
    await page.waitForSelector('.loss-plot svg', { timeout: 60_000 });
    await page.waitForSelector('.loss-plot h2:has-text("Held-out loss")', { timeout: 60_000 });
    expect(await page.locator('.work').textContent()).toMatch(/training.*of [\d\u202f]+.*a second/s);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.waitForSelector('.work:has-text("Stopped at step")', { timeout: 60_000 });
    // Over a reload the curve comes from the server.
    await page.reload();
    await page.waitForSelector('.loss-plot svg');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.waitForSelector('.state:has-text("finished")', { timeout: 120_000 });

    const report = page.frameLocator('.report iframe');
    await report.locator('h1').waitFor();
    expect(await report.locator('h1').textContent()).toContain('colours-lora');
    await page.getByRole('tab', { name: 'Training' }).click();
    expect(await page.locator('.verdict').textContent()).toMatch(/task.*trained parameters/s);
    expect(await page.locator('.loss-plot h2').textContent()).toMatch(/^Held-out loss fell from [\d.]+ to [\d.]+$/);

    await page.getByRole('tab', { name: 'Side by side' }).click();
    await page.getByLabel('What both are asked').fill('Colour 0?');
    await page.keyboard.press('Enter');
    const both = page.locator('.said-by[aria-busy=false] .figure');
    await both.nth(1).waitFor({ timeout: 60_000 });
    const [base, adapted] = await page.locator('.said-by .said').allTextContents();
    expect(base).not.toBe(adapted);
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.waitForSelector('.run:has-text("Adapt colours-lora")');
    expect(complaints).toEqual([]);
  });

  it('compares runs that are over, and says where one does not exist', async () => {
    const { page, complaints } = await visit();
    await give(page, file('more.jsonl', data.replaceAll('Colour', 'Paint')));
    await lora(page);
    await page.getByLabel('Starts from').selectOption('colours-lora');
    await settle(page, 2);
    await page.getByLabel('Weights in the end').selectOption('last');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForSelector('.state:has-text("finished")', { timeout: 120_000 });
    expect(await page.evaluate(async () => (await (await fetch('/api/adapt/runs/more-lora/result')).json()) as object)).toMatchObject({
      from: { name: 'colours-lora' },
      kept: { weights: 'last', epoch: 2 },
    });
    for (const name of ['colours-lora', 'more-lora']) await page.getByLabel(`Compare ${name}`).check();
    await page.getByRole('button', { name: 'Compare 2 runs' }).click();
    const report = page.frameLocator('.report iframe');
    await report.locator('h1').waitFor();
    await page.getByRole('tab', { name: 'One after another' }).click();
    await page.waitForSelector('.stages ol');
    expect(await page.locator('.stages li').allTextContents()).toEqual(['colours-lora', 'more-lora']);
    await page.getByRole('button', { name: 'Ask them' }).click();
    await report.getByRole('heading', { name: 'One task after another' }).waitFor({ timeout: 120_000 });
    expect(await report.locator('body').textContent()).not.toContain('does not start from');
    await page.goto(`${made.url}/adapt?run=none`);
    await page.waitForSelector('.nothing:has-text("no run of this name")');
    expect(complaints).toEqual([]);
  });

  it('asks with examples in the prompt and trains nothing, beside the others in a comparison', async () => {
    const { page, complaints } = await visit();
    await give(page);
    await page.getByText('Other methods').click();
    await page.getByRole('radio', { name: /^Examples in the prompt/ }).check();
    expect(await page.getByText('Fine settings').count()).toBe(0);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForSelector('.state:has-text("finished")', { timeout: 120_000 });
    expect(await page.getByRole('tab').allTextContents()).toEqual(['Report', 'Training']);
    for (const name of ['colours-lora', 'colours-retrieved']) await page.getByLabel(`Compare ${name}`).check();
    await page.getByRole('button', { name: 'Compare 2 runs' }).click();
    await page.frameLocator('.report iframe').getByText('no training: retrieved examples in the prompt').first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('says in words what cannot be learnt from', async () => {
    const { page, complaints } = await visit();
    await page.locator('.drop-data input[type=file]').setInputFiles(file('list.jsonl', '[{"text":"x"}]'));
    await page.waitForSelector('.drop-data .trouble:has-text("expected JSON Lines, got a JSON list")');
    await give(
      page,
      file('pairs.jsonl', `${JSON.stringify({ prompt: 'Q', chosen: 'A', rejected: 'B' })}\n${JSON.stringify({ prompt: 'Q', completion: 'A' })}`),
    );
    await page.waitForSelector('.samples-view .trouble:has-text("preferences")');
    expect(await page.getByRole('button', { name: 'Start', exact: true }).isDisabled()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it.each(looks)('is accessible and fits: $viewport.width $colorScheme', async (look) => {
    const { page, complaints } = await visit('/adapt', look);
    await page.waitForSelector('.drop-data');
    const found = await auditViews(page, made.url, [
      ['/adapt', '.drop-data .drop'],
      ['/adapt?run=colours-lora&tab=training', '.loss-plot svg'],
      ['/adapt?run=colours-lora&tab=talk', '.talk .composer'],
      ['/adapt?run=colours-lora', '.report[aria-busy=false]'],
      ['/adapt?compare=more-lora,colours-lora&tab=stages', '.report[aria-busy=false]'],
    ]);
    expect(found).toEqual([]);
    await page.goto(`${made.url}/adapt`);
    await give(page);
    await lora(page);
    await page.getByText('Fine settings').click();
    await page.getByLabel('Weights in the end').scrollIntoViewIfNeeded();
    expect(await auditPage(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
