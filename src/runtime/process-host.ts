import { CancelledError } from './errors.ts';
import { forkService } from './fork-service.ts';
import type { Host } from './host.ts';

/** How long a cancelled engine may finish what it is computing before it is killed. */
export const CANCEL_AFTER_MS = 1500;

// Buffers that are freed one by one fragment glibc's heap (a step that needs 82 MB took 915) unless large ones go back to the system. Elsewhere this says nothing.
const RETURNING = [process.env.GLIBC_TUNABLES, 'glibc.malloc.mmap_threshold=1048576', 'glibc.malloc.hugetlb=1'].filter(Boolean).join(':');

/**
 * A host in a process of its own.
 *
 * @param leastMemory  give freed buffers back to the system at once, at the price of mapping new ones
 * @param quiet  drop what native libraries print
 * @throws EngineError when the process does not start
 */
export async function forkHost({ quiet = false, leastMemory = false } = {}): Promise<Host & { readonly pid: number }> {
  const { pid, call, ...child } = await forkService<Host>('./child', import.meta.url, {
    quiet,
    ...(leastMemory && { env: { ...process.env, GLIBC_TUNABLES: RETURNING } }),
  });
  return {
    pid,
    load: (id, request) => call('load', id, request),
    unload: (id) => call('unload', id),
    run: (id, request) => call('run', id, request),
    put: (tensors) => call('put', tensors),
    get: (names) => call('get', names),
    drop: (names) => call('drop', names),
    async cancel() {
      child.forget(new CancelledError('engine: this call was cancelled before it began'));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), CANCEL_AFTER_MS);
      });
      const asked = child.overtake('cancel').catch(() => {});
      const answer = await Promise.race([asked, late]);
      clearTimeout(timer);
      if (answer === 'late')
        await child.kill(new CancelledError('engine: this call was cancelled while it ran, and its engine ended with it; open another engine'));
    },
    close: (reason) => child.kill(reason),
  };
}
