import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../knowledge/index.ts';
import { type LanguageModel, openLanguageModelApart } from '../language-model/index.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { createServer, type Listening, type LocalModels, type LyceumServer, listen, type ServerOptions } from './index.ts';
import type { Models } from './models-schema.ts';
import type { Run } from './schema.ts';

let folder: string;
let store: Store;
/** Processes that were started and have not ended. */
const open = new Set<LanguageModel>();

const local = (name: string, generates = true) => ({
  name,
  sizeBytes: 1,
  licence: null,
  family: generates ? 'llama' : 'bert',
  parameters: 2,
  context: 256,
  generates,
});
const models: LocalModels = {
  list: async () => ({
    models: [local('minilm', false), local('other'), local('tiny'), local('broken')],
    available: [{ name: 'more', about: 'a model', sizeBytes: 5, licence: 'MIT' }],
  }),
  async open(name, { slots, signal }) {
    const model = await openLanguageModelApart(join(folder, name), { threads: 1, slots }, { signal });
    open.add(model);
    return Object.assign(Object.create(model) as LanguageModel, {
      [Symbol.asyncDispose]: async () => {
        await model[Symbol.asyncDispose]();
        open.delete(model);
      },
    });
  },
};

interface Served extends AsyncDisposable {
  readonly server: LyceumServer;
  readonly listening: Listening;
  load(name: string): Promise<Run>;
  state(): Promise<Models>;
}

const serve = async (options: Partial<ServerOptions> = {}): Promise<Served> => {
  const server = createServer({
    webDir: folder,
    models,
    workspace: { name: 'papers', store, read: () => Promise.reject(new Error('no')) },
    ...options,
  });
  const listening = await listen(server.app, { port: 0 });
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${listening.url}${path}`)).json()) as T;
  return {
    server,
    listening,
    async load(name) {
      const { id } = (await (await post(listening, '/api/models/load', { name })).json()) as Run;
      for (;;) {
        const run = await get<Run>(`/api/runs/${id}`);
        if (run.endedAt !== null) return run;
        await sleep(20);
      }
    },
    state: () => get<Models>('/api/models'),
    async [Symbol.asyncDispose]() {
      await listening.close();
      await server[Symbol.asyncDispose]();
    },
  };
};
const post = ({ url }: Listening, path: string, body: object, init: RequestInit = {}) =>
  fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...init });
const errorOf = async (answer: Promise<Response>) => {
  const { status, ...rest } = await answer.then(async (one) => ({
    status: one.status,
    ...((await one.json()) as { error: { code: string; message: string } }),
  }));
  return [status, rest.error.code, rest.error.message] as const;
};
const until = async (isSo: () => boolean | Promise<boolean>) => {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) if (await isSo()) return true;
  return false;
};
const messages = [{ role: 'user' as const, content: 'Hi' }];
const ask = { model: 'tiny', messages, temperature: 1, seed: 7, max_tokens: 20 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-models-'));
  await writeTinyModel(join(folder, 'tiny'));
  await writeTinyModel(join(folder, 'other'), { template: false });
  store = await openStore(':memory:');
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

describe('models of the workbench', () => {
  it('lists those that are here, loads one, and answers under /v1 with probabilities and times', async () => {
    await using served = await serve();
    expect(await served.state()).toMatchObject({
      models: [{ name: 'minilm', generates: false }, { name: 'other' }, { name: 'tiny' }, { name: 'broken' }],
      available: [{ name: 'more' }],
      loaded: null,
    });
    expect(await served.load('tiny')).toMatchObject({ kind: 'load', title: 'Load tiny', state: 'done', result: { parameters: expect.any(Number) } });
    const { loaded } = await served.state();
    expect(loaded).toMatchObject({ name: 'tiny', family: 'llama', context: 256, chats: true, busy: 0 });
    expect(loaded!.memoryBytes).toBeGreaterThan(1e6);

    const client = new OpenAI({ baseURL: `${served.listening.url}/v1`, apiKey: 'any', maxRetries: 0 });
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['tiny']);
    const stream = await client.chat.completions.create({ ...ask, stream: true, logprobs: true, top_logprobs: 8, stream_options: { include_usage: true } });
    let tokens = 0;
    let last: object = {};
    for await (const part of stream) {
      for (const { top_logprobs } of part.choices[0]?.logprobs?.content ?? []) {
        tokens += 1;
        expect(top_logprobs).toHaveLength(8);
      }
      if ('lyceum' in part) last = part.lyceum as object;
      if (part.usage) expect(part.usage.completion_tokens).toBe(20);
    }
    expect(tokens).toBe(20);
    expect(last).toEqual({
      weights: 'f32',
      cachedTokens: 0,
      queueSeconds: expect.any(Number),
      firstTokenSeconds: expect.any(Number),
      tokensPerSecond: expect.any(Number),
    });
  });

  it('says what to do where no model is loaded, none has the name, or it writes no text', async () => {
    await using served = await serve();
    const { listening } = served;
    expect(await (await fetch(`${listening.url}/v1/models`)).json()).toEqual({ object: 'list', data: [] });
    expect(await errorOf(post(listening, '/v1/chat/completions', ask))).toEqual([404, 'model_not_found', expect.stringContaining('/api/models/load')]);
    expect(await errorOf(post(listening, '/api/models/load', { name: '../tiny' }))).toEqual([404, 'NOT_FOUND', expect.stringContaining('lyceum models pull')]);
    expect(await errorOf(post(listening, '/api/models/load', { name: 'minilm' }))).toEqual([422, 'UNSUPPORTED', expect.stringContaining('vectors')]);
    expect((await post(listening, '/api/models/load', { name: 'tiny', path: '/etc' })).status).toBe(400);
    expect(await served.load('broken')).toMatchObject({ state: 'failed', error: { code: 'NOT_FOUND', message: expect.stringContaining('broken') } });
    expect((await served.state()).loaded).toBeNull();
  });

  it('holds one at a time: another takes its place, a request for the first is refused by name', async () => {
    await using served = await serve();
    await served.load('tiny');
    expect(open.size).toBe(1);
    const [once, again] = await Promise.all([served.load('other'), served.load('other')]);
    expect([once.state, again.state, open.size]).toEqual(['done', 'done', 1]);
    expect((await served.state()).loaded).toMatchObject({ name: 'other', chats: false });
    expect(await errorOf(post(served.listening, '/v1/chat/completions', ask))).toEqual([404, 'model_not_found', expect.stringContaining('"other"')]);
    const text = await post(served.listening, '/v1/completions', { model: 'other', prompt: 'Once', max_tokens: 3, logprobs: 2 });
    expect(await text.json()).toMatchObject({ choices: [{ logprobs: { tokens: expect.any(Array) } }], lyceum: { firstTokenSeconds: expect.any(Number) } });
  });

  it('lets an answer end before another model takes the place', async () => {
    await using served = await serve();
    await served.load('tiny');
    const answer = await post(served.listening, '/v1/chat/completions', { ...ask, max_tokens: 60, logit_bias: { 65: 100 }, stream: true });
    const [events] = await Promise.all([answer.text(), served.load('other')]);
    expect(events).toContain('[DONE]');
    expect(events).toContain('"finish_reason":"length"');
  });

  it('stops an answer whose reader goes', async () => {
    await using served = await serve();
    await served.load('tiny');
    const stop = new AbortController();
    const long = { ...ask, max_tokens: 200, logit_bias: { 65: 100 }, stream: true };
    const answer = await post(served.listening, '/v1/chat/completions', long, { signal: stop.signal });
    await answer.body!.getReader().read();
    stop.abort();
    expect(await until(async () => (await served.state()).loaded!.busy === 0)).toBe(true);
  });

  it('is released when asked, and when nobody has used it for a while; its process ends', async () => {
    await using served = await serve({ modelIdleMs: 400 });
    await served.load('tiny');
    expect(open.size).toBe(1);
    expect((await fetch(`${served.listening.url}/api/models/loaded`, { method: 'DELETE' })).status).toBe(204);
    expect([open.size, (await served.state()).loaded]).toEqual([0, null]);
    await served.load('tiny');
    expect(await until(() => open.size === 0)).toBe(true);
    expect((await served.state()).loaded).toBeNull();
    expect(await served.load('tiny')).toMatchObject({ state: 'done' });
  });

  it('ends its process with the server, also while it loads, and a load can be cancelled', async () => {
    const served = await serve();
    await served.load('tiny');
    await served[Symbol.asyncDispose]();
    expect(open.size).toBe(0);
    const other = await serve();
    const { id } = (await (await post(other.listening, '/api/models/load', { name: 'tiny' })).json()) as Run;
    await fetch(`${other.listening.url}/api/runs/${id}`, { method: 'DELETE' });
    const state = async () => ((await (await fetch(`${other.listening.url}/api/runs/${id}`)).json()) as Run).state;
    expect(await until(async () => (await state()) === 'cancelled')).toBe(true);
    await post(other.listening, '/api/models/load', { name: 'tiny' });
    await other[Symbol.asyncDispose]();
    expect(open.size).toBe(0);
  });

  it('does not wait behind documents that are read', async () => {
    const reading = {
      name: 'papers',
      store,
      read: (_: readonly string[], { signal }: { signal: AbortSignal }) => sleep(60_000, { result: {}, skipped: [] }, { signal }),
    };
    await using served = await serve({ workspace: reading });
    expect((await post(served.listening, '/api/read', { paths: ['papers'] })).status).toBe(202);
    expect(await served.load('tiny')).toMatchObject({ state: 'done' });
  });
});
