import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import type { PageDocument, PageWindow } from './page-world.ts';

declare const document: PageDocument;
declare const window: PageWindow;

interface Axe {
  run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Every serious finding of axe on the page as it stands, and whether it is wider than its window. */
export async function auditPage(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const wide =
      document.documentElement.scrollWidth > window.innerWidth ? [`wider than its window by ${document.documentElement.scrollWidth - window.innerWidth}`] : [];
    return [...serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`), ...wide];
  });
}

/** Opens each address, waits for what says it is ready, and audits it. */
export async function auditViews(page: Page, url: string, views: readonly (readonly [path: string, ready: string])[]): Promise<string[]> {
  const findings: string[] = [];
  for (const [path, ready] of views) {
    await page.goto(url + path);
    await page.waitForSelector(ready);
    findings.push(...(await auditPage(page)).map((finding) => `${path} ${finding}`));
  }
  return findings;
}
