import type { Store } from '../../knowledge/index.ts';
import type { Notices } from './notices.ts';

const everyMs = 3000;

/** Tells listeners about changes that another process makes (`lyceum read` in a terminal): looks at the counts while somebody listens. Answers how to stop. */
export function watchStore(store: Pick<Store, 'counts'>, notices: Notices): () => void {
  let last: string | null = null;
  let wait = everyMs;
  let timer: NodeJS.Timeout;
  const again = () => {
    timer = setTimeout(look, wait);
    timer.unref();
  };
  async function look(): Promise<void> {
    if (notices.listeners === 0) {
      last = null;
      again();
      return;
    }
    const began = performance.now();
    const now = await store.counts().then(
      (counts) => JSON.stringify(counts),
      () => last,
    );
    // Counting a large store must not become its main work.
    wait = Math.max(everyMs, (performance.now() - began) * 50);
    if (last !== null && now !== last) notices.publish({ event: 'change', topics: ['documents', 'graph', 'merges'] });
    last = now;
    again();
  }
  again();
  return () => clearTimeout(timer);
}
