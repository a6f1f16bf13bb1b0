import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ownHome } from '../src/app/testing/own-home.ts';
import { openStore } from '../src/knowledge/index.ts';

const own = ownHome();
const program = new URL('../bin/lyceum.js', import.meta.url).pathname;
const options = () => ({ cwd: own.path, env: { ...process.env, NO_COLOR: '1' } });
const KILLS = 20;
const DOCUMENTS = 40;

const methods = ['a conditional random field', 'a hidden Markov model', 'beam search', 'a recurrent neural network', 'a support vector machine'];
const tasks = ['named entity recognition', 'machine translation', 'speech recognition', 'coreference resolution', 'dependency parsing', 'question answering'];
const sentence = (n: number): string =>
  `${methods[n % 5]!.replace(/^./, (first) => first.toUpperCase())} of kind ${n % 11} is used for ${tasks[n % 6]!}, and it is compared with ${methods[(n * 3 + 1) % 5]!} on a corpus of ${n} sentences.`;

/** Ids of the documents that are durable. */
async function documentsIn(dir: string): Promise<Set<string>> {
  const path = join(own.path, dir, 'knowledge.sqlite');
  if (!existsSync(path)) return new Set();
  await using store = await openStore(path, { mode: 'read' });
  expect(await store.check()).toEqual([]);
  return new Set((await store.documents({ limit: DOCUMENTS })).map(({ id }) => id));
}
async function countIn(dir: string): Promise<number> {
  try {
    await using store = await openStore(join(own.path, dir, 'knowledge.sqlite'), { mode: 'read' });
    return (await store.counts()).documents;
  } catch {
    return 0; // not there yet
  }
}
const anyOf = (group: number): boolean => {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
};

/** Gives the command and kills it −9, and it alone: at once after some milliseconds, or as soon as it has stored more documents. @returns whether it ended by itself */
async function readAndKill(dir: string, moment: { readonly afterMs: number } | { readonly more: true; readonly afterMs: number }): Promise<boolean> {
  // a process group of its own: whatever it starts can be found when it is gone
  const child = spawn(process.execPath, [program, 'read', 'papers', '--dir', dir, '--quiet'], { ...options(), detached: true, stdio: 'ignore' });
  const ended = once(child, 'exit').then(([status, signal]) => ({ status: status as number | null, signal: signal as NodeJS.Signals | null }));
  const over = ended.then(() => true);
  if ('more' in moment) for (const before = await countIn(dir); (await countIn(dir)) === before && !(await Promise.race([over, sleep(20)])); );
  await Promise.race([over, sleep(moment.afterMs)]);
  child.kill('SIGKILL');
  const { status, signal } = await ended;
  expect(signal ?? status).toBeOneOf(['SIGKILL', 0]);
  await expect.poll(() => anyOf(child.pid!), { timeout: 30_000 }).toBe(false);
  return status === 0;
}

it.skipIf(process.platform === 'win32')(
  `read, killed −9 at ${KILLS} random moments, leaves no process and a sound workspace, and goes on to the graph of a reading never killed`,
  async () => {
    mkdirSync(join(own.path, 'papers'));
    // so long that they are stored in several groups
    for (let n = 0; n < DOCUMENTS; n++)
      writeFileSync(join(own.path, 'papers', `${n}.txt`), Array.from({ length: 9 }, (_, i) => `${sentence(n * 7 + i * 13)}\n`).join(''));
    const exported = (dir: string): string => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'graph', 'export', '--dir', dir], { ...options(), encoding: 'utf8' });
      expect(status, stderr).toBe(0);
      return stdout;
    };
    const begun = performance.now();
    expect(await readAndKill('whole', { afterMs: 600_000 })).toBe(true);
    const wholeMs = performance.now() - begun;
    const expected = exported('whole');
    expect(expected.split('\n').length).toBeGreaterThan(20);
    let [kills, halfway] = [0, 0];
    for (let run = 0; kills < KILLS; run++) {
      const dir = `broken-${run}`;
      let before = new Set<string>();
      for (let done = false; !done; ) {
        const isTimed = kills % 2 === 0;
        // any moment of a reading, its start and its end too, or one between two groups; longer and longer, so that each comes to its end
        const afterMs = Math.random() * (isTimed ? wholeMs * (1 + kills / KILLS) : 500);
        done = await readAndKill(dir, isTimed ? { afterMs } : { more: true, afterMs });
        const after = await documentsIn(dir);
        expect([...before].filter((id) => !after.has(id))).toEqual([]);
        before = after;
        if (done) break;
        kills++;
        if (after.size > 0 && after.size < DOCUMENTS) halfway++;
      }
      expect(before.size).toBe(DOCUMENTS);
      expect(exported(dir)).toBe(expected);
      expect(readFileSync(join(own.path, dir, 'sources.json'), 'utf8')).toBe(readFileSync(join(own.path, 'whole', 'sources.json'), 'utf8'));
    }
    expect(halfway).toBeGreaterThan(0);
  },
  1_200_000,
);
