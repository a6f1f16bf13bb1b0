import type { GuardSettings } from '../../guard/index.ts';
import type { LanguageModel, ModelInfo, ModelLoad } from '../language-model/index.ts';
import type { LocalModels } from './local-models.ts';
import { createModelServer, type ModelServer } from './openai/create-model-server.ts';
import { errorBody, Refusal } from './openai/refusal.ts';

/** The language model that this server has open: one at most. It answers under `/v1`. */
export interface HeldModel extends AsyncDisposable {
  /** Opens a model, with an adapter and a guard where they are given, in the place of the one before, whose answers under way may end first. Once at a time. Rejects with the signal's reason once it is aborted. */
  hold(name: string, signal: AbortSignal, worn?: { readonly adapter?: WornAdapter | undefined; readonly guard?: WornGuard | undefined }): Promise<ModelInfo>;
  /** Closes it; false where there is none. */
  release(): Promise<boolean>;
  /** Answers a request for `/v1`. */
  answer(request: Request, env: object): Response | Promise<Response>;
  /** What is open now. */
  state(): Promise<HeldState | null>;
}

/** An adapter to open a model with. */
export interface WornAdapter {
  readonly name: string;
  readonly folder: string;
}

/** A guard to open a model with. */
export interface WornGuard {
  readonly name: string;
  readonly settings: GuardSettings;
}

export interface HeldState {
  readonly adapter: string | null;
  readonly guard: string | null;
  readonly info: ModelInfo;
  /** Requests under way. */
  readonly busy: number;
  /** Undefined while its process does not say. */
  readonly load: ModelLoad | undefined;
  readonly idleMs: number;
}

export interface HeldModelOptions {
  readonly models: LocalModels;
  readonly host: string;
  readonly token?: string;
  /** Released after so long without a request. */
  readonly idleMs?: number;
  readonly onError?: (error: unknown) => void;
  /** A model was opened or closed. */
  onChange(): void;
}

interface Held {
  readonly name: string;
  readonly adapter: string | null;
  readonly guard: string | null;
  readonly model: LanguageModel;
  readonly server: ModelServer;
  usedMs: number;
}

const slots = 4; // tabs and programs of one person
const drainMs = 10_000;

export function createHeldModel({ models, host, token, idleMs = 15 * 60_000, onError, onChange }: HeldModelOptions): HeldModel {
  let held: Held | undefined;
  /** Ends when nothing is left of the models before. */
  let closed: Promise<void> = Promise.resolve();

  const close = (withinMs: number): Promise<void> => {
    const going = held;
    if (!going) return closed;
    held = undefined;
    closed = closed.then(async () => {
      await going.server.drain(withinMs);
      await going.model[Symbol.asyncDispose]();
    });
    onChange();
    return closed;
  };

  const idle = setInterval(
    () => {
      if (!held) return;
      if (held.server.serving.admission.open > 0) held.usedMs = performance.now();
      else if (performance.now() - held.usedMs >= idleMs) void close(0);
    },
    Math.min(30_000, idleMs / 4),
  );
  idle.unref();

  return {
    async hold(name, signal, { adapter, guard } = {}) {
      const worn = { adapter: adapter?.name ?? null, guard: guard?.name ?? null };
      if (held?.name === name && held.adapter === worn.adapter && held.guard === worn.guard) return held.model.info;
      await close(drainMs); // first: two models may not fit
      signal.throwIfAborted();
      const model = await models.open(name, { slots, signal, ...(adapter && { adapter: adapter.folder }), ...(guard && { guard: guard.settings }) });
      const server = createModelServer({
        model,
        slots,
        host,
        ...(token !== undefined && { token }),
        ...(onError && { onError }),
        guardChoice: guard !== undefined, // who opened it chose the guard, and may ask without
        onLost: () => void close(0),
      });
      held = { name, ...worn, model, server, usedMs: performance.now() };
      onChange();
      return model.info;
    },
    async release() {
      if (!held) return false;
      await close(drainMs);
      return true;
    },
    answer(request, env) {
      if (!held) return answerWithout(request);
      held.usedMs = performance.now();
      return held.server.app.fetch(request, env);
    },
    async state() {
      if (!held) return null;
      const { model, server, adapter, guard } = held;
      const load = await server.serving.load();
      return { info: model.info, adapter, guard, busy: server.serving.admission.open, load, idleMs };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(idle);
      await close(0);
    },
  };
}

const answerWithout = ({ method, url }: Request): Response => {
  if (method === 'GET' && new URL(url).pathname === '/v1/models') return Response.json({ object: 'list', data: [] });
  const refusal = new Refusal(404, 'model: expected one that is loaded, got none; choose one on the Chat page, or POST its name to /api/models/load', {
    code: 'model_not_found',
    param: 'model',
  });
  // What is left of the body would be taken for the next request.
  return Response.json(errorBody(refusal), { status: refusal.status, headers: { connection: 'close' } });
};
