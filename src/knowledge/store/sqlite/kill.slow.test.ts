import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { exportJsonl } from '../../export/index.ts';
import { madeDecisions } from '../../testing/made-decisions.ts';
import { collect, numberedReading } from '../../testing/make-reading.ts';
import { openStore } from './store.ts';

const DOCUMENTS = 40;
const KILLS = Number(process.env.LYCEUM_KILLS ?? 200);

/** Starts the filling process and kills it −9 after some milliseconds; answers what it acknowledged before. */
async function fillAndKill(path: string, seed: number, afterMs: number): Promise<{ acknowledged: string[]; done: boolean }> {
  const child = fork(join(import.meta.dirname, '../../testing/fill-store.ts'), [path, String(seed), String(DOCUMENTS)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const acknowledged: string[] = [];
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // the clock starts with the first change, so that kills fall into the work and not into the start of the process
  const started = new Promise<void>((resolve) => {
    child.on('message', (id: string) => {
      acknowledged.push(id);
      resolve();
    });
  });
  await Promise.race([started, ended]);
  await Promise.race([sleep(afterMs), ended]);
  child.kill('SIGKILL');
  await ended;
  return { acknowledged: acknowledged.filter((id) => id !== 'done'), done: acknowledged.includes('done') };
}

test(`killed −9 at ${KILLS} random moments: opens, sound each time, every document and decision acknowledged there, and in the end the graph of a run never killed`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-kill-'));
  try {
    await using whole = await openStore(':memory:');
    await whole.addReadings(Array.from({ length: DOCUMENTS }, (_, number) => numberedReading(number)));
    const undecided = await collect(exportJsonl(whole));
    await whole.replay(madeDecisions);
    const [expected, log] = [await collect(exportJsonl(whole)), await whole.decisions()];
    expect(expected).not.toBe(undecided);
    let [kills, run] = [0, 0];
    while (kills < KILLS) {
      const path = join(folder, `${run}.sqlite`);
      const known = new Set<string>();
      for (let done = false; !done; ) {
        // longer and longer, so that every run comes to its end however slow the machine is
        const attempt = await fillAndKill(path, run, (known.size / 4 + 1) * 25 * Math.random());
        done = attempt.done;
        if (!done) kills++;
        for (const id of attempt.acknowledged) known.add(id);
        await using store = await openStore(path);
        const there = new Set((await store.documents()).map((document) => document.id));
        const decisions = await store.decisions();
        for (const { number } of decisions) there.add(`decision ${number}`);
        expect([...known].filter((id) => !there.has(id))).toEqual([]);
        expect(decisions.map(({ decision }) => decision)).toEqual(log.slice(0, decisions.length).map(({ decision }) => decision));
        expect(await store.check()).toEqual([]);
        if (done) expect(decisions).toEqual(log);
        if (done) expect(await collect(exportJsonl(store))).toBe(expected);
      }
      run++;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 3_600_000);
