import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CancelledError, EngineError, unpackError } from './errors.ts';
import type { Host } from './host.ts';
import type { CallMessage, FromChild } from './protocol.ts';

/** How long a cancelled engine may finish what it is computing before it is killed. */
export const CANCEL_AFTER_MS = 1500;

// Buffers that are freed one by one fragment glibc's heap (a step that needs 82 MB took 915) unless large ones go back to the system. Elsewhere this says nothing.
const RETURNING = [process.env.GLIBC_TUNABLES, 'glibc.malloc.mmap_threshold=1048576', 'glibc.malloc.hugetlb=1'].filter(Boolean).join(':');

// Calls sent ahead of their answers: one works while the next travels. The rest waits on this side, where a cancel reaches it at once.
const AHEAD = 2;

interface Waiting {
  readonly message: CallMessage;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A host in a process of its own: this thread never waits for a computation. The process ends with its parent, however that ends, and leaves Ctrl-C to it.
 *
 * @param leastMemory  give freed buffers back to the system at once, at the price of mapping new ones
 * @param quiet  drop what native libraries print
 * @throws EngineError when the process does not start
 */
export async function forkHost({ quiet = false, leastMemory = false } = {}): Promise<Host & { readonly pid: number }> {
  const entry = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url);
  const child = fork(fileURLToPath(entry), [], {
    serialization: 'advanced',
    execArgv: [],
    env: leastMemory ? { ...process.env, GLIBC_TUNABLES: RETURNING } : process.env,
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', quiet ? 'ignore' : 'inherit', 'ipc'],
  });
  const sent = new Map<number, Waiting>();
  let queue: Waiting[] = [];
  let calls = 0;
  let ended: Error | undefined;
  let ending: Error | undefined;

  const end = (reason: string): void => {
    ended ??=
      ending ??
      new EngineError(`engine: expected a running engine process, got one that ${reason}; open another engine (if memory ran out, use smaller batches)`);
    for (const { reject } of [...sent.values(), ...queue]) reject(ended);
    sent.clear();
    queue = [];
  };
  const post = (waiting: Waiting): void => {
    sent.set(waiting.message.call, waiting);
    child.channel?.ref();
    child.send(waiting.message, (error) => {
      if (error) end(`could not be reached (${error.message})`);
    });
  };
  const advance = (): void => {
    while (sent.size < AHEAD && queue.length > 0) post(queue.shift()!);
    if (sent.size === 0) child.channel?.unref(); // an idle engine does not keep its parent alive
  };
  const started = new Promise<void>((resolve, reject) => {
    child.on('message', (message: FromChild) => {
      if ('ready' in message) return resolve();
      const waiting = sent.get(message.call);
      sent.delete(message.call);
      advance();
      if ('error' in message) waiting?.reject(unpackError(message.error));
      else waiting?.resolve(message.value);
    });
    child.on('error', (error) => reject(new EngineError(`engine: the engine process did not start: ${error.message}`)));
    child.on('exit', (code, signal) => {
      end(signal ? `was ended by ${signal}` : `ended with code ${code}`);
      reject(ended);
    });
  });
  await started;
  child.unref();
  child.channel?.unref();

  const call = <T>(method: keyof Host, ...args: readonly unknown[]): Promise<T> =>
    new Promise<unknown>((resolve, reject) => {
      if (ended) return reject(ended);
      const waiting: Waiting = { message: { call: calls++, method, args }, resolve, reject };
      if (method === 'cancel') return post(waiting); // overtakes what waits
      queue.push(waiting);
      advance();
    }) as Promise<T>;

  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };

  return {
    pid: child.pid!,
    load: (id, request) => call('load', id, request),
    unload: (id) => call('unload', id),
    run: (id, request) => call('run', id, request),
    put: (tensors) => call('put', tensors),
    get: (names) => call('get', names),
    drop: (names) => call('drop', names),
    async cancel() {
      if (ended) return;
      for (const { reject } of queue) reject(new CancelledError('engine: this call was cancelled before it began'));
      queue = [];
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), CANCEL_AFTER_MS);
      });
      const asked = call('cancel').catch(() => {});
      const answer = await Promise.race([asked, late]);
      clearTimeout(timer);
      if (answer !== 'late') return;
      ending = new CancelledError('engine: this call was cancelled while it ran, and its engine ended with it; open another engine');
      await kill();
    },
    async close() {
      ending ??= new EngineError('engine: expected an open engine, got one that was closed; open another engine');
      await kill();
      end('was closed');
    },
  };
}
