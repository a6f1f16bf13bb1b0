import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Limits, LoadError, type ParsedText, spellSize } from './document.ts';
import { type Format, parseWhole } from './formats.ts';
import type { ParseAnswer, ParseRequest } from './parse-process.ts';
import type { PageItems } from './pdf.ts';
import { assemblePdf } from './pdf-text.ts';

export interface Parser extends AsyncDisposable {
  /**
   * The text of one file's bytes.
   *
   * @throws LoadError; the signal's reason when it fires
   */
  parse(format: Format, bytes: Buffer, signal?: AbortSignal): Promise<ParsedText>;
}

// The child reads its own program and nothing else; it may not write, start processes or load native code.
const start = (memoryBytes: number): ChildProcess =>
  fork(fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './parse-process.ts' : './parse-process.js', import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${Math.ceil(memoryBytes / 1024 / 1024)}`, '--permission', '--allow-fs-read=*'],
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });

// Resident size, where the system tells it cheaply; typed arrays do not count against the heap limit that the child has.
const residentBytes = async (pid: number): Promise<number> => {
  if (process.platform !== 'linux') return 0;
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
  return Number(text.split(' ')[1] ?? 0) * 4096;
};

type Ending = { readonly type: 'done'; readonly parsed: ParsedText | undefined } | { readonly type: 'failed'; readonly error: LoadError };

/** Parses in a child process that is started when first needed, used for many files, and killed when a step takes too long or too much memory. */
export const openParser = (limits: Limits): Parser => {
  let child: ChildProcess | undefined;
  let giveUp: ((error: LoadError) => void) | undefined;
  let closed: LoadError | undefined;
  const stop = () => {
    child?.removeAllListeners();
    child?.kill('SIGKILL');
    child = undefined;
  };

  // Runs one request to its end; a child that had to be killed counts as an end.
  const ask = (request: ParseRequest, heard: (answer: ParseAnswer) => void, signal: AbortSignal | undefined): Promise<Ending> =>
    new Promise((resolve, reject) => {
      if (closed) return resolve({ type: 'failed', error: closed });
      if (child && !child.connected) stop();
      child ??= start(limits.memoryBytes);
      const running = child;
      let timer: NodeJS.Timeout;
      const settle = (act: () => void) => {
        giveUp = undefined;
        clearTimeout(timer);
        clearInterval(watch);
        signal?.removeEventListener('abort', aborted);
        running.removeAllListeners();
        act();
      };
      const fail = (error: LoadError) =>
        settle(() => {
          stop();
          resolve({ type: 'failed', error });
        });
      const tooMuch = () => new LoadError('MEMORY', `expected to read the file within ${spellSize(limits.memoryBytes)} of memory, needed more; split the file`);
      const wind = () => {
        clearTimeout(timer);
        timer = setTimeout(
          () =>
            fail(
              new LoadError(
                'TIMEOUT',
                `expected to read the file in steps of at most ${limits.stepMs / 1000} s, took longer; open it in its program and save it again, or split it`,
              ),
            ),
          limits.stepMs,
        );
      };
      const aborted = () =>
        settle(() => {
          stop();
          reject(signal!.reason);
        });
      const watch = setInterval(async () => {
        if ((await residentBytes(running.pid ?? 0)) > limits.memoryBytes && child === running) fail(tooMuch());
      }, 100);
      giveUp = fail;
      if (signal?.aborted) return aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      running.on('message', (answer: ParseAnswer) => {
        wind();
        if (answer.type === 'done') settle(() => resolve(answer));
        else if (answer.type === 'failed') settle(() => resolve({ type: 'failed', error: new LoadError(answer.code, answer.message) }));
        else heard(answer);
      });
      running.on('error', (cause) => fail(new LoadError('IO', `expected a parser process, got ${cause.message}; try again`, { cause })));
      // Node ends itself with SIGABRT when its heap is full.
      running.on('exit', (code, why) =>
        fail(
          why === 'SIGABRT' || code === 134
            ? tooMuch()
            : new LoadError('FORMAT', `expected a file that its parser survives, but it ended with ${why ?? code}; save the file again`),
        ),
      );
      wind();
      running.send(request);
    });

  const parsePdf = async (bytes: Buffer, signal: AbortSignal | undefined): Promise<ParsedText> => {
    const pages: PageItems[] = [];
    const failedPages: { page: number; reason: string }[] = [];
    let total = 0;
    let title: string | undefined;
    let current = 0;
    let characters = 0;
    let fromPage = 1;
    for (let kills = 0; ; ) {
      const ending = await ask(
        { format: 'pdf', bytes, limits, fromPage },
        (answer) => {
          if (answer.type === 'opened') [total, title] = [answer.pages, answer.title];
          if (answer.type === 'starting') current = answer.page;
          if (answer.type === 'page-failed') failedPages.push({ page: answer.page, reason: answer.reason });
          if (answer.type === 'page') {
            pages.push(answer.items);
            for (const item of answer.items.items) characters += item.text.length;
          }
        },
        signal,
      );
      if (characters > limits.characters)
        throw new LoadError('TOO_LARGE', `expected at most ${limits.characters} characters of text, got more; split the file`);
      if (ending.type === 'done') break;
      // A page that had the process killed is given up; the pages after it are read by a fresh one.
      if (current < fromPage) throw ending.error;
      failedPages.push({ page: current, reason: ending.error.message });
      if (current >= total) break;
      if (++kills >= 3) {
        for (let page = current + 1; page <= total; page++) failedPages.push({ page, reason: 'not tried, after three pages that could not be read' });
        break;
      }
      fromPage = current + 1;
    }
    return assemblePdf({ pages, failedPages, title });
  };

  return {
    async parse(format, bytes, signal) {
      signal?.throwIfAborted();
      if (!format.apart) return parseWhole(format.name, bytes, limits);
      if (format.name === 'pdf') return parsePdf(bytes, signal);
      const ending = await ask({ format: format.name, bytes, limits, fromPage: 1 }, () => undefined, signal);
      if (ending.type === 'failed') throw ending.error;
      return ending.parsed!;
    },
    async [Symbol.asyncDispose]() {
      closed = new LoadError('IO', 'expected to finish the file, was closed before; read again');
      giveUp?.(closed);
      stop();
    },
  };
};
