import { BusyError } from '../../knowledge/index.ts';
import { CancelledError, type Forked, forkService } from '../../runtime/index.ts';
import type { InspectService } from './inspect-child.ts';
import type { LensOf, LensOfOptions } from './lens-of.ts';
import { type ListedSites, listSites } from './list-sites.ts';
import type { PatchedPair, PatchPairOptions } from './patch-pair.ts';

/**
 * Looks into models for who must not wait for a computation: one model at a time, in a process of its own, released when nobody has asked for a while. Throws what the use case throws · BusyError for a model while another is looked
 * into.
 */
export interface Inspecting extends AsyncDisposable {
  sites(model: string): Promise<ListedSites>;
  patch(model: string, source: string, target: string, options?: PatchPairOptions): Promise<PatchedPair>;
  lens(model: string, prompt: string, options?: LensOfOptions): Promise<LensOf>;
}

interface Held {
  readonly name: string;
  readonly child: Promise<Forked<InspectService>>;
  /** Calls under way. */
  busy: number;
  usedMs: number;
}

export const localInspecting = ({ threads, idleMs = 5 * 60_000 }: { readonly threads: number; readonly idleMs?: number }): Inspecting => {
  let held: Held | undefined;
  const close = async (): Promise<void> => {
    const going = held;
    held = undefined;
    const child = await going?.child.catch(() => undefined);
    await child?.kill(new CancelledError('inspect: this look was cancelled, its model was closed; ask again'));
  };
  const open = async (name: string): Promise<Forked<InspectService>> => {
    const child = await forkService<InspectService>('./inspect-child', import.meta.url);
    await child.call('open', name, { threads }).catch(async (error: unknown) => {
      await child.kill(new CancelledError('inspect: the model could not be opened'));
      throw error;
    });
    return child;
  };
  const ask = async <Answer>(name: string, call: (child: Forked<InspectService>) => Promise<Answer>): Promise<Answer> => {
    if (held && held.name !== name) {
      if (held.busy > 0) throw new BusyError(`inspect: expected one model at a time, got a look into ${held.name} that is under way; try again.`, null);
      await close(); // first: two models may not fit
    }
    held ??= { name, child: open(name), busy: 0, usedMs: 0 };
    const own = held;
    own.busy++;
    try {
      return await call(await own.child);
    } catch (error) {
      // A model that did not open is no model; one whose process has ended is not asked again.
      if (held === own && !(await own.child.then(() => true).catch(() => false))) held = undefined;
      throw error;
    } finally {
      own.busy--;
      own.usedMs = performance.now();
    }
  };
  const idle = setInterval(
    () => {
      if (held && held.busy === 0 && performance.now() - held.usedMs >= idleMs) void close();
    },
    Math.min(30_000, idleMs / 4),
  );
  idle.unref();
  return {
    sites: listSites,
    patch: (model, source, target, options = {}) => ask(model, (child) => child.call('patch', source, target, options)),
    lens: (model, prompt, options = {}) => ask(model, (child) => child.call('lens', prompt, options)),
    async [Symbol.asyncDispose]() {
      clearInterval(idle);
      await close();
    },
  };
};
