import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-open-'));
const lyceum = (...args: string[]) =>
  spawn(process.execPath, [join(root, 'bin/lyceum.js'), ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the open workbench keeps no other command from writing, and shows what it wrote', async () => {
  mkdirSync(join(folder, 'papers'));
  writeFileSync(join(folder, 'papers', 'a.txt'), 'Parsing uses neural networks.');
  const open = lyceum('open', '--no-browser', '--quiet', '--port', '0');
  try {
    const url = String((await once(open.stdout, 'data'))[0]).trim();
    const counts = async () => ((await (await fetch(`${url}/api/workspace`)).json()) as { counts: { documents: number } }).counts;
    expect(await counts()).toMatchObject({ documents: 0 });
    const [status] = await once(lyceum('read', 'papers', '--quiet'), 'exit');
    expect(status).toBe(0);
    expect(await counts()).toMatchObject({ documents: 1 });
  } finally {
    open.kill('SIGINT');
    expect(await once(open, 'exit')).toEqual([0, null]);
  }
});
