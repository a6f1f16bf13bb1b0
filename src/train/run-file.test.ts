import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../core/index.ts';
import { openEngine } from '../runtime/index.ts';
import { openRun } from './run-file.ts';
import { tinyRun } from './testing/tiny-run.ts';
import { train } from './train.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lyceum-run-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const root = fileURLToPath(new URL('../../', import.meta.url));
const config = { rate: 0.25, micro: 2, epochs: 3 };
const description = { kind: 'tiny', config, data: {}, seed: 3 };
const runIn = async (folder: string) => JSON.parse(await readFile(join(folder, 'run.json'), 'utf8'));

describe('run.json', () => {
  it('is enough to repeat a run: the metrics of another folder are the same bits', async () => {
    const [first, again] = [join(home, 'first'), join(home, 'again')];
    {
      await using engine = await openEngine({ threads: 2 });
      await openRun(first, description, engine.info);
      await train(tinyRun(engine, first, config));
    }
    // From here on everything comes from the file.
    const run = await runIn(first);
    await using engine = await openEngine({ threads: run.machine.threads, device: run.machine.device });
    await openRun(again, { kind: run.kind, config: run.config, data: run.data, seed: run.seed }, engine.info);
    await train({ ...tinyRun(engine, again, run.config), seed: run.seed });
    const metrics = await readFile(join(first, 'metrics.jsonl'), 'utf8');
    expect(metrics.trim().split('\n')).toHaveLength(12);
    expect(await readFile(join(again, 'metrics.jsonl'), 'utf8')).toBe(metrics);
    expect(await runIn(again)).toEqual(run);
    // The seed is part of it: with another one dropout falls elsewhere.
    const other = join(home, 'other');
    await train({ ...tinyRun(engine, other, run.config), seed: run.seed + 1 });
    expect(await readFile(join(other, 'metrics.jsonl'), 'utf8')).not.toBe(metrics);
  });

  it('says which versions and what machine computed it', async () => {
    await using engine = await openEngine({ threads: 1 });
    await openRun(home, description, engine.info);
    const { versions, machine } = await runIn(home);
    expect(versions.lyceum).toBe(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).version);
    expect(versions.node).toBe(process.versions.node);
    expect(versions.onnxruntime).toMatch(/^\d+\.\d+/);
    expect(machine).toEqual({ device: 'cpu', threads: 1, instructionSet: engine.info.instructionSet });
    const head = existsSync(join(root, '.git')) ? execFileSync('git', ['-C', root, 'rev-parse', 'HEAD'], { encoding: 'utf8' }) : undefined;
    expect(versions.commit?.replace('+', '')).toBe(head?.slice(0, 12));
  });

  it('notes once what goes on with it where that is not what began it', async () => {
    await using one = await openEngine({ threads: 1 });
    await using two = await openEngine({ threads: 2 });
    await openRun(home, description, one.info);
    const begun = await runIn(home);
    await openRun(home, description, one.info);
    expect(await runIn(home)).toEqual(begun);
    await openRun(home, description, two.info);
    await openRun(home, description, two.info);
    expect(await runIn(home)).toEqual({ ...begun, continued: [{ versions: begun.versions, machine: { ...begun.machine, threads: 2 } }] });
    await writeFile(join(home, 'run.json'), JSON.stringify({ ...begun, versions: { ...begun.versions, lyceum: '0.0.1' } }));
    await openRun(home, description, one.info);
    expect((await runIn(home)).continued).toEqual([{ versions: begun.versions, machine: begun.machine }]);
  });

  it('keeps another run out of its folder', async () => {
    await using engine = await openEngine({ threads: 1 });
    await openRun(home, description, engine.info);
    const before = await runIn(home);
    await expect(openRun(home, { ...description, seed: 4 }, engine.info)).rejects.toThrow(ConfigError);
    await expect(openRun(home, { ...description, config: { ...config, rate: 0 } }, engine.info)).rejects.toThrow(/begun there \(config/);
    expect(await runIn(home)).toEqual(before);
  });
});
