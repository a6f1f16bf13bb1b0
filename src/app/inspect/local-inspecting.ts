import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '../../core/index.ts';
import { BusyError } from '../../knowledge/index.ts';
import { CancelledError, type Forked, forkService } from '../../runtime/index.ts';
import type { JobOutcome, JobProgress } from '../jobs.ts';
import { resolveModel } from '../models/resolve-model.ts';
import type { AttentionOf, AttentionOfOptions } from './attention-of.ts';
import type { AttributionOf, AttributionOfOptions } from './attribution-of.ts';
import type { HeadsOf, HeadsOfOptions } from './heads-of.ts';
import type { InspectService } from './inspect-child.ts';
import { orionFiles, orionFolder } from './keep-orion.ts';
import { retrievalFiles, retrievalFolder } from './keep-retrieval.ts';
import type { LensOf, LensOfOptions } from './lens-of.ts';
import { type ListedSites, listSites } from './list-sites.ts';
import { runOrionApart } from './orion-apart.ts';
import type { PatchedPair, PatchPairOptions } from './patch-pair.ts';
import { runRetrievalApart } from './retrieval-apart.ts';
import type { RetrievalSettings } from './retrieval-child.ts';
import type { OrionRunSettings } from './run-orion.ts';

/**
 * Looks into models for who must not wait for a computation: one model at a time, in a process of its own, released when nobody has asked for a while. Throws what the use case throws · BusyError for a model while another is looked
 * into.
 */
export interface Inspecting extends AsyncDisposable {
  sites(model: string): Promise<ListedSites>;
  patch(model: string, source: string, target: string, options?: PatchPairOptions): Promise<PatchedPair>;
  lens(model: string, prompt: string, options?: LensOfOptions): Promise<LensOf>;
  /** Puts the retrieval tasks to a model, beside whatever is looked into; what is finished stays where the signal is aborted. @throws as `runOrionApart` */
  orion(model: string, settings: OrionRunSettings, watch: Watch): Promise<JobOutcome>;
  /** What a finished run of those came to, as text: its figures in JSON, or its page. @throws NotFoundError where none is finished */
  orionFile(model: string, file: keyof typeof orionFiles): Promise<string>;
  attention(model: string, prompt: string, options?: AttentionOfOptions): Promise<AttentionOf>;
  attribute(model: string, prompt: string, options?: AttributionOfOptions): Promise<AttributionOf>;
  heads(model: string, options?: HeadsAsked): Promise<HeadsOf>;
  /** Studies how a model fetches an answer, beside whatever is looked into; finished stories stay where the signal is aborted. @throws as `runRetrievalApart` */
  retrieval(model: string, settings: RetrievalSettings, watch: Watch): Promise<JobOutcome>;
  /** What the last finished study came to, as text. @throws NotFoundError where none is finished */
  retrievalFile(model: string, file: keyof typeof retrievalFiles): Promise<string>;
}

interface Watch {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

/** What scores of heads can be asked for from elsewhere: neither cancelled nor followed. */
export type HeadsAsked = Omit<HeadsOfOptions, 'signal' | 'onProgress'>;

interface Held {
  readonly name: string;
  readonly child: Promise<Forked<InspectService>>;
  /** Calls under way. */
  busy: number;
  usedMs: number;
}

export interface LocalInspectingOptions {
  /** Of the workspace: what takes long is kept there. */
  readonly dir: string;
  readonly threads: number;
  readonly idleMs?: number;
}

export const localInspecting = ({ dir, threads, idleMs = 5 * 60_000 }: LocalInspectingOptions): Inspecting => {
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
    async orion(model, settings, watch) {
      const { name } = await resolveModel(model);
      return await runOrionApart(model, { ...settings, threads, folder: orionFolder(dir, name) }, watch);
    },
    async orionFile(model, file) {
      const { name } = await resolveModel(model);
      return await finished('orion', name, join(orionFolder(dir, name), orionFiles[file]));
    },
    async retrieval(model, settings, watch) {
      const { name } = await resolveModel(model);
      return await runRetrievalApart(model, { ...settings, threads, folder: retrievalFolder(dir, name) }, watch);
    },
    async retrievalFile(model, file) {
      const { name } = await resolveModel(model);
      return await finished('retrieval', name, join(retrievalFolder(dir, name), retrievalFiles[file]));
    },
    attention: (model, prompt, options = {}) => ask(model, (child) => child.call('attention', prompt, options)),
    attribute: (model, prompt, options = {}) => ask(model, (child) => child.call('attribute', prompt, options)),
    heads: (model, options = {}) => ask(model, (child) => child.call('heads', options)),
    async [Symbol.asyncDispose]() {
      clearInterval(idle);
      await close();
    },
  };
};

/** A file of a finished run. @throws NotFoundError */
const finished = (what: 'orion' | 'retrieval', model: string, path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new NotFoundError(`inspect ${what}: expected a finished run of ${model}, got none; POST /api/inspect/${what} starts one`);
  });
