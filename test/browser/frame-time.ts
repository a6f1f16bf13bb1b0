import type { CDPSession, Page } from 'playwright-core';
import type { Store } from '../../src/knowledge/index.ts';
import type { PageWindow } from './page-world.ts';

declare const window: PageWindow;

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly tdur?: number;
  readonly dur?: number;
}
export interface FrameTimes {
  /** Frames in which script ran. */
  readonly frames: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** What starts script on the page's main thread; none of these nests in another. */
const entries = new Set(['FireAnimationFrame', 'EventDispatch', 'TimerFire', 'HandlePostMessage', 'RunMicrotasks', 'EvaluateScript', 'XHRReadyStateChange']);

async function traced(session: CDPSession, act: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: unknown[] }) => events.push(...(value as TraceEvent[]));
  session.on('Tracing.dataCollected', collect);
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline'] } });
  await act();
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.end');
  await complete;
  session.off('Tracing.dataCollected', collect);
  return events;
}

/** Script per frame in ms of processor time: what runs between one animation frame's beginning and the next. */
function perFrame(events: readonly TraceEvent[]): FrameTimes {
  // The page's main thread is the one whose animation frames fire.
  const first = events.find(({ name }) => name === 'FireAnimationFrame');
  const own = events.filter(({ pid, tid, ph, name }) => pid === first?.pid && tid === first.tid && ph === 'X' && entries.has(name)).sort((a, b) => a.ts - b.ts);
  const frames: number[] = [];
  let coveredUntil = 0;
  for (const event of own) {
    if (event.ts < coveredUntil) continue; // inside the one before
    coveredUntil = event.ts + (event.dur ?? 0);
    if (event.name === 'FireAnimationFrame' || frames.length === 0) frames.push(0);
    frames[frames.length - 1]! += (event.tdur ?? event.dur ?? 0) / 1000;
  }
  frames.sort((a, b) => a - b);
  const at = (share: number) => Math.round((frames[Math.min(frames.length - 1, Math.floor(share * frames.length))] ?? 0) * 100) / 100;
  return { frames: frames.length, median: at(0.5), p95: at(0.95), max: at(1) };
}

/** Measures the graph while it is arranged, moved, zoomed, pointed at and selected in. */
export async function frameScriptTimes(page: Page, store: Store): Promise<Record<string, FrameTimes>> {
  const session = await page.context().newCDPSession(page);
  const steps = async (count: number, step: (index: number) => Promise<void>) => {
    for (let index = 0; index < count; index++) {
      await step(index);
      await page.evaluate(() => new Promise((resolve) => window.requestAnimationFrame(resolve)));
    }
  };
  await page.waitForSelector('.stage .thin-progress');
  await page.waitForTimeout(2000);
  const arranging = perFrame(await traced(session, () => page.waitForTimeout(4000)));
  await page.waitForSelector('.stage[aria-busy=false]', { timeout: 180_000 });
  const box = (await page.locator('.picture').boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const pointing = perFrame(await traced(session, () => steps(24, (index) => page.mouse.move(x + 200 * Math.cos(index / 5), y + 150 * Math.sin(index / 7)))));
  await page.mouse.move(x, y);
  const zooming = perFrame(await traced(session, () => steps(24, (index) => page.mouse.wheel(0, index < 12 ? -60 : 60))));
  await page.mouse.down();
  const moving = perFrame(await traced(session, () => steps(24, (index) => page.mouse.move(x + 4 * index, y + 3 * Math.sin(index / 4) * index))));
  await page.mouse.up();
  const entities = await store.entities({ limit: 20 });
  const selecting = perFrame(
    await traced(session, () =>
      steps(6, async (index) => {
        await page.evaluate((id) => {
          window.history.pushState(null, '', `/?limit=10000&sel=entity:${id}`);
          window.dispatchEvent(new window.PopStateEvent('popstate'));
        }, entities[index]!.id);
        await page.waitForTimeout(100);
      }),
    ),
  );
  return { arranging, pointing, zooming, moving, selecting };
}
