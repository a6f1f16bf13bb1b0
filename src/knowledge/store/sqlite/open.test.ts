import { execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportJsonl } from '../../export/index.ts';
import { collect, makeReading } from '../../testing/make-reading.ts';
import type { Store } from '../contract.ts';
import { connect, isSoundSqlite, sqliteVersion } from './open.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { openStore } from './store.ts';

const reading = (n: number) =>
  makeReading([['Paper', `${n}:`, [`method ${n}`, 'Method'], 'for', ['parsing', 'Task']]], [[0, 'USED-FOR', 1]], [], { names: [`${n}.txt`] });
const exported = (store: Store): Promise<string> => collect(exportJsonl(store));

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-open-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const fresh = async (): Promise<string> => {
  const place = join(folder, String(count++));
  await mkdir(place);
  return join(place, 'knowledge.sqlite');
};

/** Another process that opens the file for writing and holds it. */
async function holder(path: string) {
  const child = fork(join(import.meta.dirname, '../../testing/hold-store.ts'), [path], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [message] = (await once(child, 'message')) as [string];
  expect(message).toBe('open');
  return child;
}

test.each([
  ['3.40.1', false], ['3.44.5', false], ['3.44.6', true], ['3.45.0', false], ['3.50.6', false], ['3.50.7', true], ['3.51.2', false],
  ['3.51.3', true], ['3.52.0', false], ['3.52.1', true], ['3.53.4', true], ['4.0.0', true],
])('SQLite %s is sound: %s', (version, sound) => {
  expect(isSoundSqlite(version)).toBe(sound);
}); // biome-ignore format: a table

test('the library at hand is sound, and connections are defensive', async () => {
  expect(sqliteVersion().sound).toBe(true);
  const connection = await connect(await fresh(), {});
  const pragma = (name: string): unknown => Object.values(connection.sql.get<object>(`PRAGMA ${name}`)!)[0];
  expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys'), pragma('trusted_schema')]).toEqual(['wal', 2, 1, 0]);
  expect(() => connection.sql.run("UPDATE sqlite_schema SET sql = 'x'")).toThrow();
  connection.close();
});

test('a second writer fails at once and names the first; readers read; the lock dies with its holder', async () => {
  const path = await fresh();
  const child = await holder(path);
  await expect(openStore(path)).rejects.toMatchObject({ code: 'BUSY', pid: child.pid, message: expect.stringContaining(String(child.pid)) });
  await using reader = await openStore(path, { mode: 'read' });
  expect(await reader.counts()).toMatchObject({ documents: 0 });
  await expect(reader.addReading(reading(1))).rejects.toMatchObject({ code: 'READ_ONLY' });
  const stamp = await reader.stamp();
  expect(await reader.stamp()).toBe(stamp);
  child.send(reading(1));
  await once(child, 'message');
  expect(await reader.stamp()).not.toBe(stamp);
  expect(await reader.counts()).toMatchObject({ documents: 1 });
  const waiting = openStore(path, { wait: true });
  child.kill('SIGKILL');
  await using writer = await waiting;
  expect(await writer.addReading(reading(2))).toMatchObject({ status: 'added' });
  expect(await reader.counts()).toMatchObject({ documents: 2 });
});

test('waiting for the writer can be called off', async () => {
  const path = await fresh();
  await using _first = await openStore(path);
  await expect(openStore(path, { wait: true, signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout|abort/i);
});

test('an export shows one moment, whatever is written meanwhile', async () => {
  await using store = await openStore(await fresh());
  await store.addReading(reading(1));
  const before = await exported(store);
  const lines = store.export()[Symbol.asyncIterator]();
  const first = await lines.next();
  await store.addReading(reading(2));
  const rest: unknown[] = [first.value];
  for (let line = await lines.next(); !line.done; line = await lines.next()) rest.push(line.value);
  expect(rest.map((line) => `${JSON.stringify(line)}\n`).join('')).toBe(before);
});

test('a file that is no workspace is refused and left as it was', async () => {
  const path = await fresh();
  await expect(openStore(path, { mode: 'read' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  for (const bytes of [Buffer.from('Dear diary, this is no database.\n'.repeat(300)), Buffer.alloc(4096, 7)]) {
    await writeFile(path, bytes);
    for (const mode of ['read', 'write'] as const)
      await expect(openStore(path, { mode })).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining('nothing was overwritten') });
    expect(await readFile(path)).toEqual(bytes);
  }
  await rm(path);
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE notes (text)');
  other.close();
  const bytes = await readFile(path);
  await expect(openStore(path)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining("another program's") });
  expect(await readFile(path)).toEqual(bytes);
});

test('a damaged workspace is told, with what to do, and never overwritten', async () => {
  const path = await fresh();
  {
    await using store = await openStore(path);
    await store.addReadings(Array.from({ length: 60 }, (_, n) => reading(n)));
  }
  const size = (await stat(path)).size;
  const cut = `${path}.cut`;
  await copyFile(path, cut);
  await truncate(cut, Math.floor(size / 2));
  const torn = `${path}.torn`;
  await copyFile(path, torn);
  const handle = await open(torn, 'r+');
  for (let at = 8192; at < size; at += 4096) await handle.write(Buffer.alloc(2048, 0xa5), 0, 2048, at);
  await handle.close();
  for (const file of [cut, torn]) {
    const before = (await stat(file)).size;
    const use = async (): Promise<void> => {
      await using store = await openStore(file);
      await store.counts();
      await exported(store);
      await store.addReading(reading(100));
    };
    await expect(use()).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringMatching(/backup/) });
    expect((await stat(file)).size).toBe(before);
  }
});

test('a newer schema is refused; an older one is migrated after a backup copy', async () => {
  const path = await fresh();
  {
    await using store = await openStore(path);
    await store.addReading(reading(1));
  }
  const migrations = { [SCHEMA_VERSION]: (sql: { run(text: string): unknown }) => sql.run('ALTER TABLE writer ADD COLUMN host TEXT') };
  const broken = { [SCHEMA_VERSION]: (sql: { run(text: string): unknown }) => sql.run('ALTER TABLE nothing ADD COLUMN host TEXT') };
  await expect(connect(path, {}, SCHEMA_VERSION + 1, broken)).rejects.toThrow(/nothing/);
  (await connect(path, {}, SCHEMA_VERSION + 1, migrations)).close();
  const copy = `${path}.version-${SCHEMA_VERSION}.backup`;
  await using old = await openStore(copy, { mode: 'read' });
  expect(await old.counts()).toMatchObject({ documents: 1 });
  for (const mode of ['read', 'write'] as const)
    await expect(openStore(path, { mode })).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('newer') });
  const again = await connect(path, {}, SCHEMA_VERSION + 1, migrations);
  expect(again.sql.get('SELECT count(*) AS n FROM document')).toEqual({ n: 1 });
  again.close();
});

test('a backup is one whole file that equals the store, taken while it is being written', async () => {
  const path = await fresh();
  await using store = await openStore(path);
  await store.addReadings([reading(1), reading(2)]);
  const target = join(await fresh(), '..', 'copy.sqlite');
  await store.backup(target);
  await using copy = await openStore(target, { mode: 'read' });
  expect(await exported(copy)).toBe(await exported(store));
  expect((await readdir(join(target, '..'))).filter((name) => name.includes('partial'))).toEqual([]);
  await expect(store.backup(join(folder, 'no', 'such', 'folder', 'x'))).rejects.toMatchObject({ code: 'STORAGE' });
  await store.rebuild();
  expect(await exported(copy)).toBe(await exported(store));
  expect(await store.check()).toEqual([]);
});

test('a full disk is told, loses nothing acknowledged, and writing goes on when there is room', async (context) => {
  const place = join(folder, 'full');
  await mkdir(place);
  if (process.platform !== 'linux' || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=900k', 'tmpfs', place]).status !== 0)
    context.skip('mounting a small file system needs root');
  try {
    const path = join(place, 'knowledge.sqlite');
    const acknowledged: string[] = [];
    {
      await using store = await openStore(path);
      const fill = async (): Promise<void> => {
        for (let n = 0; n < 2000; n++) {
          await store.addReading(reading(n));
          acknowledged.push(reading(n).id);
        }
      };
      await expect(fill()).rejects.toMatchObject({ code: 'STORAGE', message: expect.stringContaining('disk is full') });
      expect((await store.documents()).map((document) => document.id).sort()).toEqual(acknowledged.slice().sort());
      execFileSync('mount', ['-o', 'remount,size=20m', place]);
      await store.addReading(reading(5000));
    }
    await using store = await openStore(path, { mode: 'read' });
    expect((await store.documents()).map((document) => document.id).sort()).toEqual([...acknowledged, reading(5000).id].sort());
    expect(await store.check()).toEqual([]);
  } finally {
    execFileSync('umount', [place]);
  }
});

test('a workspace on a file system that cannot be written is read, and writing is refused', async (context) => {
  const place = join(folder, 'frozen');
  await mkdir(place);
  if (process.platform !== 'linux' || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', place]).status !== 0)
    context.skip('mounting a file system needs root');
  try {
    const path = join(place, 'knowledge.sqlite');
    {
      await using store = await openStore(path);
      await store.addReading(reading(1));
    }
    execFileSync('mount', ['-o', 'remount,ro', place]);
    {
      await using store = await openStore(path, { mode: 'read' });
      expect(await store.counts()).toMatchObject({ documents: 1 });
      expect((await exported(store)).split('\n').length).toBe(4);
    }
    await expect(openStore(path)).rejects.toMatchObject({ code: 'STORAGE' });
  } finally {
    execFileSync('umount', [place]);
  }
});

test('a folder without rights is told', async (context) => {
  if (process.getuid?.() === 0) context.skip('root may write everywhere');
  const place = join(folder, 'closed');
  await mkdir(place);
  await chmod(place, 0o500);
  await expect(openStore(join(place, 'knowledge.sqlite'))).rejects.toMatchObject({ code: 'STORAGE' });
});
