import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LanguageModel, openLanguageModelApart, type TextPiece } from '../../src/app/language-model/index.ts';
import type { LocalModels } from '../../src/app/server/index.ts';
import { writeTinyModel } from '../../src/app/testing/tiny-language-model.ts';
import { auditViews } from './audit.ts';
import { buildPage, findChromium, launch } from './chromium.ts';
import { type MadeWorkspace, makeWorkspace } from './made-workspace.ts';
import { madeReadings } from './readings.ts';

const chromium = findChromium();
const wide = { width: 1280, height: 720 };
const looks = [wide, { width: 390, height: 844 }].flatMap((viewport) => (['light', 'dark'] as const).map((colorScheme) => ({ viewport, colorScheme })));

describe.skipIf(chromium === null)('Chat page in Chromium (skipped: no chromium on PATH or in CHROMIUM)', () => {
  let browser: Browser;
  let webDir: string;
  let folder: string;
  const open: AsyncDisposable[] = [];
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    webDir = await buildPage();
    browser = await launch(chromium!);
    folder = await mkdtemp(join(tmpdir(), 'lyceum-chat-'));
    await writeTinyModel(join(folder, 'tiny-instruct'));
    await writeTinyModel(join(folder, 'tiny-text'), { template: false });
  }, 120_000);
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    for (const workspace of open.splice(0)) await workspace[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await browser.close();
    await rm(webDir, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  });

  /** The tiny models; with `paceMs` each piece of an answer waits for so long, so that there is an answer under way to be seen. */
  const tinyModels = (names: readonly string[], paceMs = 0): LocalModels => ({
    list: async () => ({
      models: names.map((name) => ({ name, sizeBytes: 50_000, licence: null, family: 'llama', parameters: 25_000, context: 256, generates: true })),
      available: [{ name: 'smollm2-135m-instruct', about: 'small chat model', sizeBytes: 98_362_432, licence: 'Apache-2.0' }],
    }),
    async open(name, { slots, signal }) {
      const model = await openLanguageModelApart(join(folder, name), { threads: 1, slots }, { signal });
      const paced: LanguageModel = {
        ...model,
        async generate(request, { signal: stop, onPiece } = {}) {
          const pieces: TextPiece[] = [];
          const result = await model.generate(request, { ...(stop && { signal: stop }), onPiece: (piece) => pieces.push(piece) });
          for (const piece of pieces) {
            await sleep(paceMs, undefined, stop && { signal: stop });
            onPiece?.(piece);
          }
          return result;
        },
      };
      return paceMs > 0 ? paced : model;
    },
  });

  async function serve(models: LocalModels): Promise<MadeWorkspace> {
    const made = await makeWorkspace(madeReadings(3), { server: { webDir, models } });
    open.push(made);
    return made;
  }

  /** The page, and every console error, script error and request that leaves the server. */
  async function visit(url: string, context: Parameters<Browser['newContext']>[0] = {}): Promise<{ page: Page; complaints: string[] }> {
    const made = await browser.newContext({ viewport: wide, reducedMotion: 'reduce', ...context });
    contexts.push(made);
    const page = await made.newPage();
    const complaints: string[] = [];
    // A refused request is told by the browser, too.
    page.on('console', (message) => message.type() === 'error' && !/status of [45]\d\d/.test(message.text()) && complaints.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('request', (request) => !request.url().startsWith(url) && !/^(blob|data):/.test(request.url()) && complaints.push(`request: ${request.url()}`));
    await page.goto(`${url}/chat`);
    return { page, complaints };
  }
  const ask = async (page: Page, text: string) => {
    await page.fill('#composer', text);
    await page.keyboard.press('Enter');
  };
  const answers = (page: Page, count: number) =>
    page
      .locator('.answer[aria-busy=false]')
      .nth(count - 1)
      .waitFor({ timeout: 60_000 });
  const settle = async (page: Page, maxTokens: number) => {
    await page.getByLabel('Max tokens').fill(String(maxTokens));
    await page.getByLabel('Seed').fill('7');
    await page.keyboard.press('Tab');
  };

  it('chooses a model, chats, and shows of each token its probability and the alternatives, by keyboard and pointer', async () => {
    const { url } = await serve(tinyModels(['tiny-text', 'tiny-instruct']));
    const { page, complaints } = await visit(url);
    await page.waitForSelector('h1:text-is("Ask tiny-instruct")');
    await settle(page, 30);
    await ask(page, 'Hi');
    await answers(page, 1);
    expect(await page.locator('.model-state').textContent()).toContain('loaded, f32');
    expect(await page.locator('.gauges').textContent()).toMatch(/[\d.]+.*to first.*\d+ MB.*of 256/s);
    expect(await page.locator('.answer .about').textContent()).toMatch(/^30 tokens · [\d.]+\/s · first .* · seed 7 · token limit$/);

    await page.locator('.tokens').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.waitForURL(/sel=token:[^.]+\.1$/);
    const second = page.locator('.tokens .token').nth(1);
    expect(await second.getAttribute('aria-selected')).toBe('true');
    expect(await page.locator('.tokens').getAttribute('aria-activedescendant')).toBe(await second.getAttribute('id'));
    // Some places are several tokens: on to one that is one.
    for (let steps = 0; (await page.locator('.alternatives').count()) > 1 && steps < 30; steps++) await page.keyboard.press('ArrowRight');
    const probability = (await page.locator('.tokens .chosen').getAttribute('aria-label'))!.replace(/^.*, /s, '');
    expect(await page.locator('.headline b').textContent()).toBe(probability);
    expect(await page.locator('.alternatives li:not(.rest)').count()).toBeGreaterThanOrEqual(8);
    expect(await page.locator('.alternatives .taken .share').textContent()).toBe(probability);
    const before = await page.locator('.headline').textContent();
    await page.locator('.tokens .token').nth(5).hover();
    await page.waitForSelector('.inspector .kind:text-matches("Token 6 of")');
    await page.mouse.move(5, 300);
    await page.waitForFunction((text) => document.querySelector('.headline')?.textContent === text, before);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => !location.search.includes('sel='));
    expect(complaints).toEqual([]);
  });

  it('keeps the conversation over a reload, saves it, clears it and takes that back', async () => {
    const { url } = await serve(tinyModels(['tiny-instruct']));
    const { page, complaints } = await visit(url);
    await settle(page, 12);
    await ask(page, 'Hi');
    await answers(page, 1);
    const text = await page.locator('.answer .tokens').textContent();
    await page.reload();
    await page.waitForSelector('.answer .tokens');
    expect(await page.locator('.answer .tokens').textContent()).toBe(text);
    expect(await page.getByLabel('Max tokens').inputValue()).toBe('12');
    await page.locator('.conversation').focus();
    await page.keyboard.press('p');
    await page.waitForSelector('.answer p.said');
    await page.keyboard.press('p');

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'JSON' }).click();
    const saved = JSON.parse(await readFile(await (await download).path(), 'utf8')) as {
      turns: { role: string; units?: { tokens: { top: unknown[] }[] }[] }[];
    };
    expect(saved.turns.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(saved.turns[1]!.units!.flatMap(({ tokens }) => tokens)).toHaveLength(12);
    expect(saved.turns[1]!.units![0]!.tokens[0]!.top).toHaveLength(8);

    await page.getByRole('button', { name: 'Clear' }).click();
    await page.waitForSelector('h1:text-is("Ask tiny-instruct")');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForSelector('.answer .tokens');
    expect(complaints).toEqual([]);
  });

  it('answers again with the same seed to the same words, and goes on from edited ones', async () => {
    const { url } = await serve(tinyModels(['tiny-instruct']));
    const { page, complaints } = await visit(url);
    await settle(page, 12);
    await ask(page, 'Hi');
    await answers(page, 1);
    const first = await page.locator('.answer .tokens').textContent();
    await ask(page, 'And?');
    await answers(page, 2);
    await page.getByRole('button', { name: 'Again' }).first().click();
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 2 && document.querySelector('.answer[aria-busy=false]'));
    expect(await page.locator('.answer .tokens').textContent()).toBe(first);
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Your message, to be changed').fill('Ho');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.question .said:text-is("Ho")');
    await answers(page, 1);
    expect(await page.locator('.answer .tokens').textContent()).not.toBe(first);
    expect(complaints).toEqual([]);
  });

  it('stops by Escape where one writes, and what came stays', async () => {
    const { url, server } = await serve(tinyModels(['tiny-instruct'], 60));
    const { page, complaints } = await visit(url);
    await settle(page, 100);
    await ask(page, 'Hi');
    await page.locator('.tokens .token').nth(3).waitFor();
    expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(true);
    await page.locator('#composer').focus();
    await page.keyboard.press('Escape');
    await page.waitForSelector('.answer .about:text-matches("stopped$")');
    const count = await page.locator('.tokens .token').count();
    expect(count).toBeGreaterThanOrEqual(4);
    expect(count).toBeLessThan(100);
    await expect.poll(async () => (await server.context.heldModel.state())?.busy).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('says in words what fails, keeps what was asked, and loads again what was released', async () => {
    const { url, server } = await serve(tinyModels(['tiny-instruct', 'gone']));
    const { page, complaints } = await visit(url);
    await page.getByLabel('Model', { exact: true }).selectOption('gone');
    await page.waitForSelector('.side .trouble:has-text("gone")');
    await page.getByLabel('Model', { exact: true }).selectOption('tiny-instruct');
    await page.waitForSelector('.model-state:has-text("loaded, f32")');
    await settle(page, 8);
    await ask(page, 'a'.repeat(300));
    await page.waitForSelector('.answer .trouble:has-text("longer than the model can hold")');
    expect(await page.locator('.question .said').textContent()).toHaveLength(300);
    await page.getByRole('button', { name: 'Clear' }).click();
    await server.context.heldModel.release();
    await page.waitForSelector('.model-state:has-text("not loaded")');
    await ask(page, 'Hi');
    await answers(page, 1);
    expect(await page.locator('.tokens .token').count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });

  it('continues a text where the model knows no turns', async () => {
    const { url } = await serve(tinyModels(['tiny-text']));
    const { page, complaints } = await visit(url);
    await page.getByRole('button', { name: 'Load', exact: true }).click();
    await page.waitForSelector('h1:text-is("Begin a text")');
    await settle(page, 8);
    await ask(page, 'Once');
    await answers(page, 1);
    expect(await page.locator('.tokens .token').count()).toBeGreaterThan(0);
    await page.locator('.tokens .token').first().click();
    expect(await page.locator('.alternatives li:not(.rest)').count()).toBeGreaterThanOrEqual(8);
    expect(complaints).toEqual([]);
  });

  it('teaches where there is no model', async () => {
    const { url } = await serve(tinyModels([]));
    const { page } = await visit(url);
    await page.waitForSelector('code:text-is("lyceum models pull smollm2-135m-instruct")');
    expect(await auditViews(page, url, [['/chat', '.no-model code']])).toEqual([]);
  });

  it.each(looks)('is accessible and fits: $viewport.width $colorScheme', async (look) => {
    const { url } = await serve(tinyModels(['tiny-instruct']));
    const { page, complaints } = await visit(url, look);
    await page.waitForSelector('#composer');
    expect(await auditViews(page, url, [['/chat', '.beginning']])).toEqual([]);
    await ask(page, 'Hi');
    await answers(page, 1);
    const id = (await page.locator('.tokens .token').first().getAttribute('id'))!.replace(/^token-(.*)-(\d+)$/, '$1.$2');
    await page.waitForTimeout(800);
    const found = await auditViews(page, url, [
      ['/chat', '.answer .tokens'],
      [`/chat?sel=token:${id}`, '.inspector .alternatives'],
    ]);
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
