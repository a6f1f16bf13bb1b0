import { Worker } from 'node:worker_threads';
import { packError } from './errors.ts';
import type { CallMessage, FromChild } from './protocol.ts';

/** Answers the parent's calls of a service's methods; for the entry point of a process that `forkService` starts. The process ends with its parent, however that ends. */
export function serveParent(service: object): void {
  const send = (message: FromChild): void => {
    // A parent that is gone in this moment hears nothing; that it is gone is told by 'disconnect'.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };

  // Ctrl-C reaches the whole group of processes; what it means is the parent's to say.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));

  // A run may block this thread for minutes, so another one watches for the parent's death: an orphan is given another parent.
  new Worker(
    `const parent = ${process.ppid};
     const alive = () => { try { process.kill(parent, 0); return true; } catch (error) { return error.code === 'EPERM'; } };
     setInterval(() => { if (process.ppid !== parent || !alive()) process.kill(process.pid, 'SIGKILL'); }, 250);`,
    { eval: true, stdout: false, stderr: false, resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 } },
  ).unref();

  const methods = service as Readonly<Record<string, (...given: readonly unknown[]) => Promise<unknown>>>;
  process.on('message', ({ call, method, args }: CallMessage) => {
    methods[method]!(...args).then(
      (value) => send({ call, value }),
      (error: unknown) => send({ call, error: packError(error) }),
    );
  });

  send({ ready: true });
}
