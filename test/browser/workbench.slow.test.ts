import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditViews } from './audit.ts';
import { buildPage, findChromium, launch } from './chromium.ts';
import { frameScriptTimes } from './frame-time.ts';
import { makeWorkspace } from './made-workspace.ts';
import { largeGraph, madeReadings } from './readings.ts';

const chromium = findChromium();
const looks = [
  { viewport: { width: 1280, height: 720 }, colorScheme: 'light' as const },
  { viewport: { width: 1280, height: 720 }, colorScheme: 'dark' as const },
  { viewport: { width: 390, height: 844 }, colorScheme: 'light' as const },
  { viewport: { width: 390, height: 844 }, colorScheme: 'dark' as const },
];
const frameBudgetMs = 8;

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
      ['/runs', '.single'],
      ['/settings', '.settings'],
    ]);
    expect(found).toEqual([]);
  });

  it('takes at most 8 ms of its own script a frame at 10 000 nodes', async () => {
    await using made = await makeWorkspace(madeReadings(30), {
      server: { webDir },
      graph: async (store) => largeGraph(10_000, await store.entities({ limit: 20 })),
    });
    await using context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    await page.goto(`${made.url}/?limit=10000`);
    await page.waitForSelector('.stage-note');
    expect(await page.locator('.stage-note').textContent()).toMatch(/^10.?000 of/);
    const times = await frameScriptTimes(page, made.store);
    console.log(JSON.stringify(times));
    for (const [what, { p95 }] of Object.entries(times)) expect(p95, what).toBeLessThanOrEqual(frameBudgetMs);
  });
});
