import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { download, fetchText } from './download.ts';

const body = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) % 251));
let folder: string;
let path: string;
let server: Server;
let url: string;
let ranges: (string | undefined)[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

/** From where a request wants the rest; 0 for all of it. */
const startOf = ({ headers }: IncomingMessage) => Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
const serve = (request: IncomingMessage, response: ServerResponse, upTo = body.length) => {
  const start = startOf(request);
  if (start > 0) response.writeHead(206, { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}`, 'content-length': body.length - start });
  else response.writeHead(200, { 'content-length': body.length });
  response.write(body.subarray(start, upTo), () => (upTo < body.length ? response.destroy() : response.end()));
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-download-'));
  path = join(folder, 'file.part');
  ranges = [];
  answer = serve;
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file?secret=1`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

it('fetches a file, and nothing when it is there', async () => {
  await download(url, path, { sizeBytes: body.length });
  expect(body.equals(await readFile(path))).toBe(true);
  await download(url, path, { sizeBytes: body.length });
  expect(ranges).toEqual([undefined]);
});

it('opens a connection that breaks again, and goes on from there', async () => {
  answer = (request, response) => serve(request, response, Math.min(body.length, startOf(request) + 40_000));
  const seen: number[] = [];
  await download(url, path, { sizeBytes: body.length, onBytes: (done) => seen.push(done) });
  expect(body.equals(await readFile(path))).toBe(true);
  expect(ranges.length).toBeGreaterThanOrEqual(3);
  expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range ?? ''))).toBe(true);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

it('goes on with what an earlier process left', async () => {
  await writeFile(path, body.subarray(0, 60_000));
  await download(url, path, { sizeBytes: body.length });
  expect(ranges).toEqual(['bytes=60000-']);
  expect(body.equals(await readFile(path))).toBe(true);
});

it('begins anew where the server knows no ranges, or where there is too much', async () => {
  await writeFile(path, body.subarray(0, 60_000));
  answer = (_, response) => response.writeHead(200).end(body);
  await download(url, path, { sizeBytes: body.length });
  expect(body.equals(await readFile(path))).toBe(true);
  await writeFile(path, Buffer.concat([body, body]));
  await download(url, path, { sizeBytes: body.length });
  expect(body.equals(await readFile(path))).toBe(true);
  // A file that has become shorter at its origin, of unknown size.
  await writeFile(path, Buffer.concat([body, body]));
  answer = (request, response) => (startOf(request) > 0 ? response.writeHead(416).end() : serve(request, response));
  await download(url, path);
  expect(body.equals(await readFile(path))).toBe(true);
});

it('keeps what came when the server is gone for good', async () => {
  answer = (request, response) => (startOf(request) > 0 ? response.destroy() : serve(request, response, 30_000));
  await expect(download(url, path, { sizeBytes: body.length })).rejects.toMatchObject({ code: 'DOWNLOAD' });
  expect((await readFile(path)).length).toBe(30_000);
});

it('takes no more than was promised', async () => {
  answer = (_, response) => response.writeHead(200).end(Buffer.concat([body, body]));
  await expect(download(url, path, { sizeBytes: body.length })).rejects.toThrow(/expected a file of 100000 bytes, got more/);
  answer = (_, response) => response.end('x'.repeat(1000));
  await expect(fetchText(url, 999)).rejects.toThrow(/expected an answer of at most 999 bytes, got more/);
  expect(await fetchText(url, 1000)).toHaveLength(1000);
});

it('tells refusals apart, without what stands behind the question mark', async () => {
  for (const [status, code] of [
    [404, 'NOT_FOUND'],
    [401, 'DOWNLOAD'],
  ] as const) {
    answer = (_, response) => response.writeHead(status).end();
    const error = await download(url, path).catch((thrown) => thrown);
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(new RegExp(`^127\\.0\\.0\\.1:\\d+/file: expected a file, got status ${status}; `));
  }
});

it('waits for an answer, and for the middle of it, only so long', async () => {
  answer = () => {};
  await expect(fetchText(url, 10, { answerMs: 50 })).rejects.toThrow(/expected an answer, got nothing for 0.05 s/);
  answer = (_, response) => response.writeHead(200).write('x');
  await expect(fetchText(url, 10, { idleMs: 50 })).rejects.toThrow(/got nothing for 0.05 s/);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await expect(fetchText(url, 10)).rejects.toThrow(/expected an answer, got (ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET)/);
  server.listen(0);
});

it('asks one that never answers once', async () => {
  answer = () => {};
  await expect(download(url, path, { answerMs: 50 })).rejects.toThrow(/expected an answer, got nothing for 0.05 s/);
  expect(ranges).toEqual([undefined]);
  // One that has given something is asked again.
  answer = (request, response) => {
    if (ranges.length !== 3) serve(request, response, startOf(request) + 40_000);
  };
  await download(url, path, { answerMs: 1000, sizeBytes: body.length });
  expect(body.equals(await readFile(path))).toBe(true);
  expect(ranges.slice(1)).toEqual([undefined, 'bytes=40000-', 'bytes=40000-', 'bytes=80000-']);
});

it('stops when it is told to, with the reason it was given', async () => {
  const stop = new AbortController();
  answer = (_, response) => {
    response.writeHead(200).write('x');
    stop.abort(new Error('enough'));
  };
  await expect(download(url, path, { signal: stop.signal })).rejects.toThrow('enough');
});
