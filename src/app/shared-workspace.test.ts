import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { madeReading, madeReadings } from '../../test/browser/readings.ts';
import { openStore, type Reading } from '../knowledge/index.ts';
import { createServer, type LyceumServer } from './server/index.ts';
import { openSharedWorkspace, type SharedWorkspace } from './shared-workspace.ts';
import { storePath } from './workspace.ts';

const headers = { host: '127.0.0.1:7700', 'content-type': 'application/json' };
let dir: string;
let workspace: SharedWorkspace;
let server: LyceumServer;
let others: ChildProcess[];

/** Another process that writes to the workspace until it is killed. */
async function otherWriter() {
  const child = fork(join(import.meta.dirname, '../knowledge/testing/hold-store.ts'), [storePath(dir)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  others.push(child);
  await once(child, 'message');
  return {
    pid: child.pid!,
    async add(reading: Reading) {
      child.send(reading);
      await once(child, 'message');
    },
    async end() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
const ask = (method: string, path: string, body?: unknown) =>
  server.app.request(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
const get = async <T>(path: string): Promise<T> => (await (await ask('GET', path)).json()) as T;
/** Succeeds only where nobody holds the writer's place. */
const expectFree = async () => (await openStore(storePath(dir))).close();

beforeEach(async () => {
  others = [];
  dir = await mkdtemp(join(tmpdir(), 'lyceum-shared-'));
  {
    await using store = await openStore(storePath(dir));
    await store.addReadings(madeReadings(40, 0.1));
  }
  workspace = await openSharedWorkspace(dir);
  server = createServer({
    webDir: dir,
    workspace: {
      name: 'papers',
      store: workspace.store,
      free: () => workspace.write(async () => {}),
      read: () =>
        workspace.write(async ({ store }) => {
          await store.addReading(madeReading(7000));
          return { result: { documents: 1 }, skipped: [] };
        }),
    },
  });
});
afterEach(async () => {
  for (const child of others) child.kill('SIGKILL');
  await server[Symbol.asyncDispose]();
  await workspace[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

test('looking holds nobody up, and what another process writes is seen', async () => {
  await workspace.store.overview({ limit: 3 }); // a walk that is left in the middle must not keep an old moment
  await workspace.store.search('a');
  await expectFree();
  const stream = await server.app.request('/api/events', { headers });
  const events = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  const other = await otherWriter();
  const { id } = madeReading(8000);
  await other.add(madeReading(8000));
  expect((await ask('GET', `/api/documents/${id}`)).status).toBe(200);
  let seen = '';
  while (!seen.includes('event: change')) seen += (await events.read()).value ?? '';
  expect(seen).toContain('"documents"');
  await events.cancel();
});

test('while another process writes, changes are refused with its process id, and nothing is changed', async () => {
  const { merges } = await get<{ merges: { from: string; to: string }[] }>('/api/merges');
  const { documents } = await get<{ documents: { id: string }[] }>('/api/documents');
  const decision = { action: 'accept', from: merges[0]!.from, to: merges[0]!.to };
  const changes: [string, string, unknown?][] = [
    ['POST', '/api/merges', decision],
    ['DELETE', `/api/documents/${documents[0]!.id}`],
    ['DELETE', '/api/decisions/1'],
    ['POST', '/api/read', { paths: ['papers'] }],
  ];
  const before = await workspace.store.counts();
  const other = await otherWriter();
  for (const [method, path, body] of changes) {
    const answer = await ask(method, path, body);
    expect([path, answer.status]).toEqual([path, 503]);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect(error).toEqual({
      code: 'BUSY',
      message: `workspace: expected to be the only writer, got process ${other.pid} writing; let it finish, then try again`,
    });
  }
  expect(await workspace.store.counts()).toEqual(before);
  expect(await get('/api/runs')).toEqual({ runs: [] });
  await other.end();
  for (const [method, path, body] of [changes[0]!, changes[2]!, changes[1]!, changes[3]!]) {
    expect([path, (await ask(method, path, body)).status]).toEqual([path, expect.toSatisfy((status) => status >= 200 && status < 300)]);
  }
  await expect.poll(async () => (await get<{ runs: { state: string }[] }>('/api/runs')).runs[0]!.state).toBe('done');
  await expectFree();
});

test('changes of one process share the writer’s place, which others then find taken, and give it back', async () => {
  let reached = () => {};
  const writing = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let finish = () => {};
  const told = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const run = workspace.write(async ({ store }) => {
    await store.addReading(madeReading(7001));
    reached();
    await told;
    await store.addReading(madeReading(7002));
  });
  await writing;
  await expect(openStore(storePath(dir))).rejects.toMatchObject({ code: 'BUSY', pid: process.pid });
  expect(await workspace.store.removeDocuments([madeReading(7001).id])).toBe(1);
  await expect(openStore(storePath(dir))).rejects.toMatchObject({ code: 'BUSY' });
  finish();
  await run;
  await expectFree();
  expect((await workspace.store.document(madeReading(7002).id)).id).toBe(madeReading(7002).id);
  // an act that fails gives it back too
  await expect(workspace.write(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await Promise.all(Array.from({ length: 5 }, (_, n) => workspace.store.addReading(madeReading(7100 + n))));
  await expectFree();
});

test('a workspace that is not there is made', async () => {
  const empty = join(dir, 'new');
  await using made = await openSharedWorkspace(empty);
  expect(made.store.mode).toBe('write');
  expect(await made.store.counts()).toMatchObject({ documents: 0 });
  await made.store.addReading(madeReading(1));
  expect(await made.store.counts()).toMatchObject({ documents: 1 });
});
