import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { uniformAt } from '../../generate/random.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';

const own = ownHome();
const child = fileURLToPath(new URL('testing/run-child.ts', import.meta.url));

interface Kill {
  /** As soon as so many steps were trained. */
  readonly steps?: number;
  /** As soon as so much was said of anything. */
  readonly lines?: number;
}

/** Runs until the end, or kills without warning: while it measures, trains, writes a checkpoint or the adapter. */
const run = (folder: string, from: string | undefined, { steps = Number.POSITIVE_INFINITY, lines = Number.POSITIVE_INFINITY }: Kill): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const started = spawn(process.execPath, [child, join(own.path, 'tiny'), join(own.path, 'data.jsonl'), folder, ...(from ? [from] : [])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    started.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split('training ').length - 1 >= steps || said.split('\n').length - 1 >= lines) started.kill('SIGKILL');
    });
    started.on('error', reject);
    started.on('exit', resolve);
  });

beforeAll(async () => {
  await writeTinyModel(join(own.path, 'tiny'));
  const samples = Array.from({ length: 30 }, (_, n) => ({ kind: n % 2 ? 'a' : 'b', instruction: `What is item ${n}?`, output: `It is ${n * n}.` }));
  await writeFile(join(own.path, 'data.jsonl'), samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
});

it.each([
  ['from the beginning', 'one', undefined],
  ['from another one', 'other', 'whole one'],
])(
  'a run %s that is killed at random moments goes on to metrics, adapter and result of a run never killed',
  async (_where, name, first) => {
    const [whole, broken] = [join(own.path, `whole ${name}`), join(own.path, `broken ${name}`)];
    const from = first && join(own.path, first);
    expect(await run(whole, from, {})).toBe(0);
    const random = (n: number, most: number): number => 1 + Math.floor(uniformAt(7, n) * most);
    // While it measures before, at steps and between their checkpoints, and while it measures after.
    const kills: Kill[] = [
      ...[0, 1].map((n) => ({ lines: random(n, 250) })),
      ...[2, 3, 4, 5, 6].map((n) => ({ steps: random(n, 7) })),
      ...[7, 8].map((n) => ({ lines: random(n, 100) })),
    ];
    for (const kill of kills) expect(await run(broken, from, kill)).toBe(null);
    expect(await run(broken, from, {})).toBe(0);
    const texts = (name: string) => Promise.all([whole, broken].map((folder) => readFile(join(folder, name))));
    for (const name of ['metrics.jsonl', 'before.json', 'after.json', join('adapter', 'adapter_model.safetensors')]) {
      const [a, b] = await texts(name);
      expect(b!.equals(a!), name).toBe(true);
    }
    const [a, b] = (await texts('result.json')).map((text) => JSON.parse(text.toString()) as Record<string, unknown>);
    const { seconds: _, peakMemoryBytes: __, price: ___, name: ____, ...measured } = a!;
    expect(b).toMatchObject(measured);
    expect(Number(b!['seconds'])).toBeGreaterThan(0);
  },
  600_000,
);
