import { rm } from 'node:fs/promises';
import type { CDPSession, Page } from 'playwright-core';
import { buildPage, findChromium, launch } from '../test/browser/chromium.ts';
import { type MadeWorkspace, makeWorkspace } from '../test/browser/made-workspace.ts';
import type { PageWindow } from '../test/browser/page-world.ts';
import { largeGraph, madeReadings } from '../test/browser/readings.ts';
import type { BenchOptions } from './harness.ts';
import { alone, log, type Row } from './reader/row.ts';

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
/** Script of one frame, in ms of processor time. */
type Frames = readonly number[];

const nodes = 10_000;
const targetMs = 8;
const layoutTimeoutMs = 180_000;

/** What starts script on the page's main thread. */
const entries = new Set([
  'FireAnimationFrame', 'EventDispatch', 'TimerFire', 'HandlePostMessage', 'RunMicrotasks', 'EvaluateScript', 'XHRReadyStateChange', 'v8.callFunction',
]); // biome-ignore format: one list, read at a glance

const rendering = 'AnimationFrame::Render';

/** How long the page's own script takes a frame at 10 000 nodes, arranged `runs` times, then pointed at, zoomed, moved and selected in. */
export async function pageBench({ runs = 8 }: BenchOptions): Promise<Row[]> {
  const path = findChromium();
  if (path === null) {
    log('page: skipped: no chromium on PATH or in CHROMIUM');
    return [];
  }
  const webDir = await buildPage();
  try {
    await using browser = await launch(path);
    await using made = await makeWorkspace(madeReadings(30), {
      server: { webDir },
      graph: async (store) => largeGraph(nodes, await store.entities({ limit: 20 })),
    });
    const frames: number[] = [];
    let handled: Record<string, Frames> = {};
    for (let run = 1; run <= runs; run++) {
      // A context of its own knows no positions from before, so everything is arranged.
      await using context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
      const page = await context.newPage();
      const session = await context.newCDPSession(page);
      const arranged = await arrange(page, session, made.url);
      log(`arranged ${run} of ${runs}: ${arranged.map((ms) => ms.toFixed(1)).join(' ')} ms`);
      frames.push(...arranged);
      if (run === runs) handled = await handle(page, session, made);
    }
    const { facts } = largeGraph(nodes, []);
    const size = `${nodes} nodes, ${facts.length} edges, Chromium ${browser.version()} drawing in software; target ${targetMs}`;
    return [rowOf('frame', frames, runs, `while arranging, ${size}`), ...Object.entries(handled).map(([what, each]) => rowOf(what, each, 1, size))];
  } finally {
    await rm(webDir, { recursive: true, force: true });
  }
}

function rowOf(what: string, frames: Frames, runs: number, about: string): Row {
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(100 * (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)) / 100;
  return {
    name: `page/${what}`,
    metric: 'time',
    unit: 'ms',
    ours: at(0.95),
    ...alone,
    runs,
    gate: what === 'frame',
    note: `95th percentile of own script a frame; median ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} of ${frames.length} frames; ${about}`,
  };
}

const nextFrame = (page: Page): Promise<unknown> => page.evaluate(() => new Promise((resolve) => window.requestAnimationFrame(resolve)));

/** Opens the graph and measures until it is arranged. */
async function arrange(page: Page, session: CDPSession, url: string): Promise<Frames> {
  await page.goto(`${url}/?limit=${nodes}`);
  await page.waitForSelector('.stage .thin-progress');
  const frames = await traced(session, async () => {
    // Asked seldom: every question is script too.
    for (const began = performance.now(); (await page.getAttribute('.stage', 'aria-busy')) !== 'false'; ) {
      if (performance.now() - began > layoutTimeoutMs) throw new Error(`page: expected the layout to end within ${layoutTimeoutMs / 1000} s`);
      await page.waitForTimeout(500);
    }
    await nextFrame(page); // shows the last positions
  });
  const shown = Number((await page.locator('.stage-note').textContent())?.split(' of ')[0]?.replace(/\D/g, ''));
  if (shown !== nodes) throw new Error(`page: expected ${nodes} nodes in the picture, got ${shown}`);
  return frames;
}

/** Measures the arranged graph while it is pointed at, zoomed, moved and selected in. */
async function handle(page: Page, session: CDPSession, { store }: MadeWorkspace): Promise<Record<string, Frames>> {
  const steps = async (count: number, step: (index: number) => Promise<void>) => {
    for (let index = 0; index < count; index++) {
      await step(index);
      await nextFrame(page);
    }
  };
  const box = (await page.locator('.picture').boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const pointing = await traced(session, () => steps(24, (index) => page.mouse.move(x + 200 * Math.cos(index / 5), y + 150 * Math.sin(index / 7))));
  await page.mouse.move(x, y);
  const zooming = await traced(session, () => steps(24, (index) => page.mouse.wheel(0, index < 12 ? -60 : 60)));
  await page.mouse.down();
  const moving = await traced(session, () => steps(24, (index) => page.mouse.move(x + 4 * index, y + 3 * Math.sin(index / 4) * index)));
  await page.mouse.up();
  const entities = await store.entities({ limit: 6 });
  const selecting = await traced(session, () =>
    steps(entities.length, async (index) => {
      await page.evaluate((address) => {
        window.history.pushState(null, '', address);
        window.dispatchEvent(new window.PopStateEvent('popstate'));
      }, `/?limit=${nodes}&sel=entity:${entities[index]!.id}`);
      await page.waitForTimeout(100);
    }),
  );
  return { pointing, zooming, moving, selecting };
}

/** The frames drawn during `act`. */
async function traced(session: CDPSession, act: () => Promise<void>): Promise<Frames> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: unknown[] }) => events.push(...(value as TraceEvent[]));
  session.on('Tracing.dataCollected', collect);
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline', 'v8'] } });
  await act();
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.end');
  await complete;
  session.off('Tracing.dataCollected', collect);
  return perFrame(events);
}

/** What runs from one rendering to the next: callbacks of the frame, then messages and events until the next. */
function perFrame(events: readonly TraceEvent[]): Frames {
  // The page's main thread is the one that renders.
  const first = events.find(({ name }) => name === rendering);
  if (!first) throw new Error(`page: expected the trace to hold ${rendering}, got ${events.length} events without one; use a newer Chromium`);
  const own = events.filter(
    ({ pid, tid, ph, name }) => pid === first.pid && tid === first.tid && (name === rendering ? ph === 'b' : ph === 'X' && entries.has(name)),
  );
  // Of two that begin at once, the longer holds the other.
  own.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const frames = [0];
  let coveredUntil = 0;
  for (const { name, ts, dur = 0, tdur = dur } of own) {
    if (name === rendering) frames.push(0);
    else if (ts >= coveredUntil) {
      coveredUntil = ts + dur;
      frames[frames.length - 1]! += tdur / 1000;
    }
  }
  return frames.filter((ms) => ms > 0);
}
