import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { eventsOf, serveTinyModel } from './testing/served-tiny-model.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const seconds = Number(process.env['LYCEUM_SOAK_SECONDS'] ?? 20);

it(`16 clients that come and go for ${seconds} s leave no slot taken and no memory behind`, { timeout: (seconds + 120) * 1000 }, async () => {
  await using served = await serveTinyModel();
  const { serving } = served.server;
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed / 2 ** 32;
  };
  const counts = { answered: 0, left: 0, refused: 0 };
  const memory: { server: number; model: number }[] = [];
  const end = Date.now() + seconds * 1000;
  const client = async (): Promise<void> => {
    while (Date.now() < end) {
      const stream = random() < 0.5;
      const leaves = random() < 0.4;
      const signal = leaves ? AbortSignal.timeout(1 + Math.floor(random() * 60)) : undefined;
      const prompt = `Client ${Math.floor(random() * 40)} ${'says '.repeat(Math.floor(random() * 20))}`;
      const body = { model: 'tiny', prompt, max_tokens: 1 + Math.floor(random() * 60), n: 1 + Math.floor(random() * 2), stream };
      try {
        const answer = await served.post('/v1/completions', body, signal ? { signal } : {});
        if (stream && answer.ok) expect((await eventsOf(answer)).at(-1)).toBe('[DONE]');
        else await answer.json();
        counts[answer.ok ? 'answered' : 'refused']++;
      } catch (error) {
        if (!signal?.aborted) throw error;
        counts.left++;
      }
    }
  };
  const watch = async (): Promise<void> => {
    while (Date.now() < end) {
      await sleep(Math.min(1000, seconds * 50));
      const load = await serving.load();
      collect();
      memory.push({ server: process.memoryUsage().heapUsed, model: load!.memoryBytes });
    }
  };
  await Promise.all([watch(), ...Array.from({ length: 16 }, client)]);
  for (let i = 0; i < 500 && (serving.admission.open > 0 || (await serving.load())!.active > 0); i++) await sleep(20);
  const load = await serving.load();
  expect([serving.queue.active, serving.queue.waiting, serving.admission.open, load!.active, load!.waiting]).toEqual([0, 0, 0, 0, 0]);
  expect(counts.answered).toBeGreaterThan(10);
  expect(counts.left).toBeGreaterThan(0);
  const least = (from: number, to: number, of: 'server' | 'model') =>
    Math.min(...memory.slice(Math.floor(memory.length * from), Math.ceil(memory.length * to)).map((one) => one[of]));
  for (const of of ['server', 'model'] as const) {
    const [early, late] = [least(0.25, 0.5, of), least(0.75, 1, of)];
    console.error(`${of}: ${(early / 1e6).toFixed(0)} MB after the warm-up, ${(late / 1e6).toFixed(0)} MB at the end; ${JSON.stringify(counts)}`);
    expect(late).toBeLessThan(early * 1.15 + 20e6);
  }
});
