import type { Job } from '../jobs.ts';

/** What other tabs are told: that something changed (they fetch it again themselves), or how a run goes. */
export type Notice = { readonly event: 'change'; readonly topics: readonly Topic[] } | { readonly event: 'run'; readonly job: Job };
export type Topic = 'documents' | 'graph' | 'merges' | 'runs' | 'models' | 'adapted';

export interface Notices {
  publish(notice: Notice): void;
  listen(listener: (notice: Notice) => void): () => void;
  readonly listeners: number;
}

export function createNotices(): Notices {
  const listeners = new Set<(notice: Notice) => void>();
  return {
    publish(notice) {
      for (const listener of [...listeners]) listener(notice);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get listeners() {
      return listeners.size;
    },
  };
}
