import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../knowledge/index.ts';
import { type Inspecting, localInspecting, openInspected, patchPair } from '../inspect/index.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-language-model.ts';
import { createServer, type LocalModels, type LyceumServer } from './index.ts';

let folder: string;
let store: Store;
let server: LyceumServer;
let inner: Inspecting;
const local = (name: string, generates = true) => ({ name, sizeBytes: 1, licence: null, family: 'llama', parameters: 2, context: 256, generates });
const models: LocalModels = {
  list: async () => ({ models: [local('tiny'), local('minilm', false), local('gone')], available: [] }),
  open: () => Promise.reject(new Error('no')),
};
const [source, target] = ['Anna is a nurse. Anna is a', 'Marta lives in Oslo. Marta lives in'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-inspect-'));
  await writeTinyModel(join(folder, 'tiny'));
  store = await openStore(join(folder, 'graph.sqlite'));
  inner = localInspecting({ threads: 1 });
  const at = (name: string): string => join(folder, name); // models of the test have no catalogue
  const inspecting: Inspecting = {
    sites: (model) => inner.sites(at(model)),
    patch: (model, ...rest) => inner.patch(at(model), ...rest),
    lens: (model, ...rest) => inner.lens(at(model), ...rest),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  server = createServer({ webDir: folder, models, inspecting, workspace: { name: 'papers', store, read: () => Promise.reject(new Error('no')) } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const request = (path: string, body?: object) =>
  server.app.request(`http://127.0.0.1${path}`, {
    headers: { host: '127.0.0.1', 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });

describe('/api/inspect', () => {
  it('patches a pair as the use case does, several asked at once', async () => {
    await using model = await openInspected(join(folder, 'tiny'), { threads: 1 });
    const expected = await patchPair(model, source, target, { top: 2 });
    const answers = await Promise.all([1, 2].map(() => request('/api/inspect/patch', { model: 'tiny', source, target, top: 2 })));
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual(expected);
    }
  });

  it('reads a text through the lens, and lists sites', async () => {
    const lens = await request('/api/inspect/lens', { model: 'tiny', prompt: source, last: 2 });
    expect(lens.status).toBe(200);
    expect(((await lens.json()) as { layers: { places: unknown[] }[] }).layers.map(({ places }) => places.length)).toEqual(Array(tinyConfig.num_hidden_layers + 1).fill(2)); // biome-ignore format: one value
    const sites = await request('/api/inspect/sites?model=tiny');
    expect(await sites.json()).toMatchObject({ layers: tinyConfig.num_hidden_layers, sites: expect.arrayContaining([expect.objectContaining({ site: 'blocks.N.attn.pattern' })]) }); // biome-ignore format: one value
  });

  it.each([
    [{ model: 'other', source, target }, 404, /expected a name that GET \/api\/models lists, got "other"/],
    [{ model: 'minilm', source, target }, 422, /expected a model that writes text/],
    [{ model: 'gone', source, target }, 404, /gone/],
    [{ model: 'tiny', source: '', target }, 400, /expected a source of at least one token/],
    [{ model: 'tiny', source, target, top: 11 }, 400, /json\.top/],
  ])('refuses %j', async (body, status, message) => {
    const answer = await request('/api/inspect/patch', body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(message);
    // And goes on with the next one.
    expect((await request('/api/inspect/patch', { model: 'tiny', source, target })).status).toBe(200);
  });
});
