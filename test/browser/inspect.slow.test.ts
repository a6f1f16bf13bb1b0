import { rm } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Inspecting, localInspecting } from '../../src/app/inspect/index.ts';
import { localModels } from '../../src/app/local-models.ts';
import { ownHome } from '../../src/app/testing/own-home.ts';
import { pulledTinyModel } from '../../src/app/testing/pulled-tiny-model.ts';
import { tinyConfig } from '../../src/app/testing/tiny-language-model.ts';
import { BusyError } from '../../src/knowledge/index.ts';
import { auditPage } from './audit.ts';
import { buildPage, findChromium, launch } from './chromium.ts';
import { type MadeWorkspace, makeWorkspace } from './made-workspace.ts';
import { type WatchedPage, watchedPage } from './watched-page.ts';

vi.setConfig({ testTimeout: 120_000 });
const chromium = findChromium();
const wide = { width: 1280, height: 720 };
const looks = [wide, { width: 390, height: 844 }].flatMap((viewport) => (['light', 'dark'] as const).map((colorScheme) => ({ viewport, colorScheme })));
const layers = tinyConfig.num_hidden_layers;

describe.skipIf(chromium === null)('Inspect page in Chromium (skipped: no chromium on PATH or in CHROMIUM)', () => {
  ownHome();
  let browser: Browser;
  let webDir: string;
  let made: MadeWorkspace;
  let bare: MadeWorkspace;
  /** Looks that are refused before one is answered. */
  let refusals = 0;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    webDir = await buildPage();
    browser = await launch(chromium!);
    await pulledTinyModel('tiny-instruct');
    await pulledTinyModel('tiny-other');
    const local = localInspecting({ dir: webDir, threads: 1 });
    const inspecting: Inspecting = {
      ...local,
      patch: async (...asked) => {
        if (refusals-- > 0) throw new BusyError('inspect: expected one model at a time, got a look into other that is under way; try again.', null);
        return local.patch(...asked);
      },
    };
    made = await makeWorkspace([], { server: { webDir, models: localModels({ threads: 1 }), inspecting } });
    const none = {
      list: async () => ({ models: [], available: (await localModels({ threads: 1 }).list()).available }),
      open: () => Promise.reject(new Error('no')),
    };
    bare = await makeWorkspace([], { server: { webDir, models: none } });
  }, 120_000);
  afterEach(async () => {
    refusals = 0;
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(async () => {
    await made[Symbol.asyncDispose]();
    await bare[Symbol.asyncDispose]();
    await browser.close();
    await rm(webDir, { recursive: true, force: true });
  });

  /** The page, and every console error, script error and request that leaves the server. */
  const visit = (path = '/inspect', context: Parameters<Browser['newContext']>[0] = {}, { url } = made): Promise<WatchedPage> =>
    watchedPage(browser, { url, path, context, contexts });
  const source = (page: Page) => page.getByRole('textbox', { name: 'Source' });
  const target = (page: Page) => page.getByRole('textbox', { name: 'Target' });
  const layer = (page: Page) => page.getByRole('slider', { name: 'Layer' });
  const heading = (page: Page) => page.locator('.inspector h2').textContent();

  it('looks into a pair, by button and keyboard, moves through the layers, and keeps all of it in the address', async () => {
    const { page, complaints } = await visit('/');
    await page.getByRole('link', { name: 'Inspect' }).click();
    expect(await source(page).inputValue()).toContain('What is her job?');
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForSelector('.pair-plot svg circle');
    const lists = page.locator('.two-prompts .likeliest');
    for (const at of [0, 1]) expect(await lists.nth(at).locator('li').count()).toBe(5);
    expect(await page.locator('.inspector .likeliest li').count()).toBe(5);

    await layer(page).focus();
    await page.keyboard.press('Home');
    expect(await heading(page)).toBe(`After block 1 of ${layers}`);
    const mark = page.locator('.shown-layer');
    const first = Number(await mark.getAttribute('x1'));
    await page.keyboard.press('ArrowRight');
    expect(await heading(page)).toBe(`After block 2 of ${layers}`);
    expect(Number(await mark.getAttribute('x1'))).toBeGreaterThan(first);
    expect(new URL(page.url()).searchParams.get('layer')).toBe('2');
    // After its last block the target holds all that the source does, and says the same.
    await page.keyboard.press('End');
    expect(await page.locator('.inspector .likeliest li').allTextContents()).toEqual(await lists.first().locator('li').allTextContents());

    const before = page.url();
    await source(page).fill('The cat sat on the');
    await page.waitForSelector('text=of the prompts before');
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/source=The\+cat/);
    await page.waitForSelector('.pair-plot svg circle');
    await page.goBack();
    expect(page.url()).toBe(before);
    expect(await source(page).inputValue()).toContain('What is her job?');
    expect(await heading(page)).toBe(`After block ${layers} of ${layers}`);
    // A link shows the same.
    await page.reload();
    await page.waitForSelector('.pair-plot svg circle');
    expect(await heading(page)).toBe(`After block ${layers} of ${layers}`);
    await page.getByLabel('Model').selectOption('tiny-other');
    await page.waitForURL(/model=tiny-other/);
    await page.waitForSelector('.pair-plot figcaption:has-text("tiny-other")');
    expect(complaints).toEqual([]);
  });

  it('reads a text through the lens, and tells of a cell by keyboard and pointer', async () => {
    const { page, complaints } = await visit();
    await page.getByRole('tab', { name: 'Logit lens' }).click();
    await page.getByRole('textbox', { name: 'Text' }).fill('Once upon a time there was a');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.lens td');
    expect(await page.locator('.lens tbody tr').count()).toBe(layers + 1);
    expect(await page.locator('.lens tbody tr').first().locator('td').count()).toBe(8);
    expect(await page.locator('.inspector li').count()).toBe(3);
    expect(await page.locator('.inspector .kind').textContent()).toBe(`After block ${layers}, at the token`);
    await page.locator('.lens td[tabindex="0"]').focus();
    await page.keyboard.press('ArrowUp');
    expect(await page.locator('.inspector .kind').textContent()).toBe(`After block ${layers - 1}, at the token`);
    const cell = new URL(page.url()).searchParams.get('cell');
    expect(cell).toMatch(new RegExp(`^${layers - 1}-`));
    const first = page.locator('.lens tbody tr').first().locator('td').first();
    await first.hover();
    expect(await page.locator('.inspector .kind').textContent()).toBe('After block 0, at the token');
    expect(await page.locator('.inspector li code').first().textContent()).toBe(await first.locator('code').textContent());
    await page.reload();
    await page.waitForSelector(`.lens td[data-cell="${cell}"][aria-selected=true]`);
    await page.goBack();
    await page.getByRole('tab', { name: 'One pair' }).click();
    await page.waitForSelector('.inspect-hint');
    expect(complaints).toEqual([]);
  });

  it('shows what a head reads, token by token, by keyboard and pointer', async () => {
    const { page, complaints } = await visit();
    await page.getByRole('tab', { name: 'Attention' }).click();
    await page.getByRole('textbox', { name: 'Text' }).fill('Once upon a time');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.attention-plot svg rect');
    const tokens = 'Once upon a time'.length; // a token a letter
    expect(await page.locator('.attention-plot tbody tr').count()).toBe(tokens);
    expect(await page.locator('.heads td').count()).toBe(layers * tinyConfig.num_attention_heads);
    const first = page.locator('.heads td[data-head="0.0"]');
    await first.click();
    await page.waitForSelector('.inspector .kind:has-text("Head 0.0")');
    await page.keyboard.press('ArrowDown');
    await page.waitForURL(/head=1\.0/);
    await page.waitForSelector('.attention-plot h2:has-text("In head 1.0")');
    expect(await page.locator('.heads td[aria-selected=true]').getAttribute('data-head')).toBe('1.0');
    await page.getByRole('slider', { name: 'Token' }).focus();
    await page.keyboard.press('Home');
    // The first token has nothing but itself to read.
    await page.waitForSelector('.attention-plot h2:has-text("“O” reads itself most: 100")');
    expect(await page.locator('.inspector li').count()).toBe(1);
    await page.reload();
    await page.waitForSelector('.attention-plot h2:has-text("In head 1.0 “O”")');
    expect(complaints).toEqual([]);
  });

  it('shows which components speak for an answer, and what hangs on them where prompts are named that replace the text’s', async () => {
    const { page, complaints } = await visit();
    await page.getByRole('tab', { name: 'Attribution' }).click();
    await page.getByRole('textbox', { name: 'Text' }).fill('Once upon a time');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.attribution-plot svg rect');
    const drawn = layers * (tinyConfig.num_attention_heads + 1);
    expect(await page.locator('.attribution-plot tbody tr').count()).toBeGreaterThan(drawn); // the embedding, too
    expect(await page.locator('.measures').count()).toBe(0);
    const first = page.locator('.part-details .alternatives button').first();
    expect(await page.locator('.part-details .chosen-part option:checked').textContent()).toBe(await first.textContent());
    await page.getByRole('combobox', { name: 'Component' }).selectOption('1.2');
    await page.waitForSelector('.part-details .kind:has-text("Head 1.2")');
    expect(new URL(page.url()).searchParams.get('part')).toBe('1.2');

    await page.getByRole('textbox', { name: 'Against' }).fill('z');
    await page.getByRole('textbox', { name: 'Replaced by' }).fill('Twice below');
    await page.waitForSelector('text=of the prompts before');
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForSelector('.measures');
    expect(await page.locator('.attribution-plot h2').textContent()).toMatch(/“z”; (most hangs on|nothing speaks for it)/);
    const effects = await page.locator('.part-details .figure').allTextContents();
    await page.getByRole('radio', { name: 'What each adds directly' }).check();
    await page.waitForURL(/by=logit/);
    expect(await page.locator('.part-details .figure').allTextContents()).not.toEqual(effects);
    await page.reload();
    await page.waitForSelector('.attribution-plot h2:has-text("“z”")');
    expect(await page.getByRole('radio', { name: 'What each adds directly' }).isChecked()).toBe(true);
    expect(await page.getByRole('textbox', { name: 'Replaced by' }).inputValue()).toBe('Twice below');
    await page.getByRole('textbox', { name: 'Replaced by' }).fill('Ence upon a time');
    await page.getByRole('textbox', { name: 'Read by' }).fill('1.0');
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForURL(/to=1\.0/);
    await page.getByRole('radio', { name: 'What is lost when replaced' }).check();
    await page.waitForSelector('.attribution-plot h2:has-text("as head 1.0 reads it"), .attribution-plot h2:has-text("nothing speaks for it")');
    await page.getByRole('combobox', { name: 'Component' }).selectOption('0.3');
    await page.getByRole('button', { name: 'What it reads in this text' }).click();
    await page.waitForSelector('.attention-plot h2:has-text("In head 0.3")');
    expect(complaints).toEqual([]);
  });

  it('maps the kinds of heads, and tells of one by pointer and keyboard', async () => {
    const { page, complaints } = await visit();
    await page.getByRole('tab', { name: 'Heads' }).click();
    await page.getByRole('spinbutton', { name: 'Seed' }).fill('3');
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForSelector('.head-map svg rect');
    expect(new URL(page.url()).searchParams.get('seed')).toBe('3');
    expect(await page.locator('.head-map').count()).toBe(4);
    for (const at of [0, 1, 2, 3]) expect(await page.locator('.head-map').nth(at).locator('tbody tr').count()).toBe(layers * tinyConfig.num_attention_heads);
    await page.locator('.head-map').first().locator('svg rect[data-head="1.1"]').click();
    await page.waitForURL(/head=1\.1/);
    expect(await heading(page)).toBe('1.1');
    await page.getByRole('combobox', { name: 'Head' }).selectOption('0.2');
    expect(await heading(page)).toBe('0.2');
    await page.reload();
    await page.waitForSelector('.score-details h2:has-text("0.2")');
    expect(complaints).toEqual([]);
  });

  it('says what is in the way, keeps what was typed, and tries again', async () => {
    const { page, complaints } = await visit();
    await source(page).fill('Kept');
    await target(page).fill('');
    expect(await page.getByRole('button', { name: 'Look inside' }).isDisabled()).toBe(true);
    await target(page).fill('word '.repeat(1000));
    await page.waitForSelector('text=too long');
    await target(page).fill('Kept, too');
    refusals = 1;
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForSelector('.trouble:has-text("one model at a time")');
    expect(await source(page).inputValue()).toBe('Kept');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('.pair-plot svg circle');
    await page.goto(`${made.url}/inspect?model=gone&source=a&target=b`);
    await page.waitForSelector('.trouble:has-text("lyceum models pull")');
    expect(complaints).toEqual([]);
  });

  it('says how a model comes where there is none', async () => {
    const { page, complaints } = await visit('/inspect', {}, bare);
    await page.waitForSelector('.no-model code:has-text("lyceum models pull")');
    expect(await auditPage(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it.each(looks)('is accessible and fits: $viewport.width $colorScheme', async (look) => {
    const { page, complaints } = await visit('/inspect', look);
    await page.waitForSelector('.inspect-hint');
    expect(await auditPage(page)).toEqual([]);
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForSelector('.pair-plot svg circle');
    expect(await auditPage(page)).toEqual([]);
    await page.getByRole('tab', { name: 'Logit lens' }).click();
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForSelector('.lens td');
    expect(await auditPage(page)).toEqual([]);
    await page.getByRole('tab', { name: 'Attention' }).click();
    await page.waitForSelector('.attention-plot svg rect');
    expect(await auditPage(page)).toEqual([]);
    await page.getByRole('tab', { name: 'Attribution' }).click();
    await page.getByRole('textbox', { name: 'Replaced by' }).fill('The capital of Spain is');
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForSelector('.measures');
    expect(await auditPage(page)).toEqual([]);
    await page.getByRole('tab', { name: 'Heads' }).click();
    await page.getByRole('button', { name: 'Look inside' }).click();
    await page.waitForSelector('.head-map svg rect');
    expect(await auditPage(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
