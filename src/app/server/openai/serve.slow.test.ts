import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { writeTinyModel } from '../../testing/tiny-language-model.ts';
import { crowd, deafClients, restlessClient, type SoakOptions } from './testing/soak-clients.ts';

// LYCEUM_SOAK_SECONDS=600 LYCEUM_SOAK_MODEL=smollm2-135m-instruct is the soak of a release; without them a short one of a tiny model.
const seconds = Number(process.env['LYCEUM_SOAK_SECONDS'] ?? 20);
const model = process.env['LYCEUM_SOAK_MODEL'];
const flat = seconds >= 300 ? 0.05 : 0.2; // a short one is all warm-up
const stuckMs = 120_000; // an answer ends sooner

it(`a server with 16 clients that come and go for ${seconds} s, deaf ones and a crowd answers or refuses all, frees every slot and holds no more memory`, {
  timeout: (seconds + 600) * 1000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-soak-'));
  const program = fileURLToPath(new URL('../../../../bin/lyceum.js', import.meta.url));
  const name = model ?? (await writeTinyModel(join(folder, 'tiny')));
  const child = spawn(process.execPath, [program, 'serve', '--model', name, '--port', '0', '--quiet'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
    const greedy = async (): Promise<string> => {
      const body = { model: data[0]!.id, prompt: 'Once upon a time', max_tokens: 32, temperature: 0 };
      const answer = await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      return ((await answer.json()) as { choices: { text: string }[] }).choices[0]!.text;
    };
    const before = await greedy();
    const begunMs = performance.now();
    await greedy();
    let seed = 1;
    const random = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed / 2 ** 32;
    };
    const counts = { answered: 0, refused: 0, left: 0, again: 0 };
    const options: SoakOptions = { url, model: data[0]!.id, stayMs: Math.ceil(4 * (performance.now() - begunMs)), random, counts };

    const memory: { server: number; model: number }[] = [];
    const start = Date.now();
    const end = start + seconds * 1000;
    const watch = async (): Promise<void> => {
      for (; Date.now() < end; await sleep(Math.min(1000, seconds * 25))) {
        const figures = await figuresOf(url);
        const resident = (process: string): number => figures.get(`lyceum_resident_memory_bytes{process="${process}"}`)!;
        memory.push({ server: resident('server'), model: resident('model') });
      }
    };
    // The crowd comes early: what it leaves behind is there when memory is first looked at.
    const late = sleep(seconds * 100).then(() => crowd(options));
    const [deaf] = await Promise.all([
      deafClients(options, seconds * 50, end),
      late,
      watch(),
      ...Array.from({ length: 16 }, (_, i) => restlessClient(options, `client ${i}`, end)),
    ]);
    using _ = deaf;

    // What is still asked for is answered, however long it takes; where no answer ends any more, a slot is lost.
    const busy = ['lyceum_queue_length{queue="generate"}', 'lyceum_slots_active', 'lyceum_sequences_active'];
    const answers = (figures: ReadonlyMap<string, number>): number =>
      [...figures].reduce((sum, [figure, value]) => sum + (figure.startsWith('lyceum_answers_total') ? value : 0), 0);
    let last = await figuresOf(url);
    const isBusy = (): boolean => busy.some((figure) => last.get(figure) !== 0) || last.get('lyceum_requests_open') !== 1; // this one
    for (let [movedMs, ended] = [Date.now(), 0]; isBusy() && Date.now() < movedMs + stuckMs; last = await figuresOf(url)) {
      if (answers(last) !== ended) [movedMs, ended] = [Date.now(), answers(last)];
      await sleep(100);
    }
    expect([...busy, 'lyceum_requests_open'].map((figure) => last.get(figure))).toEqual([0, 0, 0, 1]);
    expect(await greedy()).toBe(before);
    expect(counts.answered).toBeGreaterThan(10);
    expect(counts.left).toBeGreaterThan(0);
    expect(counts.answered + counts.refused).toBeGreaterThan(1000);
    expect(counts.again).toBeLessThan(1 + (counts.answered + counts.refused) / 100);
    const part = (of: 'server' | 'model', from: number, to: number): number =>
      middle(memory.slice(Math.floor(memory.length * from), Math.ceil(memory.length * to)).map((one) => one[of]));
    for (const of of ['server', 'model'] as const) {
      const [early, later] = [part(of, 0.25, 0.5), part(of, 0.75, 1)];
      console.error(`${of}: ${(early / 1e6).toFixed(1)} MB after the warm-up, ${(later / 1e6).toFixed(1)} MB at the end; ${JSON.stringify(counts)}`);
      expect(early).toBeGreaterThan(0);
      expect.soft(Math.abs(later / early - 1), of).toBeLessThan(flat);
    }
  } finally {
    const ended = child.exitCode === null && once(child, 'close');
    child.kill();
    await ended;
    await rm(folder, { recursive: true });
  }
});

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** What `/metrics` says. */
const figuresOf = async (url: string): Promise<Map<string, number>> => {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
};
