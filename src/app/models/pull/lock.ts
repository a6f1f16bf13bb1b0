import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const busy = 5; // SQLITE_BUSY
const pollMs = 200;

/** Holds a lock that other processes respect, and that the kernel frees when this one dies: an exclusive transaction on an empty database. Waits for its holder; `onWait` is told once. */
export async function holdLock(path: string, { signal, onWait }: { readonly signal?: AbortSignal; readonly onWait?: () => void } = {}): Promise<Disposable> {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      try {
        database.exec('BEGIN EXCLUSIVE');
        return { [Symbol.dispose]: () => database.close() };
      } catch (error) {
        if (((error as { errcode?: number }).errcode ?? 0) % 256 !== busy) throw error;
      }
      if (tries === 0) onWait?.();
      await sleep(pollMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
    }
  } catch (error) {
    database.close();
    throw error;
  }
}
