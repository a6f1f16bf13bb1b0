import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { exportJsonl, type Reading } from '../../src/knowledge/index.ts';
import { collect } from '../../src/knowledge/testing/make-reading.ts';
import { loadFolder, splitDocument, toReading } from '../../src/read/index.ts';
import { auditViews } from './audit.ts';
import { buildPage, findChromium, launch } from './chromium.ts';
import { hostileReadings, payloads } from './hostile.ts';
import { type MadeWorkspace, makeWorkspace } from './made-workspace.ts';
import type { PageDocument, PageWindow } from './page-world.ts';
import { printedLines } from './printed-lines.ts';
import { madeReadings } from './readings.ts';

declare const document: PageDocument;
declare const window: PageWindow;

const chromium = findChromium();
vi.setConfig({ testTimeout: 180_000 });

const sizes = [
  { width: 1280, height: 720 },
  { width: 390, height: 844 },
] as const;

describe.skipIf(chromium === null)('workbench in Chromium (skipped: no chromium on PATH or in CHROMIUM)', () => {
  let browser: Browser;
  let webDir: string;
  const open: AsyncDisposable[] = [];
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    webDir = await buildPage();
    browser = await launch(chromium!);
  }, 120_000);
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    for (const workspace of open.splice(0)) await workspace[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await browser.close();
    await rm(webDir, { recursive: true, force: true });
  });

  async function workspaceOf(readings: readonly Reading[], options: Parameters<typeof makeWorkspace>[1] = {}): Promise<MadeWorkspace> {
    const made = await makeWorkspace(readings, { ...options, server: { webDir, ...options.server } });
    open.push(made);
    return made;
  }

  /** A page that notes every console error, script error and request that leaves the server. */
  async function visit(url: string, path = '/', context: Parameters<Browser['newContext']>[0] = {}): Promise<{ page: Page; complaints: string[] }> {
    const made = await browser.newContext({ viewport: sizes[0], reducedMotion: 'reduce', ...context });
    contexts.push(made);
    const page = await made.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => !request.url().startsWith(url) && !/^(blob|data):/.test(request.url()) && complaints.push(`request: ${request.url()}`));
    await page.goto(url + path);
    return { page, complaints };
  }
  const settled = (page: Page) => page.waitForSelector('.stage[aria-busy=false]', { timeout: 90_000 });

  it('leads from a search to the exact words, on the page and in the PDF, and back', async () => {
    const { url, store } = await workspaceOf(madeReadings(60, 0.1));
    const { page, complaints } = await visit(url);
    await settled(page);
    await page.keyboard.press('/');
    await page.keyboard.type('machine transl');
    await page.waitForSelector('.result .cut:text-is("machine translation")');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.inspector h2:text-is("machine translation")');
    expect(page.url()).toContain('sel=entity:');
    const paged = (await store.documents({ limit: 500 })).find(({ loader }) => loader === 'pdf/1')!;
    const [fact] = await store.facts({ document: paged.id, limit: 1, sources: 100 });
    const source = fact!.sources.find(({ document }) => document === paged.id)!;
    await page.goto(`${url}/?sel=fact:${encodeURIComponent(fact!.id)}`);
    await page
      .locator('.sentence', { hasText: paged.names[0]!.split('/').at(-1)! })
      .first()
      .click();
    await page.waitForSelector('.reader .here');
    expect((await page.locator('.reader .here').allTextContents()).join('')).toBe(source.text);
    await page.getByRole('tab', { name: 'Pages' }).click();
    await page.waitForSelector('.sheet .lit');
    expect(await page.locator('.sheet .lit').first().isVisible()).toBe(true);
    await page.goBack();
    await page.waitForSelector('.stage');
    expect(await page.locator('.inspector').isVisible()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['span-lattice', 'Unlike a conditional random field (CRF)', ['conditional random field', 'token'], [1]],
    ['span-lattice', 'Neural taggers combine', ['LSTM', 'CRF output layer'], [1]],
    ['accent-adapters', 'Fine-tuning of the full model', ['full model', 'adapters'], [1, 2]],
    ['accent-adapters', 'They could also be used', ['speech translation', 'speech recognition component'], [2]],
  ] as const)('lights on the page of %s.pdf what stands where the file has the words “%s…”', async (name, begins, names, pages) => {
    const path = new URL(`../../examples/papers/${name}.pdf`, import.meta.url).pathname;
    const [loaded] = await Array.fromAsync(loadFolder([path]));
    if (loaded?.type !== 'document') throw new Error(JSON.stringify(loaded));
    const sentences = splitDocument(loaded.document);
    const bare = toReading(loaded.document, sentences, { entities: [], relations: [], clusters: [] }, 'made/1');
    const sentence = bare.sentences.findIndex(({ start }) => bare.text.startsWith(begins, start));
    const { start, end } = bare.sentences[sentence]!;
    const mentions = names.map((words) => ({
      start: bare.text.indexOf(words, start),
      end: bare.text.indexOf(words, start) + words.length,
      kind: 'Method',
      score: 1,
    }));
    const { url, store } = await workspaceOf([{ ...bare, mentions, relations: [{ subject: 0, object: 1, label: 'COMPARE', score: 1, sentence }] }]);
    const [fact] = await store.facts({ limit: 1 });
    const { page, complaints } = await visit(url, `/?sel=fact:${encodeURIComponent(fact!.id)}`);
    await page.locator('.inspector .sentence').first().click();
    await page.getByRole('tab', { name: 'Pages' }).click();
    await page.waitForSelector('.sheet .lit');
    // a page has its size once it is drawn: A4, 595 × 842 points
    const heights = () =>
      page.locator('.sheet', { has: page.locator('.lit') }).evaluateAll((sheets) =>
        sheets.map((sheet) => {
          const { width, height } = sheet.getBoundingClientRect();
          return Math.round((595 / width) * height);
        }),
      );
    await expect.poll(heights).toEqual(pages.map(() => 842));
    const shown = (await page.locator('.pages').boundingBox())!;
    const first = async () => (await page.locator('.sheet .lit').first().boundingBox())!.y;
    await expect.poll(first).toBeLessThan(shown.y + shown.height);
    expect(await first()).toBeGreaterThanOrEqual(shown.y);
    const lit = await page.locator('.sheet .lit').evaluateAll((boxes) =>
      boxes.map((box) => {
        const sheet = box.closest('.sheet')!;
        const [on, { x, y, width, height }] = [sheet.getBoundingClientRect(), box.getBoundingClientRect()];
        const points = 595 / on.width;
        return { page: sheet.ariaLabel, left: (x - on.x) * points, right: (x - on.x + width) * points, top: (y - on.y) * points, height: height * points };
      }),
    );
    const printed = await printedLines(readFileSync(path), bare.text.slice(start, end));
    expect(printed.length).toBeGreaterThan(1);
    expect([...new Set(printed.map((line) => line.page))]).toEqual(pages);
    expect(lit.map((box) => box.page)).toEqual(printed.map((line) => `Page ${line.page}`));
    lit.forEach(({ left, right, top, height }, i) => {
      const line = printed[i]!;
      // a whole line stands where it is printed; inside one, letters are taken to be of equal width, which may be wrong by one
      expect(Math.abs(left - line.left)).toBeLessThan(i > 0 ? 1 : line.size);
      expect(Math.abs(right - line.right)).toBeLessThan(i < lit.length - 1 ? 1 : line.size);
      expect(top).toBeLessThan(line.baseline - 0.7 * line.size);
      expect(top + height).toBeGreaterThan(line.baseline);
      expect(height).toBeLessThan(1.5 * line.size);
    });
    expect(complaints).toEqual([]);
  });

  it('is worked by keyboard: lists, graph, keys', async () => {
    const { url } = await workspaceOf(madeReadings(40, 0.1));
    const { page, complaints } = await visit(url);
    await settled(page);
    await page.keyboard.press('e');
    await page.waitForSelector('#entities .row');
    await page.waitForFunction(() => document.activeElement?.id === 'entities');
    await page.keyboard.press('ArrowDown');
    const first = await page.locator('#entities .row.active .body').textContent();
    await page.waitForSelector(`.inspector h2:text-is("${first}")`);
    await page.locator('.picture').focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction((name) => document.querySelector('.inspector h2')?.textContent !== name, first);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.inspector', { state: 'detached' });
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open] >> text=Search');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('filters by kind and support, holds them in the address, and clicks on the graph select', async () => {
    const { url } = await workspaceOf(madeReadings(60, 0.1));
    const { page, complaints } = await visit(url);
    await settled(page);
    const note = () => page.locator('.stage-note').textContent();
    const before = await note();
    await page.getByRole('button', { name: /^Method/ }).click();
    await page.waitForFunction((text) => document.querySelector('.stage-note')?.textContent !== text, before);
    expect(page.url()).toContain('types=Method');
    await page.selectOption('.fact-filters select >> nth=1', '2');
    await page.waitForURL(/min=2/);
    await page.reload();
    await settled(page);
    expect(await page.getByRole('button', { name: /^Method/ }).getAttribute('aria-pressed')).toBe('true');
    expect(complaints).toEqual([]);
  });

  it('reviews merges: accept, take back, reject', async () => {
    const { url, store } = await workspaceOf(madeReadings(160, 0.1));
    const proposals = (await store.counts()).proposals;
    expect(proposals).toBeGreaterThan(1);
    const { page, complaints } = await visit(url, '/?view=merges');
    await page.waitForSelector('#merge-list li');
    await page.locator('#merge-list').focus();
    await page.keyboard.press('a');
    await page.waitForSelector('.toast >> text=are one');
    await expect.poll(async () => (await store.counts()).proposals).toBe(proposals - 1);
    await page.keyboard.press('z');
    await expect.poll(async () => (await store.counts()).proposals).toBe(proposals);
    await page
      .getByRole('button', { name: /^Apart/ })
      .first()
      .click();
    await expect.poll(async () => (await store.counts()).proposals).toBe(proposals - 1);
    await page.getByRole('tab', { name: 'Kept apart' }).click();
    await page.waitForSelector('#merge-list li');
    expect(complaints).toEqual([]);
  });

  it.each([
    ['accept', 'One', 'are one'],
    ['reject', 'Apart', 'stay apart'],
  ])('takes back an %s by the button of its word and by its key, and asks again', async (_action, name, said) => {
    const { url, store } = await workspaceOf(madeReadings(160, 0.1));
    const state = async () => [await store.merges({ limit: 500 }), await collect(exportJsonl(store))] as const;
    const [before, { proposals }] = [await state(), await store.counts()];
    const { page, complaints } = await visit(url, '/?view=merges');
    const first = () => page.locator('#merge-list li .names-line').first().textContent();
    await page.waitForSelector('#merge-list li');
    const pair = await first();
    const word = page.locator('.toast', { hasText: said });
    for (const takeBack of [() => word.getByRole('button', { name: 'Undo' }).click(), () => page.keyboard.press('z')]) {
      await page
        .getByRole('button', { name: new RegExp(`^${name}: `) })
        .first()
        .click();
      await word.waitFor();
      await expect.poll(first).not.toBe(pair);
      expect((await store.counts()).proposals).toBe(proposals - 1);
      await takeBack();
      await word.waitFor({ state: 'detached' });
      await expect.poll(first).toBe(pair);
      expect(await state()).toEqual(before);
    }
    await page.getByRole('tab', { name: 'Kept apart' }).click();
    await page.waitForSelector('.review .nothing');
    expect(complaints).toEqual([]);
  });

  it('draws the trends of one entity, chosen by name, and of two kinds, chosen by keyboard; the address holds both', async () => {
    const { url, store } = await workspaceOf(madeReadings(120));
    const { page, complaints } = await visit(url, '/?view=trends');
    const drawn = () => page.locator('.plot svg g[style*=pointer] text').allTextContents();
    /** The figures that the plot saves, without the names of their columns. */
    const saved = async () => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save CSV' }).click()]);
      return readFileSync((await download.path())!, 'utf8')
        .trimEnd()
        .split('\n')
        .slice(1);
    };
    const titled = (words: string) => page.waitForSelector(`.plot h2:text-matches("^${words}")`);

    await page.getByLabel('Entity', { exact: true }).fill('machine translation');
    await page.keyboard.press('Enter');
    await page.waitForURL(/of=/);
    await page.selectOption('select[aria-label=Relation]', '~USED-FOR');
    await titled('Machine translation uses ');
    const [entity] = await store.findEntities('machine translation');
    const uses = await store.trends({ entity: entity!.id, role: 'object', limit: 6 });
    const beginnings = (names: readonly string[]) => names.map((name) => expect.stringContaining(name.slice(0, 20)));
    expect(await drawn()).toEqual(beginnings(uses.map((line) => line.entity.name)));
    expect(await saved()).toEqual(
      uses.flatMap((line) =>
        line.points.map((at) => `machine translation,USED-FOR,object,${line.entity.name},${at.year},${at.documents},${at.of},${at.share}`),
      ),
    );

    await page.getByRole('tab', { name: 'One entity' }).focus();
    await page.keyboard.press('ArrowRight');
    await titled('A Method .* a Task');
    expect(await page.locator(':focus').getAttribute('aria-controls')).toBe('trends-panel');
    expect(await page.locator(':focus').textContent()).toBe('Kinds of entities');
    expect(await page.locator('#trends-panel').getAttribute('aria-label')).toBe('Kinds of entities');
    await page.keyboard.press('Tab');
    await page.keyboard.type('any Metric');
    await page.waitForURL(/subject=Metric/);
    await titled('A Metric evaluates a Task');
    const figures = (series: Awaited<ReturnType<typeof store.kindTrends>>, subject: string, object: string) =>
      series.flatMap((line) => line.points.map((at) => `${subject},${line.relation},${object},${at.year},${at.documents},${at.of},${at.share}`));
    expect(await drawn()).toEqual(beginnings(['evaluates']));
    expect(await saved()).toEqual(figures(await store.kindTrends({ subject: 'Metric', object: 'Task' }), 'Metric', 'Task'));

    await page.selectOption('select[aria-label="Kind of the subject"]', 'OtherScientificTerm');
    await titled('An Other term .* a Task');
    await page.selectOption('select[aria-label="Kind of the object"]', 'Method');
    await titled('An Other term is part of a Method');
    expect(await drawn()).toEqual(beginnings(['is part of']));
    await page.selectOption('select[aria-label="Kind of the object"]', 'Task');
    await titled('An Other term .* a Task');
    await page.selectOption('select[aria-label="Kind of the subject"]', 'Method');
    await titled('A Method .* a Task');
    const between = await store.kindTrends({ subject: 'Method', object: 'Task' });
    expect(between.length).toBeGreaterThan(0);
    expect(await drawn()).toHaveLength(between.length);
    await page.locator('.plot svg g[style*=pointer] text').first().click();
    await page.waitForURL(/relation=USED-FOR/);
    await page.reload();
    await titled('A Method is used for a Task');
    expect(await saved()).toEqual(figures(await store.kindTrends({ subject: 'Method', object: 'Task', relation: 'USED-FOR' }), 'Method', 'Task'));

    await page.selectOption('select[aria-label=Relation]', 'HYPONYM-OF');
    await page.waitForSelector('.nothing >> text=No dated document says that a Method is a kind of a Task. Years come from the documents');
    await page.getByRole('tab', { name: 'One entity' }).click();
    await titled('Machine translation uses ');
    await page.goBack();
    await page.waitForSelector('.nothing >> text=is a kind of a Task');
    expect(complaints).toEqual([]);
    await page.goto(`${url}/?view=trends&trends=kinds&subject=${'x'.repeat(101)}`);
    await page.waitForSelector('.trouble[role=alert] >> text=query.subject');
  });

  it('leads from a relation of two kinds to its facts in the graph', async () => {
    const { url } = await workspaceOf(madeReadings(40));
    const { page, complaints } = await visit(url, '/?view=trends&trends=kinds&subject=Metric&object=Task&relation=EVALUATE-FOR');
    await page.getByRole('button', { name: 'Show them in the graph' }).click();
    await settled(page);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toMatchObject({ types: 'Metric,Task', relations: 'EVALUATE-FOR' });
    expect(await page.getByRole('button', { name: /^Metric/ }).getAttribute('aria-pressed')).toBe('true');
    expect(complaints).toEqual([]);
  });

  it('shows reading as it goes, in every tab, and cancels', async () => {
    const { url, store } = await workspaceOf(madeReadings(20), { added: 30, paceMs: 150 });
    const { page, complaints } = await visit(url);
    const other = await visit(url, '/runs');
    await settled(page);
    await page.keyboard.press('r');
    await page.getByLabel('Path of a file or folder on this machine').fill('~/papers');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.reading >> text=of 30');
    await other.page.waitForSelector('.run .state.running');
    await page.locator('.reading >> text=Cancel').click();
    await other.page.waitForSelector('.run .state.cancelled');
    await page.waitForSelector('.reading', { state: 'detached' });
    const { documents } = await store.counts();
    await page.waitForSelector(`.side .badge:text-is("${documents}")`);
    expect([...complaints, ...other.complaints]).toEqual([]);
  });

  it('takes a document away only after the time to take that back', async () => {
    const { url, store } = await workspaceOf(madeReadings(6));
    const { page, complaints } = await visit(url);
    await page.locator('#documents .row').first().click();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.waitForFunction(() => document.querySelectorAll('#documents .row').length === 5);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForFunction(() => document.querySelectorAll('#documents .row').length === 6);
    expect((await store.counts()).documents).toBe(6);
    expect(complaints).toEqual([]);
  });

  it('teaches when empty, and reads the sample', async () => {
    const { url, readPaths } = await workspaceOf([], { added: 3, paceMs: 5 });
    const { page, complaints } = await visit(url);
    await page.getByRole('button', { name: 'or try the sample papers' }).click();
    await settled(page);
    expect(readPaths).toEqual([['examples/papers']]);
    expect(complaints).toEqual([]);
  });

  it('says when the server is gone and catches up when it is back', async () => {
    const first = await workspaceOf(madeReadings(5));
    const { page } = await visit(first.url);
    await settled(page);
    const port = Number(new URL(first.url).port);
    open.splice(open.indexOf(first), 1);
    await first[Symbol.asyncDispose]();
    await page.waitForSelector('.offline');
    expect(await page.locator('#documents .row').count()).toBe(5);
    await workspaceOf(madeReadings(9), { port });
    await page.waitForSelector('.offline', { state: 'detached' });
    await page.waitForFunction(() => document.querySelectorAll('#documents .row').length === 9);
  });

  it(`shows hostile text as text: ${payloads.length} payloads in every place a document reaches`, async () => {
    const { url, store } = await workspaceOf(hostileReadings());
    const { page, complaints } = await visit(url);
    await page.evaluate(() =>
      window.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.sample}`)),
    );
    await settled(page);
    const documents = await store.documents({ limit: 100 });
    const entities = await store.entities({ limit: 200 });
    const go = async (path: string, ready: string) => {
      await page.evaluate((to) => {
        window.history.pushState(null, '', to);
        window.dispatchEvent(new window.PopStateEvent('popstate'));
      }, path);
      await page.waitForSelector(ready);
    };
    for (const document of documents) {
      await go(`/?sel=document:${document.id}&view=document&doc=${document.id}`, '.reader .block');
      await go(`/?sel=document:${document.id}&view=document&doc=${document.id}&as=page`, '.sheet text');
    }
    for (const entity of entities.slice(0, 12)) await go(`/?sel=entity:${entity.id}`, '.inspector .sentence');
    for (const fact of await store.facts({ limit: 8 })) await go(`/?sel=fact:${encodeURIComponent(fact.id)}`, '.inspector .sentence');
    await go('/?view=merges', '.review');
    await go(`/?view=trends&of=${entities[0]!.id}`, '.trends');
    await page.fill('#search', '<img');
    await page.waitForTimeout(300);
    expect(await page.evaluate(() => window.pwned)).toBeUndefined();
    expect(await page.locator('main script, main iframe, main img, main object, main embed, main form[action], main a[href^="javascript"]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it.each([
    { viewport: sizes[0], colorScheme: 'light' as const },
    { viewport: sizes[1], colorScheme: 'dark' as const },
  ])('is accessible and fits: $viewport.width $colorScheme', async ({ viewport, colorScheme }) => {
    const { url, store } = await workspaceOf(madeReadings(12));
    const { page, complaints } = await visit(url, '/', { viewport, colorScheme });
    const [fact] = await store.facts({ limit: 1, sources: 1 });
    const views = [
      ['/', '.stage[aria-busy=false]'],
      [`/?sel=fact:${encodeURIComponent(fact!.id)}&view=document&doc=${fact!.sources[0]!.document}`, '.reader .block'],
      ['/?view=merges', '.review'],
      ['/?view=trends&trends=kinds', '.plot svg'],
    ] as const;
    expect(await auditViews(page, url, views)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('keeps its script small', () => {
    const scripts = readdirSync(join(webDir, 'assets')).filter((name) => name.endsWith('.js'));
    const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(webDir, 'assets', name))).length, 0);
    expect(bytes).toBeLessThan(100_000);
  });
});
