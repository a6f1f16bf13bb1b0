import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeReading, madeReadings } from '../../../test/browser/readings.ts';
import { openStore, type Store } from '../../knowledge/index.ts';
import { createServer, type LyceumServer, listen, type ServerOptions } from './index.ts';

const host = { host: '127.0.0.1:7700' };
const json = { ...host, 'content-type': 'application/json' };
let store: Store;
let folder: string;
let server: LyceumServer;

const make = (options: Partial<ServerOptions> & { slow?: boolean } = {}): LyceumServer =>
  createServer({
    webDir: folder,
    uploadDir: join(folder, 'uploads'),
    workspace: {
      name: 'papers',
      store,
      async read(paths, { onProgress, signal }) {
        for (let done = 0; done < 3; done++) {
          onProgress({ stage: 'read', done, total: 3, current: paths[0] ?? null, perSecond: null, secondsLeft: null });
          await sleep(options.slow ? 3000 : 5, undefined, { signal });
        }
        return { result: { documents: paths.length }, skipped: [{ path: 'x', code: 'FORMAT', reason: 'empty' }] };
      },
    },
    ...options,
  });
const get = (path: string, headers: Record<string, string> = host) => server.app.request(path, { headers });
const body = async <T>(answer: Response | Promise<Response>): Promise<T> => (await (await answer).json()) as T;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-server-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Lyceum</title>');
  store = await openStore(':memory:');
  await store.addReadings(madeReadings(60, 0.1));
  server = make();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

describe('who may ask', () => {
  it.each(['127.0.0.1:7700', 'localhost:7700', '[::1]:7700', 'LOCALHOST'])('answers on its own address %s', async (name) => {
    expect((await get('/api/workspace', { host: name })).status).toBe(200);
  });
  it.each(['evil.example', 'localhost.evil.example:7700', '127.0.0.1.evil.example', '10.0.0.8:7700', '', '127.0.0.1@evil.example'])(
    'refuses the host %s (DNS rebinding)',
    async (name) => {
      expect((await get('/api/workspace', { host: name })).status).toBe(403);
      expect((await get('/', { host: name })).status).toBe(403);
    },
  );
  it.each(['https://evil.example', 'null', 'http://127.0.0.1:7701', 'file://', 'http://localhost:7700'])('refuses the origin %s', async (origin) => {
    expect((await get('/api/workspace', { ...host, origin })).status).toBe(403);
  });
  it('takes its own origin', async () => {
    expect((await get('/api/workspace', { ...host, origin: 'http://127.0.0.1:7700' })).status).toBe(200);
  });
  it('refuses data to other sites, but opens when a link leads to the page', async () => {
    expect((await get('/api/workspace', { ...host, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await get('/', { ...host, 'sec-fetch-site': 'cross-site' })).status).toBe(200);
  });
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])('refuses a POST of %s, which any page could send', async (type) => {
    const answer = await server.app.request('/api/read', {
      method: 'POST',
      headers: { ...host, ...(type && { 'content-type': type }) },
      body: '{"paths":["/"]}',
    });
    expect(answer.status).toBe(415);
  });
  it('wants a token on any other address, and then for every request for data', async () => {
    expect(() => make({ host: '0.0.0.0' })).toThrow(/token/);
    await using open = make({ host: '0.0.0.0', token: 'secret-token' });
    const ask = (path: string, headers: Record<string, string> = {}) => open.app.request(path, { headers: { host: '192.168.0.7:7700', ...headers } });
    for (const path of ['/api/workspace', '/api/openapi.json', '/api/events', '/v1/models', '/api']) {
      expect((await ask(path)).status).toBe(401);
      expect((await ask(path, { authorization: 'Bearer wrong' })).status).toBe(401);
    }
    expect((await ask('/api/workspace', { authorization: 'Bearer secret-token' })).status).toBe(200);
    expect((await ask('/')).status).toBe(200);
    expect((await open.app.request('/api/workspace', { headers: { host: 'rebound.example', authorization: 'Bearer secret-token' } })).status).toBe(403);
  });
  it('puts the security headers on answers and refusals', async () => {
    for (const answer of [await get('/'), await get('/api/workspace'), await get('/api/none'), await get('/', { host: 'evil.example' })]) {
      expect(answer.headers.get('content-security-policy')).toMatch(
        /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'.*require-trusted-types-for 'script'/,
      );
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('bounds', () => {
  it('answers 413 to a body too large', async () => {
    const answer = await server.app.request('/api/read', {
      method: 'POST',
      headers: { ...json, 'content-length': '300000' },
      body: JSON.stringify({ paths: ['x'.repeat(299_000)] }),
    });
    expect(answer.status).toBe(413);
  });
  it('answers 429 with Retry-After to too many changes', async () => {
    await using small = make({ limits: { changesPerTenSeconds: 3 } });
    const tries = [];
    for (let i = 0; i < 5; i++) tries.push(await small.app.request('/api/decisions/999', { method: 'DELETE', headers: host }));
    expect(tries.at(-1)!.status).toBe(429);
    expect(Number(tries.at(-1)!.headers.get('retry-after'))).toBeGreaterThan(0);
  });
  it('answers 503 with Retry-After when too many runs wait', async () => {
    await using busy = make({ slow: true });
    const answers = [];
    for (let i = 0; i < 11; i++) answers.push(await busy.app.request('/api/read', { method: 'POST', headers: json, body: '{"paths":["a"]}' }));
    expect(answers[0]!.status).toBe(202);
    expect(answers.at(-1)!.status).toBe(503);
    expect(answers.at(-1)!.headers.get('retry-after')).not.toBeNull();
  });
  it('answers 503 to too many event streams', async () => {
    await using few = make({ limits: { openStreams: 1 } });
    const first = await few.app.request('/api/events', { headers: host });
    expect(first.status).toBe(200);
    expect((await few.app.request('/api/events', { headers: host })).status).toBe(503);
    await first.body!.cancel();
  });
  it('refuses what the description does not allow', async () => {
    for (const path of ['/api/graph?limit=20000', '/api/graph?limit=abc', '/api/graph?nonsense=1', '/api/search?q=a&limit=-1', '/api/documents?offset=-5']) {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expect(await body<{ error: { code: string } }>(answer)).toMatchObject({ error: { code: 'REQUEST' } });
    }
    for (const sent of ['{', '[]', '{"paths":"x"}', '{"paths":[],"extra":1}', '{}', 'null', '{"paths":[1]}']) {
      expect((await server.app.request('/api/read', { method: 'POST', headers: json, body: sent })).status).toBe(400);
    }
  });
  it('never fails on any path or query', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/api/documents/', '/api/entities/', '/api/facts/', '/api/runs/', '/api/search?q=', '/api/graph?near=', '/api/trends?entity='),
        fc.string({ maxLength: 60 }),
        async (start, rest) => {
          expect((await get(start + encodeURIComponent(rest))).status).toBeLessThan(500);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('what it answers', () => {
  it('describes every route it has', async () => {
    const description = await body<{ openapi: string; paths: Record<string, Record<string, unknown>> }>(get('/api/openapi.json'));
    expect(description.openapi).toBe('3.1.0');
    const described = Object.entries(description.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    const served = server.app.routes
      .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/') && path !== '/api/openapi.json')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect([...new Set(served)].sort()).toEqual(described.sort());
  });
  it('gives the graph, in bounds, with facts among its own entities', async () => {
    const graph = await body<{ entities: unknown[]; facts: { subject: number; object: number; support: number; relation: string }[]; truncated: boolean }>(
      get('/api/graph?limit=20&relations=USED-FOR'),
    );
    expect(graph.entities).toHaveLength(20);
    expect(graph.truncated).toBe(true);
    for (const fact of graph.facts) {
      expect(fact.subject).toBeLessThan(20);
      expect(fact.object).toBeLessThan(20);
      expect(fact.relation).toBe('USED-FOR');
    }
  });
  it('opens the exact words: every source of a fact is the text at its offsets', async () => {
    const { entities } = await body<{ entities: { id: string }[] }>(get('/api/entities?limit=3'));
    const entity = await body<{ factList: { id: string }[] }>(get(`/api/entities/${entities[0]!.id}`));
    const fact = await body<{ sources: { document: string; start: number; end: number; text: string; subject: { start: number; end: number } }[] }>(
      get(`/api/facts/${encodeURIComponent(entity.factList[0]!.id)}`),
    );
    expect(fact.sources.length).toBeGreaterThan(0);
    for (const source of fact.sources) {
      const document = await body<{ text: string }>(get(`/api/documents/${source.document}`));
      expect(document.text.slice(source.start, source.end)).toBe(source.text);
      expect(source.subject.start).toBeGreaterThanOrEqual(source.start);
    }
  });
  it('finds entities, documents and sentences', async () => {
    const found = await body<{ entities: unknown[]; documents: unknown[]; sentences: unknown[] }>(get('/api/search?q=machine%20translation'));
    expect(found.entities.length).toBeGreaterThan(0);
    expect(found.documents.length).toBeGreaterThan(0);
    expect(found.sentences.length).toBeGreaterThan(0);
  });
  it('answers 404 with what to do', async () => {
    for (const path of [
      '/api/documents/none',
      '/api/entities/none',
      '/api/facts/none',
      '/api/runs/none',
      '/api/runs/none/events',
      '/nowhere',
      '/api/nowhere',
    ]) {
      const answer = await get(path);
      expect(answer.status).toBe(404);
      expect((await body<{ error: { message: string } }>(answer)).error.message.length).toBeGreaterThan(20);
    }
  });
  it('serves the page under each of its addresses, and nothing outside its folder', async () => {
    for (const path of ['/', '/runs', '/settings']) expect(await (await get(path)).text()).toContain('<title>Lyceum');
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/../../package.json', '/uploads/x']) expect((await get(path)).status).toBe(404);
  });
});

describe('decisions', () => {
  it('accepts a merge, takes it back, and the graph is as before', async () => {
    const proposed = async () => body<{ merges: { from: string; to: string; evidence: { sentence: { text: string } | null }[] }[] }>(get('/api/merges'));
    // The order among equals is the store's own affair.
    const facts = async () => (await body<{ facts: { id: string }[] }>(get('/api/graph'))).facts.map(({ id }) => id).sort();
    const before = await facts();
    const { merges } = await proposed();
    const first = merges[0]!;
    expect(first.evidence.some(({ sentence }) => sentence?.text.toLowerCase().includes(first.to.toLowerCase()))).toBe(true);
    for (const action of ['accept', 'reject']) {
      const answer = await server.app.request('/api/merges', {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ action, from: first.from, to: first.to }),
      });
      expect(answer.status).toBe(201);
      const { number } = await body<{ number: number }>(answer);
      expect((await proposed()).merges.some(({ from, to }) => from === first.from && to === first.to)).toBe(false);
      expect((await server.app.request(`/api/decisions/${number}`, { method: 'DELETE', headers: host })).status).toBe(200);
      expect((await proposed()).merges).toContainEqual(first);
    }
    expect(await facts()).toEqual(before);
  });
  it('changes how rare names are merged, once, and takes that back', async () => {
    const settings = () => body<{ contains: string; threshold: number }>(get('/api/settings'));
    const change = (wanted: object) => server.app.request('/api/settings', { method: 'POST', headers: json, body: JSON.stringify(wanted) });
    const before = await store.counts();
    expect(await settings()).toEqual({ contains: 'careful', threshold: 20 });
    const { decisions, ...now } = await body<{ decisions: { number: number }[] }>(change({ contains: 'paper', threshold: 3 }));
    expect([now, await settings()]).toEqual([{ contains: 'paper', threshold: 3 }, now]);
    expect((await store.counts()).entities).toBeLessThan(before.entities);
    expect(await body(change({ contains: 'paper' }))).toEqual({ ...now, decisions: [] });
    for (const wrong of [{ contains: 'wild' }, { threshold: 0 }, { threshold: 1.5 }, { limit: 1 }]) expect((await change(wrong)).status).toBe(400);
    for (const { number } of decisions.toReversed())
      expect((await server.app.request(`/api/decisions/${number}`, { method: 'DELETE', headers: host })).status).toBe(200);
    expect([(await store.counts()).entities, await settings()]).toEqual([before.entities, { contains: 'careful', threshold: 20 }]);
  });
});

describe('trends', () => {
  it('between kinds: the share of the papers that name one of the objects', async () => {
    const trends = (query: string) =>
      body<{ series: { relation: string; points: { documents: number; of: number; share: number }[] }[] }>(get(`/api/trends/kinds?${query}`));
    const { series, ...asked } = await trends('subject=Method&object=Task');
    expect(asked).toEqual({ subject: 'Method', object: 'Task' });
    expect(series.map(({ relation }) => relation)).toContain('USED-FOR');
    for (const { points } of series) for (const { documents, of, share } of points) expect(share).toBeCloseTo(documents / of, 4);
    expect((await trends('subject=Method&object=Task&relation=USED-FOR')).series).toEqual(series.filter(({ relation }) => relation === 'USED-FOR'));
    expect((await get('/api/trends/kinds?subject=Method')).status).toBe(400);
  });
});

describe('documents', () => {
  it('sends the bytes only while they are the ones that were read, and never as a page', async () => {
    const bytes = '<script>alert(1)</script>';
    const id = createHash('sha256').update(bytes).digest('hex');
    const path = join(folder, 'page.html');
    await writeFile(path, bytes);
    await store.addReading({ ...madeReading(9001), id, names: ['page".html'] });
    await using own = make({ workspace: { name: 'w', store, read: () => Promise.reject(new Error('no')), fileOf: async () => path } });
    const answer = await own.app.request(`/api/documents/${id}/file`, { headers: host });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="[^"]*"$/);
    await writeFile(path, 'other');
    expect((await own.app.request(`/api/documents/${id}/file`, { headers: host })).status).toBe(404);
    expect((await own.app.request(`/api/documents/${id}`, { method: 'DELETE', headers: host })).status).toBe(204);
    expect((await own.app.request(`/api/documents/${id}`, { method: 'DELETE', headers: host })).status).toBe(404);
  });
  it('takes files and reads them', async () => {
    const upload = await server.app.request('/api/uploads?name=..%2F..%2Fevil.pdf', {
      method: 'PUT',
      headers: { ...host, 'content-type': 'application/octet-stream' },
      body: 'bytes',
    });
    expect(upload.status).toBe(201);
    const { id, name } = await body<{ id: string; name: string }>(upload);
    expect(name).toBe('evil.pdf');
    const started = await server.app.request('/api/read', { method: 'POST', headers: json, body: JSON.stringify({ uploads: [id] }) });
    expect(started.status).toBe(202);
    expect(await body<{ title: string }>(started)).toMatchObject({ title: 'Read evil.pdf' });
  });
  it('changes nothing in a workspace that is open for reading', async () => {
    const reading = Object.assign(Object.create(store) as Store, { mode: 'read' as const });
    await using closed = make({ workspace: { name: 'w', store: reading, read: () => Promise.reject(new Error('no')) } });
    expect(await body<{ readOnly: boolean }>(closed.app.request('/api/workspace', { headers: host }))).toMatchObject({ readOnly: true });
    const answer = await closed.app.request('/api/read', { method: 'POST', headers: json, body: '{"paths":["a"]}' });
    expect(answer.status).toBe(409);
  });
});

describe('runs', () => {
  it('streams progress to the end, and resumes after the last event seen', async () => {
    const listening = await listen(server.app, { port: 0 });
    try {
      const started = await fetch(`${listening.url}/api/read`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"paths":["papers"]}',
      });
      expect(started.status).toBe(202);
      const { id } = (await started.json()) as { id: string };
      const stream = await (await fetch(`${listening.url}/api/runs/${id}/events`)).text();
      const numbers = [...stream.matchAll(/^id: (\d+)$/gm)].map(([, number]) => Number(number));
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      expect(stream).toContain('"state":"done"');
      const resumed = await (await fetch(`${listening.url}/api/runs/${id}/events`, { headers: { 'last-event-id': '2' } })).text();
      expect([...resumed.matchAll(/^id: (\d+)$/gm)].map(([, number]) => Number(number))).toEqual(numbers.slice(2));
    } finally {
      await listening.close();
    }
  });
  it('cancels', async () => {
    await using slow = make({ slow: true });
    const { id } = await body<{ id: string }>(slow.app.request('/api/read', { method: 'POST', headers: json, body: '{"paths":["papers"]}' }));
    await sleep(20);
    expect((await slow.app.request(`/api/runs/${id}`, { method: 'DELETE', headers: host })).status).toBe(202);
    await sleep(50);
    expect(await body<{ state: string }>(slow.app.request(`/api/runs/${id}`, { headers: host }))).toMatchObject({ state: 'cancelled' });
  });
  it('tells the other tabs', async () => {
    const listening = await listen(server.app, { port: 0 });
    try {
      const events = await fetch(`${listening.url}/api/events`);
      const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
      let seen = (await reader.read()).value ?? '';
      const { merges } = await body<{ merges: { from: string; to: string }[] }>(get('/api/merges'));
      const { number } = await body<{ number: number }>(
        server.app.request('/api/merges', {
          method: 'POST',
          headers: json,
          body: JSON.stringify({ action: 'reject', from: merges[0]!.from, to: merges[0]!.to }),
        }),
      );
      while (!seen.includes('event: change')) seen += (await reader.read()).value ?? '';
      expect(seen).toContain('"merges"');
      await reader.cancel();
      await server.app.request(`/api/decisions/${number}`, { method: 'DELETE', headers: host });
    } finally {
      await listening.close();
    }
  });
});

describe('listen', () => {
  it('takes the next free port', async () => {
    const first = await listen(server.app, { port: 0 });
    const second = await listen(server.app, { port: first.port });
    expect(second.port).toBeGreaterThan(first.port);
    await Promise.all([first.close(), second.close()]);
  });
});
