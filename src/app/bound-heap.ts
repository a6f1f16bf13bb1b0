import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps the heap of a process that serves for days, or trains a model, near what it holds. Left alone V8 doubles the room for new objects whenever much of it survives (to 130 MB under a crowd, for good), and first collects
 * the old ones when they are several times what lives, which may take an hour. Both flags are read at every collection; the room for old objects follows what lives only after a first one, which is made
 * `afterMs` from here, so that short commands do not pay for it.
 */
export function boundHeap(afterMs = 5000): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
  setTimeout(collect, afterMs).unref();
}

const collect = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
};
