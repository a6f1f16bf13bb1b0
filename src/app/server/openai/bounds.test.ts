import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, type Served, serveTinyModel } from './testing/served-tiny-model.ts';

let served: Served;
beforeAll(async () => {
  served = await serveTinyModel();
});
afterAll(() => served[Symbol.asyncDispose]());

const warm = { model: 'tiny', temperature: 1, seed: 3, max_tokens: 12 };
const long = { model: 'tiny', prompt: 'a', max_tokens: 250, logit_bias: { 65: 100 } };
type Body = { choices: { text: string }[]; error: { code: string; message: string } };
const json = async (answer: Promise<Response> | Response) => (await (await answer).json()) as Body;
const idle = async ({ server: { serving } }: Served, within = 10_000) => {
  for (const end = Date.now() + within; Date.now() < end; await sleep(20)) {
    const load = await serving.load();
    if (serving.queue.active + serving.queue.waiting + serving.admission.open + load!.active + load!.waiting === 0) return true;
  }
  return false;
};
/** A request by hand, so that nothing is read unless it is asked for. */
const raw = async ({ listening }: Served, body: object): Promise<Socket> => {
  const socket = connect(listening.port, '127.0.0.1');
  await once(socket, 'connect');
  const text = JSON.stringify(body);
  socket.on('error', () => {});
  socket.write(
    `POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  return socket;
};

describe('many at once', () => {
  it('50 requests on 4 slots are answered as alone', async () => {
    const prompts = Array.from({ length: 50 }, (_, i) => `Story ${i % 10}: ${'once '.repeat(i % 7)}`);
    const alone = new Map<string, string>();
    for (const prompt of new Set(prompts)) alone.set(prompt, (await json(served.post('/v1/completions', { ...warm, prompt }))).choices[0]!.text);
    const answers = await Promise.all(prompts.map((prompt) => json(served.post('/v1/completions', { ...warm, prompt }))));
    expect(answers.map(({ choices }) => choices[0]!.text)).toEqual(prompts.map((prompt) => alone.get(prompt)));
    expect(await idle(served)).toBe(true);
  });

  it('1000 requests are each answered or cleanly refused', async () => {
    const answers = await Promise.all(Array.from({ length: 1000 }, () => served.post('/v1/completions', { ...warm, prompt: 'a', max_tokens: 2 })));
    const counts = new Map<number, number>();
    for (const answer of answers) {
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
      const body = await json(answer);
      if (answer.status === 200) expect(body.choices).toHaveLength(1);
      else {
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(['queue_full', 'overloaded']).toContain(body.error.code);
      }
    }
    expect([...counts.keys()].toSorted().every((status) => [200, 429, 503].includes(status))).toBe(true);
    expect(counts.get(200)).toBeGreaterThanOrEqual(260);
    expect(await idle(served)).toBe(true);
  });

  it('refuses past the bounds of the queue and of requests, with Retry-After', async () => {
    for (const [limits, code] of [
      [{ waiting: 1 }, 'queue_full'],
      [{ openRequests: 3 }, 'overloaded'],
      [{ allBodyBytes: 300 }, 'overloaded'],
    ] as const) {
      const small = await served.again({ limits });
      const answers = await Promise.all(Array.from({ length: 20 }, () => small.post('/v1/completions', long)));
      const refused = answers.filter(({ ok }) => !ok);
      expect([refused.length > 0, refused.length < 20]).toEqual([true, true]);
      for (const answer of refused) {
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect((await json(answer)).error.code).toBe(code);
      }
      expect(await idle(small)).toBe(true);
      await small[Symbol.asyncDispose]();
    }
  });
});

describe('clients that go', () => {
  it('free their slots and their places in the queue, streaming or not', async () => {
    const aborts = Array.from({ length: 12 }, () => new AbortController());
    const asked = aborts.map(({ signal }, i) =>
      served.post('/v1/completions', { ...long, stream: i % 2 === 0, n: 2 }, { signal }).then((answer) => answer.text()),
    );
    const settled = Promise.allSettled(asked);
    await sleep(100);
    for (const abort of aborts) abort.abort();
    expect((await settled).some(({ status }) => status === 'rejected')).toBe(true);
    expect(await idle(served)).toBe(true);
    expect((await served.post('/v1/completions', { ...warm, prompt: 'a' })).status).toBe(200);
  });

  it('are cut off when they do not read', async () => {
    const picky = await served.again({ limits: { unreadBytes: 2000, unreadMs: 60_000 } });
    const patient = await served.again({ limits: { unreadMs: 300 } });
    // As much as the system's buffers take is not seen here, so the answers are large: probabilities of many tokens.
    for (const server of [picky, patient]) {
      const body = { ...long, prompt: Array(16).fill('a'), n: 4, stream: true, logprobs: 20 };
      const socket = await raw(server, body);
      socket.pause();
      const closed = once(socket, 'close');
      expect(await idle(server, 50_000)).toBe(true);
      socket.resume();
      await closed;
    }
    for (const server of [picky, patient]) await server[Symbol.asyncDispose]();
  });

  it('wait no longer than they may', async () => {
    const hasty = await served.again({ limits: { answerMs: 50 } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => hasty.post('/v1/completions', long)));
    const late = answers.filter(({ status }) => status === 503);
    expect(late.length).toBeGreaterThan(0);
    for (const answer of late) expect([answer.headers.get('x-should-retry'), (await json(answer)).error.code]).toEqual(['false', 'timeout']);
    expect(await idle(hasty)).toBe(true);
    const text = await (await hasty.post('/v1/completions', { ...long, n: 8, stream: true })).text();
    expect(text).toContain('"code":"timeout"');
    expect(text).not.toContain('[DONE]');
    await hasty[Symbol.asyncDispose]();
  });
});

describe('what is no request', () => {
  it('is refused: bad JSON, other types, deep and large bodies, other methods and paths', async () => {
    const codeOf = async (answer: Promise<Response>) => [(await answer).status, (await json(answer)).error.code];
    const path = '/v1/completions';
    for (const body of ['{', '[]', 'null', '"x"', '', '{"a":1}}', '[{"a"'.repeat(1000)])
      expect(await codeOf(served.post(path, body))).toEqual([400, 'invalid_json']);
    const deep = `{"model":"tiny","prompt":"a","x":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
    expect(await codeOf(served.post(path, deep))).toEqual([400, 'invalid_json']);
    expect(await codeOf(served.post(path, '{}', { headers: { 'content-type': 'text/plain' } }))).toEqual([415, 'unsupported_media_type']);
    const large = JSON.stringify({ model: 'tiny', prompt: 'a'.repeat(3_000_000) });
    expect(await codeOf(served.post(path, large))).toEqual([413, 'body_too_large']);
    const streamed = new Response(large).body!;
    expect(await codeOf(served.post(path, '', { body: streamed, duplex: 'half' } as RequestInit))).toEqual([413, 'body_too_large']);
    expect(await codeOf(fetch(`${served.url}${path}`))).toEqual([405, 'method_not_allowed']);
    expect(await codeOf(served.post('/v1/responses', {}))).toEqual([404, 'not_found']);
    expect(await idle(served)).toBe(true);
  });

  it('comes from another host or page, or has not the token', async () => {
    const ask = (headers: Record<string, string>, own = served, path = '/v1/models') =>
      own.server.app.request(path, { headers: { host: '127.0.0.1', ...headers } });
    expect((await ask({ host: 'evil.example' })).status).toBe(403);
    expect((await ask({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await ask({ authorization: 'Bearer any' })).status).toBe(200);
    await expect(served.again({ host: '0.0.0.0' })).rejects.toThrow(/token/);
    const own = await served.again({ token: 'secret', names: ['docker.internal'] });
    for (const path of ['/v1/models', '/metrics', '/v1/none', '/']) {
      const answer = await ask({ authorization: 'Bearer wrong' }, own, path);
      expect([answer.status, await json(answer)]).toMatchObject([401, { error: { code: 'token', type: 'authentication_error' } }]);
    }
    expect((await ask({}, own, '/health')).status).toBe(200);
    expect((await ask({ authorization: 'Bearer secret', host: 'docker.internal:4750' }, own)).status).toBe(200);
    await own[Symbol.asyncDispose]();
  });
});

describe('closing', () => {
  it('finishes what is under way and refuses what is new', async () => {
    const closing = await served.again();
    const stream = await closing.post('/v1/completions', { ...long, stream: true });
    const drained = closing.server.drain(60_000);
    const refused = await closing.post('/v1/completions', { ...warm, prompt: 'a' });
    expect([refused.status, (await json(refused)).error.code]).toEqual([503, 'shutting_down']);
    expect((await fetch(`${closing.url}/health`)).status).toBe(503);
    expect((await eventsOf(stream)).at(-1)).toBe('[DONE]');
    await drained;
    await closing[Symbol.asyncDispose]();
  });

  it('cuts what takes longer than it may', async () => {
    const closing = await served.again();
    const stream = await closing.post('/v1/completions', { ...long, n: 16, stream: true });
    await closing.server.drain(1);
    expect((await eventsOf(stream)).at(-1)).toMatchObject({ error: { code: 'shutting_down' } });
    await closing[Symbol.asyncDispose]();
    expect(await idle(served)).toBe(true);
  });
});

it('shows its figures', async () => {
  const text = await (await fetch(`${served.url}/metrics`)).text();
  const figure = (name: string) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
  expect(figure('lyceum_requests_total{route="/v1/completions",status="200"}')).toBeGreaterThan(300);
  for (const name of ['lyceum_prompt_tokens_total', 'lyceum_completion_tokens_total', 'lyceum_cache_bytes', 'lyceum_resident_memory_bytes{process="model"}'])
    expect(figure(name)).toBeGreaterThan(0);
  for (const name of ['lyceum_queue_length{queue="generate"}', 'lyceum_slots_active', 'lyceum_sequences_active']) expect(figure(name)).toBe(0);
  expect(figure('lyceum_slots')).toBe(4);
  expect(figure('lyceum_answer_seconds_bucket{le="+Inf"}'.replace('+', '\\+'))).toBe(figure('lyceum_answer_seconds_count'));
  for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+-]+)$/);
});
