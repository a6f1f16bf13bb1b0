import { spawn, spawnSync } from 'node:child_process';
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

it('a workspace that cannot be written is opened for looking', async ({ skip }) => {
  const place = join(folder, 'frozen');
  mkdirSync(place);
  if (process.platform !== 'linux' || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', place]).status !== 0)
    skip('mounting a file system needs root');
  try {
    writeFileSync(join(folder, 'empty.txt'), '');
    await once(lyceum('read', 'empty.txt', '--quiet', '--dir', 'frozen/w'), 'exit');
    spawnSync('mount', ['-o', 'remount,ro', place]);
    const open = lyceum('open', '--no-browser', '--quiet', '--port', '0', '--dir', 'frozen/w');
    try {
      const url = String((await once(open.stdout, 'data'))[0]).trim();
      expect(await (await fetch(`${url}/api/workspace`)).json()).toMatchObject({ readOnly: true, counts: { documents: 0 } });
      const answer = await fetch(`${url}/api/read`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"paths":["empty.txt"]}' });
      expect([answer.status, await answer.json()]).toMatchObject([409, { error: { code: 'READ_ONLY' } }]);
    } finally {
      open.kill('SIGINT');
      await once(open, 'exit');
    }
  } finally {
    spawnSync('umount', [place]);
  }
});
