// Entry point of the engine process: a host behind the channel of its parent.
import { Worker } from 'node:worker_threads';
import { packError } from './errors.ts';
import { createHost } from './host.ts';
import type { CallMessage, FromChild } from './protocol.ts';
import { onnxruntimeVersion } from './session.ts';

const host = createHost();
const send = (message: FromChild): void => {
  if (process.connected) process.send?.(message);
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

process.on('message', ({ call, method, args }: CallMessage) => {
  const work = (host[method] as (...given: readonly unknown[]) => Promise<unknown>)(...args);
  work.then(
    (value) => send({ call, value }),
    (error: unknown) => send({ call, error: packError(error) }),
  );
});

send({ ready: { onnxruntime: onnxruntimeVersion() } });
