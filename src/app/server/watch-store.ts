import type { Store } from '../../knowledge/index.ts';
import type { Notices } from './notices.ts';

const everyMs = 2000;

/** Tells listeners about changes that another process makes (`lyceum read` in a terminal). Answers how to stop. */
export function watchStore(store: Pick<Store, 'stamp'>, notices: Notices): () => void {
  let last: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  async function look(): Promise<void> {
    const now = await store.stamp().catch(() => last);
    if (stopped) return;
    if (last !== undefined && now !== last) notices.publish({ event: 'change', topics: ['documents', 'graph', 'merges'] });
    last = now;
    timer = setTimeout(look, everyMs);
    timer.unref();
  }
  void look();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
