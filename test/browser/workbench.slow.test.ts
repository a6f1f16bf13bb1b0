import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditViews } from './audit.ts';
import { buildPage, findChromium, launch } from './chromium.ts';
import { makeWorkspace } from './made-workspace.ts';
import { largeGraph, madeReadings } from './readings.ts';

const chromium = findChromium();
const looks = [
  { viewport: { width: 1280, height: 720 }, colorScheme: 'light' as const },
  { viewport: { width: 1280, height: 720 }, colorScheme: 'dark' as const },
  { viewport: { width: 390, height: 844 }, colorScheme: 'light' as const },
  { viewport: { width: 390, height: 844 }, colorScheme: 'dark' as const },
];

/** What a page counts of itself: frames drawn, and messages from its workers. */
interface Counts {
  frames: number;
  messages: number;
}
declare global {
  var counts: Counts;
}

/** Runs in the page before its own script. */
function count(): void {
  globalThis.counts = { frames: 0, messages: 0 };
  const frame = () => {
    globalThis.counts.frames += 1;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  globalThis.Worker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      this.addEventListener('message', () => {
        globalThis.counts.messages += 1;
      });
    }
  };
}

/** How many colours a picture of `selector` has. */
async function coloursOf(page: Page, selector: string): Promise<number> {
  const picture = (await page.locator(selector).screenshot()).toString('base64');
  const reader = await page.context().newPage();
  const colours = await reader.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
    pen.drawImage(bitmap, 0, 0);
    return new Set(new Uint32Array(pen.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size;
  }, picture);
  await reader.close();
  return colours;
}

describe.skipIf(chromium === null)('workbench in Chromium, at length (skipped: no chromium on PATH or in CHROMIUM)', () => {
  let browser: Browser;
  let webDir: string;
  beforeAll(async () => {
    webDir = await buildPage();
    browser = await launch(chromium!);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await rm(webDir, { recursive: true, force: true });
  });

  it.each(looks)('has no serious finding of axe on any view: $viewport.width $colorScheme', async (look) => {
    await using made = await makeWorkspace(madeReadings(60, 0.1), { server: { webDir } });
    const { url, store } = made;
    await using context = await browser.newContext({ ...look, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const entity = (await store.entities({ limit: 1 }))[0]!;
    const fact = (await store.facts({ limit: 1 }))[0]!;
    const document = (await store.documents({ limit: 200 })).find(({ loader }) => loader === 'pdf/1')!;
    const found = await auditViews(page, url, [
      ['/', '.stage[aria-busy=false]'],
      [`/?sel=entity:${entity.id}&list=entities`, '.inspector .sentence'],
      [`/?sel=fact:${encodeURIComponent(fact.id)}`, '.inspector .sentence'],
      [`/?sel=document:${document.id}&view=document&doc=${document.id}`, '.reader .block'],
      [`/?view=document&doc=${document.id}&as=page`, '.sheet'],
      ['/?view=merges', '.review'],
      ['/?view=trends', '.plot svg'],
      ['/?view=trends&trends=kinds&subject=OtherScientificTerm', '.plot svg'],
      ['/runs', '.single'],
      ['/settings', '.settings'],
    ]);
    expect(found).toEqual([]);
  });

  // How long a frame takes is the bench's to say: `npm run bench -- page`.
  it('arranges 10 000 nodes in a worker that sends no more than the page draws', async () => {
    await using made = await makeWorkspace(madeReadings(30), {
      server: { webDir },
      graph: async (store) => largeGraph(10_000, await store.entities({ limit: 20 })),
    });
    await using context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    await page.addInitScript(count);
    await page.goto(`${made.url}/?limit=10000`);
    await page.waitForSelector('.stage .thin-progress');
    expect(await page.locator('.stage-note').textContent()).toMatch(/^10.?000 of/);
    await expect.poll(() => page.workers().map((worker) => worker.url())).toEqual([expect.stringContaining('layout-worker')]);
    const before = await page.evaluate(() => globalThis.counts.frames);
    await page.waitForSelector('.stage[aria-busy=false]', { timeout: 180_000 });
    const { frames, messages } = await page.evaluate(() => globalThis.counts);
    expect(frames).toBeGreaterThan(before);
    expect(messages).toBeGreaterThan(1);
    // One more may come before the first frame, and the last waits for none.
    expect(messages).toBeLessThanOrEqual(frames + 2);
    await expect.poll(() => page.workers()).toEqual([]);

    await page.waitForFunction(() => {
      const words = document.querySelector<HTMLCanvasElement>('.words')!;
      return words
        .getContext('2d')!
        .getImageData(0, 0, words.width, words.height)
        .data.some((value) => value > 0);
    });
    await page.evaluate(() => {
      document.querySelector<HTMLElement>('.words')!.style.visibility = 'hidden';
    });
    expect(await coloursOf(page, '.picture')).toBeGreaterThan(100);
  });
});
