import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { EngineError, unpackError } from './errors.ts';
import type { CallMessage, FromChild } from './protocol.ts';

export interface ForkOptions {
  /** Drop what native libraries print. */
  readonly quiet?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** Calls sent ahead of their answers. The rest waits on this side, where a cancel reaches it at once. Default 2: one works while the next travels. */
  readonly ahead?: number;
  /** Room V8 may take for young objects before it looks for garbage among them, in MB, three times over. Default: V8's own, 16. */
  readonly youngMb?: number;
}

/** A service in a process of its own: its arguments and answers are copied. */
export interface Forked<Service> {
  readonly pid: number;
  /** Calls a method; calls are begun in the order given. Rejects with the method's error, or with why the process ended. */
  call<Name extends keyof Service & string>(
    method: Name,
    ...args: Service[Name] extends (...given: infer Given) => unknown ? Given : never
  ): Service[Name] extends (...given: never) => infer Answer ? Answer : never;
  /** Like `call`, ahead of calls that have not been sent. */
  overtake(method: keyof Service & string): Promise<unknown>;
  /** Rejects the calls that have not been sent. */
  forget(error: Error): void;
  /** Ends the process, now and without asking it. Calls without an answer reject with `reason`. */
  kill(reason: Error): Promise<void>;
}

interface Waiting {
  readonly message: CallMessage;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts a process whose entry point calls `serveParent`: this thread never waits for what it computes. The process ends with its parent, however that ends,
 * and leaves Ctrl-C to it; an idle one does not keep its parent alive.
 *
 * @param entry  module that lies beside `from`, without its extension
 * @throws EngineError when the process does not start
 */
export async function forkService<Service>(
  entry: string,
  from: string,
  { quiet = false, env = process.env, ahead = 2, youngMb }: ForkOptions = {},
): Promise<Forked<Service>> {
  const child = fork(fileURLToPath(new URL(`${entry}${from.endsWith('.ts') ? '.ts' : '.js'}`, from)), [], {
    serialization: 'advanced',
    execArgv: youngMb === undefined ? [] : [`--max-semi-space-size=${youngMb}`],
    env,
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', quiet ? 'ignore' : 'inherit', 'ipc'],
  });
  const sent = new Map<number, Waiting>();
  let queue: Waiting[] = [];
  let calls = 0;
  let ended: Error | undefined;
  let ending: Error | undefined;

  const forget = (error: Error): void => {
    for (const { reject } of queue) reject(error);
    queue = [];
  };
  const end = (reason: string): void => {
    ended ??=
      ending ??
      new EngineError(`engine: expected a running engine process, got one that ${reason}; open another engine (if memory ran out, use smaller batches)`);
    for (const { reject } of sent.values()) reject(ended);
    sent.clear();
    forget(ended);
  };
  const post = (waiting: Waiting): void => {
    sent.set(waiting.message.call, waiting);
    child.channel?.ref();
    child.send(waiting.message, (error) => {
      if (error) end(`could not be reached (${error.message})`);
    });
  };
  const advance = (): void => {
    while (sent.size < ahead && queue.length > 0) post(queue.shift()!);
    if (sent.size === 0) child.channel?.unref();
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

  const ask = (method: string, args: readonly unknown[], send: (waiting: Waiting) => void): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      send({ message: { call: calls++, method, args }, resolve, reject });
    });
  const inTurn = (waiting: Waiting): void => {
    queue.push(waiting);
    advance();
  };

  return {
    pid: child.pid!,
    call: ((method: string, ...args: readonly unknown[]) => ask(method, args, inTurn)) as unknown as Forked<Service>['call'],
    overtake: (method) => ask(method, [], post),
    forget,
    async kill(reason) {
      ending ??= reason;
      if (child.exitCode === null && child.signalCode === null) {
        child.ref();
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      end('was closed');
    },
  };
}
