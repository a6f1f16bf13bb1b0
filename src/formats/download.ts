import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FormatError, LyceumError, NotFoundError } from '../core/index.ts';

/** A source that did not answer, refused, or broke off. What came is kept where the transfer can go on. */
export class DownloadError extends LyceumError {
  readonly code = 'DOWNLOAD';
  /** HTTP status, where there was one. */
  readonly status: number | undefined;
  constructor(message: string, { status, cause }: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
  }
}

export interface DownloadOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** What the whole file has; more is refused. */
  readonly sizeBytes?: number;
  /** Longest silence, before the answer and in the middle of it. Defaults: 10 s, 30 s. */
  readonly answerMs?: number;
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (done: number) => void;
}

const triesWithoutProgress = 3;
const firstPauseMs = 500;
const defaultAnswerMs = 10_000;

/**
 * Fetches a file by HTTP, and goes on where an earlier transfer into the same file broke off (a Range request; a server that knows none sends it anew). A connection that breaks is opened again
 * as long as bytes come. The file at `path` may be whole, cut short or, where its origin has changed, wrong afterwards: whoever relies on it checks its hash.
 *
 * @throws DownloadError: no answer, a refusal (`status`), broken off for good · NotFoundError: 404 or 410 · FormatError: more bytes than `sizeBytes` · what the file system says
 */
export const download = async (url: string, path: string, options: DownloadOptions = {}): Promise<void> => {
  const { sizeBytes, answerMs = defaultAnswerMs, signal } = options;
  const file = await open(path, 'a+'); // makes it where it is missing; what is there stays
  const startMs = performance.now();
  let answered = false;
  try {
    for (let tries = 1, pauseMs = firstPauseMs; ; tries++) {
      const before = await sizeToKeep(file, sizeBytes);
      options.onBytes?.(before);
      if (before === sizeBytes) break;
      try {
        await transfer(url, file, before, options);
        break;
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (!(error instanceof DownloadError) || !mayPass(error)) throw error;
        const { size } = await file.stat();
        if (size > before) [tries, pauseMs, answered] = [0, firstPauseMs, true];
        const overdue = !answered && performance.now() - startMs >= answerMs; // who has said nothing so long is asked no more
        if (tries >= triesWithoutProgress || overdue) throw error;
      }
      await sleep(pauseMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
      pauseMs *= 2;
    }
    await file.sync();
  } finally {
    await file.close();
  }
};

/** A whole answer of at most `limitBytes`, as text. Errors: as `download`. */
export const fetchText = async (url: string, limitBytes: number, options: DownloadOptions = {}): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let done = 0;
  const { body } = await ask(url, {}, options);
  for await (const chunk of body) {
    done += chunk.length;
    if (done > limitBytes) throw new FormatError(`${hostOf(url)}: expected an answer of at most ${limitBytes} bytes, got more; ask another server`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const sizeToKeep = async (file: FileHandle, sizeBytes: number | undefined): Promise<number> => {
  const { size } = await file.stat();
  if (sizeBytes === undefined || size <= sizeBytes) return size;
  await file.truncate(0);
  return 0;
};

const transfer = async (url: string, file: FileHandle, have: number, options: DownloadOptions): Promise<void> => {
  const { status, range, body } = await ask(url, have > 0 ? { range: `bytes=${have}-` } : {}, options);
  let at = have;
  if (status === 416 || (status === 206 && !range?.startsWith(`bytes ${have}-`)) || (status === 200 && have > 0)) {
    // The server has no such part of it: from the beginning.
    await file.truncate(0);
    at = 0;
    if (status !== 200) {
      await body.return(undefined);
      if (have === 0) throw new DownloadError(`${hostOf(url)}: expected the file, got a part that was not asked for; try another server`);
      return await transfer(url, file, 0, options);
    }
  }
  for await (const chunk of body) {
    if (options.sizeBytes !== undefined && at + chunk.length > options.sizeBytes)
      throw new FormatError(`${hostOf(url)}: expected a file of ${options.sizeBytes} bytes, got more; try another server`);
    await file.appendFile(chunk);
    at += chunk.length;
    options.onBytes?.(at);
  }
  if (options.sizeBytes !== undefined && at < options.sizeBytes)
    throw new DownloadError(`${hostOf(url)}: expected ${options.sizeBytes} bytes, got the end after ${at}; the same command goes on from there`);
};

interface Answer {
  readonly status: number;
  readonly range: string | null;
  readonly body: AsyncGenerator<Uint8Array>;
}

const ask = async (url: string, extra: Readonly<Record<string, string>>, options: DownloadOptions): Promise<Answer> => {
  const { headers, answerMs = defaultAnswerMs, idleMs = 30_000, signal } = options;
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), answerMs);
  const either = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  const told = (error: unknown, waitedMs: number): unknown => {
    if (signal?.aborted) return signal.reason;
    const seconds = waitedMs / 1000;
    const why = silence.signal.aborted ? `nothing for ${seconds} s` : reasonOf(error);
    return new DownloadError(`${hostOf(url)}: expected an answer, got ${why}; check the network, then give the same command again`, { cause: error });
  };
  let response: Response;
  try {
    response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...headers, ...extra }, signal: either });
  } catch (error) {
    throw told(error, answerMs);
  } finally {
    clearTimeout(timer);
  }
  const { status } = response;
  if (!response.ok && status !== 416) {
    await response.body?.cancel().catch(() => undefined);
    const place = `${hostOf(url)}${new URL(url).pathname}`;
    if (status === 404 || status === 410) throw new NotFoundError(`${place}: expected a file, got status ${status}; check the spelling`);
    throw new DownloadError(`${place}: expected a file, got status ${status}; try again later, or another source`, { status });
  }
  const body = async function* (): AsyncGenerator<Uint8Array> {
    if (!response.body) return;
    const reader = response.body.getReader();
    try {
      for (;;) {
        timer = setTimeout(() => silence.abort(), idleMs);
        const { done, value } = await reader.read();
        clearTimeout(timer);
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw told(error, idleMs);
    } finally {
      clearTimeout(timer);
      await reader.cancel().catch(() => undefined);
    }
  };
  return { status, range: response.headers.get('content-range'), body: body() };
};

/** Whether it may go better in a moment. */
const mayPass = ({ status }: DownloadError): boolean => status === undefined || status === 408 || status === 429 || status >= 500;

/** Where it comes from, without user, password and what stands behind `?`. */
const hostOf = (url: string): string => new URL(url).host;

const reasonOf = (error: unknown): string => {
  const { cause, message } = error as { cause?: { code?: unknown; message?: string }; message: string };
  return typeof cause?.code === 'string' ? cause.code : cause?.message || message;
};
