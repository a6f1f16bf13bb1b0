import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import type { LanguageModel, ModelLoad } from '../../language-model/index.ts';
import { guard, requireToken } from '../guard.ts';
import { securityHeaders } from '../headers.ts';
import { createAdmission } from './admission.ts';
import { defaultServingLimits, type ServedEmbedder, type Serving, type ServingApp, type ServingEnv, type ServingLimits, type ServingRoute } from './context.ts';
import { createFairQueue } from './fair-queue.ts';
import { answerRefusal, Refusal, type RefusalStatus, refusalOf } from './refusal.ts';
import { chatCompletionsRoute } from './routes/chat-completions.ts';
import { completionsRoute } from './routes/completions.ts';
import { embeddingsRoute } from './routes/embeddings.ts';
import { healthRoute } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';
import { modelsRoute } from './routes/models.ts';
import { createServingMetrics } from './serving-metrics.ts';

const routes: readonly ServingRoute[] = [modelsRoute, chatCompletionsRoute, completionsRoute, embeddingsRoute, healthRoute, metricsRoute];
const paths = new Set(['/v1/models', '/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/health', '/metrics']);

export interface ModelServerOptions {
  readonly model: LanguageModel;
  /** Slots that the model was opened with. */
  readonly slots: number;
  readonly embedder?: ServedEmbedder;
  /** The address it will listen on; default loopback. Any other needs a token. */
  readonly host?: string;
  readonly token?: string;
  /** Names besides the address under which clients reach it, for instance behind a proxy. */
  readonly names?: readonly string[];
  readonly limits?: Partial<ServingLimits>;
  /** Requests may choose the policy of the guard that the model was opened with, or none: for who asks in person, not for who guards others. Default false. */
  readonly guardChoice?: boolean;
  /** Gets every unexpected error; default standard error. */
  readonly onError?: (error: unknown) => void;
  /** Called once when the model's process has ended by itself. */
  readonly onLost?: () => void;
}

/** The OpenAI side of a model, without a socket. The model and the embedder stay open. */
export interface ModelServer {
  readonly app: ServingApp;
  readonly serving: Serving;
  /** Refuses what is new, waits for what is under way, and after `withinMs` cuts it. Resolves when nothing is under way. */
  drain(withinMs: number): Promise<void>;
}

/** Builds the server. @throws ConfigError for an address other than loopback without a token */
export function createModelServer(options: ModelServerOptions): ModelServer {
  const { model, embedder, slots, host = '127.0.0.1', token, names, guardChoice = false } = options;
  requireToken(host, token);
  const limits = { ...defaultServingLimits, ...options.limits };
  const admission = createAdmission(limits);
  const queue = createFairQueue({ slots, most: limits.waiting });
  const embeddings = createFairQueue({ slots: 1, most: limits.waiting });
  const cut = new AbortController();
  let state: 'ready' | 'draining' | 'lost' = 'ready';
  let load: ModelLoad | undefined;
  const metrics = createServingMetrics({ info: model.info, queue, embeddings, load: () => load, openRequests: () => admission.open });
  const serving: Serving = {
    model,
    embedder,
    limits,
    guardChoice,
    admission,
    queue,
    embeddings,
    metrics,
    startedAt: Math.floor(Date.now() / 1000),
    cut: cut.signal,
    state: () => state,
    async load() {
      // A step of the model, which may take a second, comes first.
      const patience = sleep(2000, undefined, { ref: false });
      load = (await Promise.race([model.load().catch(() => undefined), patience])) ?? load;
      return load;
    },
    failed(error) {
      const { status, details } = refusalOf(error);
      if (details.code === 'model_lost' && state !== 'lost') {
        state = 'lost';
        options.onLost?.();
      }
      if (status === 500) (options.onError ?? ((unexpected) => console.error(unexpected)))(error);
    },
  };

  const app = new Hono<ServingEnv>();
  app.use(async (c, next) => {
    await next();
    const { path } = c.req;
    const route = paths.has(path) ? path : path.startsWith('/v1/models/') ? '/v1/models/{id}' : 'other';
    // What is left of a body would be taken for the next request.
    if (!['GET', 'HEAD'].includes(c.req.method) && !c.get('ticket')?.bodyRead) c.res.headers.set('Connection', 'close');
    metrics.requests.add(1, { route, status: c.res.status });
  });
  app.use(securityHeaders);
  app.use(
    guard({
      host,
      token,
      names,
      isData: (path) => path !== '/health',
      refuse: (c, status, code, message) => answerRefusal(c, new Refusal(status as RefusalStatus, message, { code: code.toLowerCase() })),
    }),
  );
  app.use(async (c, next) => {
    c.header('Cache-Control', 'no-store');
    if (state !== 'ready' && c.req.method === 'POST') {
      if (state === 'lost') throw refusalOf({ code: 'ENGINE' });
      throw new Refusal(503, 'server: expected requests before it closes, got one after; ask again later', { code: 'shutting_down', retryAfterSeconds: 5 });
    }
    const ticket = admission.enter();
    c.set('ticket', ticket);
    try {
      await next();
    } finally {
      if (!ticket.streams) ticket.close();
    }
  });
  for (const route of routes) route(app, serving);
  app.notFound((c) => {
    const known = paths.has(c.req.path);
    return answerRefusal(
      c,
      known
        ? new Refusal(405, `${c.req.path}: expected the other of GET and POST, got ${c.req.method}; see the guide`, { code: 'method_not_allowed' })
        : new Refusal(404, `path: expected one of ${[...paths].join(', ')}, got ${JSON.stringify(c.req.path.slice(0, 200))}; see the guide`, {
            code: 'not_found',
          }),
    );
  });
  app.onError((error, c) => {
    const refusal = refusalOf(error);
    serving.failed(error);
    return answerRefusal(c, refusal);
  });

  return {
    app,
    serving,
    async drain(withinMs) {
      if (state === 'ready') state = 'draining';
      const closing = new Refusal(503, 'server: expected time to finish this answer, got none left, the server closes; ask again later', {
        code: 'shutting_down',
        retryAfterSeconds: 5,
      });
      const timer = setTimeout(() => cut.abort(closing), withinMs);
      await admission.empty();
      clearTimeout(timer);
    },
  };
}
