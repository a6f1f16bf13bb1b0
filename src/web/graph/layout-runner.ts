import type { LayoutInput } from './force-layout.ts';
import type { LayoutUpdate } from './layout-worker.ts';
import workerAddress from './layout-worker.ts?worker&url';

interface ScriptPolicy {
  createScriptURL(address: string): string;
}
interface PolicyMaker {
  createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy;
}

// The page forbids turning text into script; this one address is the exception, and it is ours.
const maker = (globalThis as { trustedTypes?: PolicyMaker }).trustedTypes;
const policy: ScriptPolicy = {
  createScriptURL(address) {
    if (address !== workerAddress) throw new Error('internal: only the layout worker may be loaded');
    return address;
  },
};
const trusted = maker?.createPolicy('lyceum-worker', policy) ?? policy;

/**
 * Lays a graph out in a worker; `onUpdate` gets positions on their way and, with progress 1, the last. Answers how to stop.
 * Positions on their way are lent until the next frame is drawn, then go back to be filled again; the last are the caller's to keep.
 */
export function runLayout(input: LayoutInput, onUpdate: (update: LayoutUpdate) => void): () => void {
  const worker = new Worker(trusted.createScriptURL(workerAddress), { type: 'module', name: 'layout' });
  worker.addEventListener('message', ({ data: update }: MessageEvent<LayoutUpdate>) => {
    const isLast = update.progress === 1;
    if (isLast) worker.terminate();
    onUpdate(update);
    // Asked for after the picture asked for its own, so the frame is drawn first.
    if (!isLast) requestAnimationFrame(() => worker.postMessage(update.positions, [update.positions.buffer]));
  });
  worker.postMessage(input);
  return () => worker.terminate();
}
