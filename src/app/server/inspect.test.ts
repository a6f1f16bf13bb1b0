import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinStories } from '../../inspect/index.ts';
import { openStore, type Store } from '../../knowledge/index.ts';
import {
  attentionOf,
  attributionOf,
  headsOf,
  type Inspecting,
  localInspecting,
  type OrionOutcome,
  openInspected,
  patchPair,
  type RetrievalStudies,
  retrievalStudies,
  runOrion,
} from '../inspect/index.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-language-model.ts';
import { createServer, type LocalModels, type LyceumServer } from './index.ts';

let folder: string;
let store: Store;
let server: LyceumServer;
let inner: Inspecting;
const local = (name: string, generates = true) => ({ name, sizeBytes: 1, licence: null, family: 'llama', parameters: 2, context: 256, generates });
const models: LocalModels = {
  list: async () => ({ models: [local('tiny'), local('worded'), local('minilm', false), local('gone')], available: [] }),
  open: () => Promise.reject(new Error('no')),
};
const [source, target] = ['Anna is a nurse. Anna is a', 'Marta lives in Oslo. Marta lives in'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-inspect-'));
  await writeTinyModel(join(folder, 'tiny'), { context: 1024 }); // that prompts of bytes have room
  // The values of our stories are tokens of their own to this one.
  const words = new Set(builtinStories().stories.flatMap(({ seed }) => Object.values(seed).map((value) => ` ${value}`)));
  await writeTinyModel(join(folder, 'worded'), { context: 2048, words: [...words] });
  store = await openStore(join(folder, 'graph.sqlite'));
  inner = localInspecting({ dir: folder, threads: 1 });
  const at = (name: string): string => join(folder, name); // models of the test have no catalogue
  const inspecting: Inspecting = {
    sites: (model) => inner.sites(at(model)),
    patch: (model, ...rest) => inner.patch(at(model), ...rest),
    lens: (model, ...rest) => inner.lens(at(model), ...rest),
    orion: (model, ...rest) => inner.orion(at(model), ...rest),
    orionFile: (model, file) => inner.orionFile(at(model), file),
    attention: (model, ...rest) => inner.attention(at(model), ...rest),
    attribute: (model, ...rest) => inner.attribute(at(model), ...rest),
    heads: (model, ...rest) => inner.heads(at(model), ...rest),
    retrieval: (model, ...rest) => inner.retrieval(at(model), ...rest),
    retrievalFile: (model, file) => inner.retrievalFile(at(model), file),
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

  it('tells what heads read and components say as the use cases do, and refuses what there is not', async () => {
    await using model = await openInspected(join(folder, 'tiny'), { threads: 1 });
    const attention = await request('/api/inspect/attention', { model: 'tiny', prompt: source, layer: 1, top: 2 });
    expect(attention.status).toBe(200);
    expect(await attention.json()).toEqual(await attentionOf(model, source, { layer: 1, top: 2 }));
    const attributed = await request('/api/inspect/attribute', { model: 'tiny', prompt: source, baseline: [target] });
    expect(attributed.status).toBe(200);
    expect(await attributed.json()).toEqual(await attributionOf(model, source, { baseline: [target] }));
    const through = { baseline: [source.replaceAll('n', 'm')], to: '1.0', from: ['0.1', 'mlp 0'] };
    const read = await request('/api/inspect/attribute', { model: 'tiny', prompt: source, ...through });
    expect(read.status).toBe(200);
    expect(await read.json()).toEqual(await attributionOf(model, source, through));
    for (const [path, body, message] of [
      ['attribute', { to: '1.0' }, /expected prompts beside a receiver/],
      ['attention', { layer: 90 }, /expected a layer from 0 to \d+, got 90/],
      ['attention', { head: 0 }, /expected a layer beside the head/],
      ['attribute', { answer: 'x', against: 'x' }, /expected two answers that begin with different tokens/],
    ] as const) {
      const answer = await request(`/api/inspect/${path}`, { model: 'tiny', prompt: source, ...body });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(message);
    }
  });

  it('scores heads as the use case does, and refuses texts that the model has no room for', async () => {
    await using model = await openInspected(join(folder, 'tiny'), { threads: 1 });
    const scored = await request('/api/inspect/heads', { model: 'tiny', length: 6, texts: 2, seed: 3 });
    expect(scored.status).toBe(200);
    expect(await scored.json()).toEqual(await headsOf(model, { length: 6, texts: 2, seed: 3 }));
    for (const [body, message] of [
      [{ length: 300 }, /json\.length/],
      [{ length: 256, texts: 17 }, /json\.texts/],
      [{ folder: '/tmp' }, /json: /],
    ] as const) {
      const answer = await request('/api/inspect/heads', { model: 'tiny', ...body });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(message);
    }
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

interface Run {
  readonly id: string;
  readonly state: string;
  readonly endedAt: string | null;
  readonly subject: string;
  readonly result: object | null;
  readonly error: object | null;
  readonly progress: { readonly current: string | null; readonly done: number; readonly total: number } | null;
}
const runOf = async (answer: Response | Promise<Response>): Promise<Run> => (await (await answer).json()) as Run;
const ended = async ({ id }: Run, isEnough = (_: Run): boolean => false): Promise<Run> => {
  for (;;) {
    const run = await runOf(request(`/api/runs/${id}`));
    if (run.endedAt !== null || isEnough(run)) return run;
    await new Promise((wake) => setTimeout(wake, 20));
  }
};
const eventsOf = async ({ id }: Run): Promise<Run[]> =>
  (await (await request(`/api/runs/${id}/events`)).text())
    .split('\n')
    .flatMap((line) => (line.startsWith('data: {"') ? [JSON.parse(line.slice(6)) as Run] : []));
const cancel = ({ id }: Run) => server.app.request(`http://127.0.0.1/api/runs/${id}`, { method: 'DELETE', headers: { host: '127.0.0.1' } });

describe('/api/inspect/orion', () => {
  const orion = '/api/inspect/orion';
  const asked = { model: 'tiny', tasks: ['variable-binding/recipe', 'qa-base'], prompts: 6, pairs: 3, seed: 2 };

  it('answers with a run that tells its way and ends with figures that are the use case’s own, and a page', async () => {
    expect((await request(`${orion}?model=tiny`)).status).toBe(404);
    const answer = await request(orion, asked);
    expect(answer.status).toBe(202);
    const run = await runOf(answer);
    expect(answer.headers.get('location')).toBe(`/api/runs/${run.id}`);
    const events = await eventsOf(run);
    expect(events.some(({ progress }) => progress?.current === 'variable-binding/recipe')).toBe(true);
    // Words are too long for tokens of single bytes: that task is skipped, with its reason.
    expect(events.at(-1)).toMatchObject({ kind: 'inspect', subject: 'tiny', state: 'done', result: { tasks: 1, known: 0, passed: 0, above70: 0 }, skipped: [{ path: 'qa-base/stories', code: 'CONFIG', reason: expect.stringContaining('first token') }] }); // biome-ignore format: one value
    const result = (await (await request(`${orion}?model=tiny`)).json()) as OrionOutcome;
    await using model = await openInspected(join(folder, 'tiny'), { threads: 1 });
    const expected = await runOrion(model, { ...asked, folder: join(folder, 'by-hand') });
    const timeless = ({ tasks, ...rest }: OrionOutcome) => ({ ...rest, tasks: tasks.map((task) => ({ ...task, seconds: 0 })) });
    expect(timeless(result)).toEqual(JSON.parse(JSON.stringify(timeless(expected))));
    const page = await request(`${orion}/report?model=tiny`);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
    expect(await page.text()).toContain('variable-binding');
  }, 60_000);

  it('is cancelled, and answers others meanwhile', async () => {
    const run = await runOf(request(orion, { model: 'tiny', tasks: ['induction'], prompts: 300 }));
    await ended(run, ({ progress }) => progress?.current === 'induction/random-strings');
    expect((await request('/api/inspect/patch', { model: 'tiny', source, target })).status).toBe(200);
    expect((await cancel(run)).status).toBe(202);
    expect(await ended(run)).toMatchObject({ state: 'cancelled', result: null, error: null });
  }, 60_000);

  it.each([
    [{ model: 'other' }, 404, /expected a name that GET \/api\/models lists/],
    [{ model: 'minilm' }, 422, /expected a model that writes text/],
    [{ model: 'tiny', tasks: ['/etc/passwd'] }, 404, /expected tasks among qa-base, .*, got "\/etc\/passwd"/],
    [{ model: 'tiny', tasks: ['src/app'] }, 404, /expected tasks among/],
    [{ model: 'tiny', prompts: 1 }, 400, /json\.prompts/],
    [{ model: 'tiny', folder: '/tmp' }, 400, /json: /],
  ])('refuses %j', async (body, status, message) => {
    const answer = await request(orion, body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(message);
  });
});

describe('/api/inspect/retrieval', () => {
  const retrieval = '/api/inspect/retrieval';
  const asked = { model: 'worded', source: 'season', prompts: 3, resamples: 1, seeds: [1, 4] };
  const timeless = ({ studies, ...rest }: RetrievalStudies) => ({ ...rest, studies: studies.map((study) => ({ ...study, seconds: 0 })) });

  it('answers with a run that is cancelled, goes on when it is started again, and ends with the use case’s own figures and a page', async () => {
    expect((await request(`${retrieval}?model=worded`)).status).toBe(404);
    const first = await request(retrieval, asked);
    expect(first.status).toBe(202);
    const cut = await runOf(first);
    expect(first.headers.get('location')).toBe(`/api/runs/${cut.id}`);
    await ended(cut, ({ progress }) => (progress?.done ?? 0) > 0);
    expect((await request('/api/inspect/patch', { model: 'tiny', source, target })).status).toBe(200);
    expect((await cancel(cut)).status).toBe(202);
    expect(await ended(cut)).toMatchObject({ state: 'cancelled', result: null, error: null });
    expect((await request(`${retrieval}?model=worded`)).status).toBe(404);

    const run = await runOf(request(retrieval, asked));
    const events = await eventsOf(run);
    const { done, total } = events.findLast(({ progress }) => progress !== null)!.progress!;
    expect(done).toBe(total);
    expect(events.at(-1)).toMatchObject({
      kind: 'inspect',
      subject: 'worded',
      state: 'done',
      result: { studies: 2, movers: expect.any(Number) },
    });
    const result = (await (await request(`${retrieval}?model=worded`)).json()) as RetrievalStudies;
    await using model = await openInspected(join(folder, 'worded'), { threads: 1 });
    const { model: _, ...settings } = asked;
    expect(timeless(result)).toEqual(JSON.parse(JSON.stringify(timeless(await retrievalStudies(model, settings)))));
    const page = await request(`${retrieval}/report?model=worded`);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
    expect(await page.text()).toContain('Seed by seed');
  }, 120_000);

  it('tells in the run why a model cannot be asked', async () => {
    expect(await ended(await runOf(request(retrieval, { model: 'tiny', prompts: 2 })))).toMatchObject({ state: 'failed', error: { code: 'CONFIG', message: expect.stringContaining('first token') } }); // biome-ignore format: one value
  }, 60_000);

  it.each([
    [{ model: 'other' }, 404, /expected a name that GET \/api\/models lists/],
    [{ model: 'minilm' }, 422, /expected a model that writes text/],
    [{ model: 'worded', source: 'shoes' }, 400, /expected variables among character_name, .*, got "shoes"/],
    [{ model: 'worded', seeds: [] }, 400, /json\.seeds/],
    [{ model: 'worded', prompts: 101 }, 400, /json\.prompts/],
    [{ model: 'worded', stories: '/etc/passwd' }, 400, /json: /],
  ])('refuses %j', async (body, status, message) => {
    const answer = await request(retrieval, body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(message);
  });
});
