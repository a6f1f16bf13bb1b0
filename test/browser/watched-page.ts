import type { Browser, BrowserContext, Page } from 'playwright-core';

export interface WatchedPage {
  readonly page: Page;
  /** Every console error, script error and request that leaves the server, as they come. */
  readonly complaints: string[];
}

/** Opens a page of a server in a context of its own, which is added to `contexts`. Answers of 400 and above are no complaint. */
export const watchedPage = async (
  browser: Browser,
  { url, path, context = {}, contexts }: { url: string; path: string; context?: Parameters<Browser['newContext']>[0]; contexts: BrowserContext[] },
): Promise<WatchedPage> => {
  const own = await browser.newContext({ viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce', ...context });
  contexts.push(own);
  const page = await own.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && !/status of [45]\d\d/.test(message.text()) && complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => !request.url().startsWith(url) && !/^(blob|data):/.test(request.url()) && complaints.push(`request: ${request.url()}`));
  await page.goto(url + path);
  return { page, complaints };
};
