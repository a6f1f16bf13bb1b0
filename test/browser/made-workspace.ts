import { createServer, type LyceumServer, listen, type ServerOptions } from '../../src/app/server/index.ts';
import { openStore, type Reading, type Store, type Subgraph } from '../../src/knowledge/index.ts';
import { madeReading } from './readings.ts';

export interface MadeWorkspace extends AsyncDisposable {
  readonly url: string;
  readonly store: Store;
  readonly server: LyceumServer;
  /** How often `read` was called, with what. */
  readonly readPaths: string[][];
}

const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

/** A server over a store of made documents; reading adds `added` more, one every `paceMs`, and skips one file. */
export async function makeWorkspace(
  readings: readonly Reading[],
  options: {
    /** Shown instead of the store's own graph. */
    graph?: (store: Store) => Promise<Subgraph>;
    added?: number;
    paceMs?: number;
    port?: number;
    server?: Partial<ServerOptions>;
    mode?: 'read' | 'write';
  } = {},
): Promise<MadeWorkspace> {
  const store = await openStore(':memory:');
  for (let at = 0; at < readings.length; at += 500) await store.addReadings(readings.slice(at, at + 500));
  const { graph } = options;
  const shown = Object.assign(Object.create(store) as Store, options.mode === 'read' && { mode: 'read' as const }, graph && { overview: () => graph(store) });
  const readPaths: string[][] = [];
  const { added = 12, paceMs = 20 } = options;
  const server = createServer({
    webDir: new URL('../../dist/web/', import.meta.url).pathname,
    ...options.server,
    workspace: {
      name: 'papers',
      store: shown,
      sample: 'examples/papers',
      async read(paths, { onProgress, signal }) {
        readPaths.push([...paths]);
        const began = performance.now();
        for (let done = 0; done < added; done++) {
          const seconds = (performance.now() - began) / 1000;
          onProgress({
            stage: 'read',
            done,
            total: added,
            current: `paper-${done}.pdf`,
            perSecond: seconds > 0 ? done / seconds : null,
            secondsLeft: seconds > 0 && done > 0 ? ((added - done) * seconds) / done : null,
          });
          await wait(paceMs, signal);
          await store.addReading(madeReading(100_000 + readPaths.length * 1000 + done));
        }
        return {
          result: { documents: added, sentences: added * 5, seconds: (performance.now() - began) / 1000 },
          skipped: [{ path: 'broken.pdf', code: 'FORMAT', reason: 'expected a PDF, got 0 bytes; give the file again' }],
        };
      },
    },
  });
  const listening = await listen(server.app, { port: options.port ?? 0 });
  return {
    url: listening.url,
    store,
    server,
    readPaths,
    async [Symbol.asyncDispose]() {
      await listening.close();
      await server[Symbol.asyncDispose]();
      await store.close();
    },
  };
}
