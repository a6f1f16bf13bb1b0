import { OpenAPIHono } from '@hono/zod-openapi';
import { NotFoundError } from '../../core/index.ts';
import type { Guarding } from '../guard/local-guarding.ts';
import type { Inspecting } from '../inspect/local-inspecting.ts';
import { createJobs } from '../jobs.ts';
import { version } from '../version.ts';
import type { Adapting } from './adapting.ts';
import type { Route, ServerContext, Workspace } from './context.ts';
import { createEventStreams } from './event-stream.ts';
import { guard, requireToken } from './guard.ts';
import { securityHeaders } from './headers.ts';
import { createHeldModel } from './held-model.ts';
import { defaultLimits, type Limits, limitRequests } from './limits.ts';
import type { LocalGuards } from './local-guards.ts';
import type { LocalModels } from './local-models.ts';
import { createNotices } from './notices.ts';
import { errorAnswer, problem } from './problem.ts';
import { adaptRoute } from './routes/adapt.ts';
import { adaptCombineRoute } from './routes/adapt-combine.ts';
import { adaptLookRoute } from './routes/adapt-look.ts';
import { adaptMatrixRoute } from './routes/adapt-matrix.ts';
import { adaptReportRoute } from './routes/adapt-report.ts';
import { adaptRunsRoute } from './routes/adapt-runs.ts';
import { changeSettingsRoute } from './routes/change-settings.ts';
import { decideMergeRoute } from './routes/decide-merge.ts';
import { documentRoute } from './routes/document.ts';
import { documentFileRoute } from './routes/document-file.ts';
import { documentsRoute } from './routes/documents.ts';
import { entitiesRoute } from './routes/entities.ts';
import { entityRoute } from './routes/entity.ts';
import { eventsRoute } from './routes/events.ts';
import { factRoute } from './routes/fact.ts';
import { factsRoute } from './routes/facts.ts';
import { graphRoute } from './routes/graph.ts';
import { guardScanRoute } from './routes/guard-scan.ts';
import { guardsRoute } from './routes/guards.ts';
import { inspectAttentionRoute } from './routes/inspect-attention.ts';
import { inspectAttributeRoute } from './routes/inspect-attribute.ts';
import { inspectHeadsRoute } from './routes/inspect-heads.ts';
import { inspectLensRoute } from './routes/inspect-lens.ts';
import { inspectOrionRoute } from './routes/inspect-orion.ts';
import { inspectPatchRoute } from './routes/inspect-patch.ts';
import { inspectRetrievalRoute } from './routes/inspect-retrieval.ts';
import { inspectSitesRoute } from './routes/inspect-sites.ts';
import { kindTrendsRoute } from './routes/kind-trends.ts';
import { loadModelRoute } from './routes/load-model.ts';
import { mergesRoute } from './routes/merges.ts';
import { modelsRoute } from './routes/models.ts';
import { readRoute } from './routes/read.ts';
import { releaseModelRoute } from './routes/release-model.ts';
import { removeDocumentRoute } from './routes/remove-document.ts';
import { runRoute } from './routes/run.ts';
import { runEventsRoute } from './routes/run-events.ts';
import { runsRoute } from './routes/runs.ts';
import { searchRoute } from './routes/search.ts';
import { settingsRoute } from './routes/settings.ts';
import { trendsRoute } from './routes/trends.ts';
import { undoDecisionRoute } from './routes/undo-decision.ts';
import { uploadRoute } from './routes/upload.ts';
import { workspaceRoute } from './routes/workspace.ts';
import { staticFiles } from './static.ts';
import { createUploads } from './uploads.ts';
import { watchStore } from './watch-store.ts';

const routes: readonly Route[] = [
  workspaceRoute,
  documentsRoute,
  documentRoute,
  documentFileRoute,
  removeDocumentRoute,
  graphRoute,
  entitiesRoute,
  entityRoute,
  factsRoute,
  factRoute,
  searchRoute,
  mergesRoute,
  decideMergeRoute,
  undoDecisionRoute,
  settingsRoute,
  changeSettingsRoute,
  trendsRoute,
  kindTrendsRoute,
  uploadRoute,
  readRoute,
  modelsRoute,
  loadModelRoute,
  releaseModelRoute,
  adaptLookRoute,
  adaptRoute,
  adaptRunsRoute,
  adaptReportRoute,
  adaptMatrixRoute,
  adaptCombineRoute,
  inspectPatchRoute,
  inspectLensRoute,
  inspectAttentionRoute,
  inspectAttributeRoute,
  inspectHeadsRoute,
  inspectSitesRoute,
  inspectOrionRoute,
  inspectRetrievalRoute,
  guardScanRoute,
  guardsRoute,
  runsRoute,
  runRoute,
  runEventsRoute,
  eventsRoute,
];

export interface ServerOptions {
  readonly workspace: Workspace;
  /** Language models to choose from; default none. */
  readonly models?: LocalModels;
  /** How models are taught; without it none is. */
  readonly adapting?: Adapting;
  /** How models are looked into; without it none is. */
  readonly inspecting?: Inspecting;
  /** How documents are judged; without it none is. */
  readonly guarding?: Guarding;
  /** Guards to choose from; default none. */
  readonly guards?: LocalGuards;
  /** A model that nobody has asked for so long is released. Default 15 minutes. */
  readonly modelIdleMs?: number;
  /** Folder of the built page. */
  readonly webDir: string;
  /** The address it will listen on; default loopback. Any other needs a token. */
  readonly host?: string;
  readonly token?: string;
  /** Where dropped files are kept; without it nothing can be dropped. */
  readonly uploadDir?: string;
  readonly limits?: Partial<Limits>;
  /** Gets every unexpected error; default standard error. */
  readonly onError?: (error: unknown) => void;
}

/** The web side of a workspace, without a socket. Disposing it cancels its runs and ends its model; the store stays open. */
export interface LyceumServer extends AsyncDisposable {
  readonly app: OpenAPIHono;
  readonly context: ServerContext;
}

const noModels: LocalModels = {
  list: async () => ({ models: [], available: [] }),
  open: (name) => Promise.reject(new NotFoundError(`models: expected a server that has models, got one without, asked for ${name}; start \`lyceum open\`.`)),
};

const notTaught = () => Promise.reject(new NotFoundError('adapt: expected a server that teaches models, got one that does not; start `lyceum open`.'));
const noAdapting: Adapting = {
  keep: notTaught,
  documents: notTaught,
  look: notTaught,
  name: notTaught,
  again: notTaught,
  teach: notTaught,
  combinedName: ({ name = '' }) => name,
  combine: notTaught,
  runs: async () => [],
  run: notTaught,
  finished: notTaught,
  compare: notTaught,
  measureMatrix: notTaught,
  matrix: notTaught,
};

const notInspected = () => Promise.reject(new NotFoundError('inspect: expected a server that looks into models, got one that does not; start `lyceum open`.'));
const noInspecting: Inspecting = {
  sites: notInspected,
  patch: notInspected,
  lens: notInspected,
  orion: notInspected,
  orionFile: notInspected,
  attention: notInspected,
  attribute: notInspected,
  heads: notInspected,
  retrieval: notInspected,
  retrievalFile: notInspected,
  [Symbol.asyncDispose]: async () => {},
};

const noGuarding: Guarding = {
  scan: () => Promise.reject(new NotFoundError('guard: expected a server that judges documents, got one that does not; start `lyceum open`.')),
  [Symbol.asyncDispose]: async () => {},
};

const noGuards: LocalGuards = {
  list: async () => [],
  settings: (name) =>
    Promise.reject(new NotFoundError(`guards: expected a server that has guards, got one without, asked for ${name}; start \`lyceum open\`.`)),
};

/** Builds the server. Errors: ConfigError for an address other than loopback without a token. */
export function createServer(options: ServerOptions): LyceumServer {
  const host = options.host ?? '127.0.0.1';
  requireToken(host, options.token);
  const limits = { ...defaultLimits, ...options.limits };
  const jobs = createJobs();
  const notices = createNotices();
  const models = options.models ?? noModels;
  const heldModel = createHeldModel({
    models,
    host,
    ...(options.token !== undefined && { token: options.token }),
    ...(options.modelIdleMs !== undefined && { idleMs: options.modelIdleMs }),
    ...(options.onError && { onError: options.onError }),
    onChange: () => notices.publish({ event: 'change', topics: ['models'] }),
  });
  const context: ServerContext = {
    workspace: options.workspace,
    models,
    heldModel,
    adapting: options.adapting ?? noAdapting,
    inspecting: options.inspecting ?? noInspecting,
    guarding: options.guarding ?? noGuarding,
    guards: options.guards ?? noGuards,
    jobs,
    notices,
    streams: createEventStreams(limits.openStreams),
    uploads: options.uploadDir ? createUploads(options.uploadDir) : null,
    readOnly: options.workspace.store.mode === 'read',
  };
  const stopWatching = watchStore(options.workspace.store, notices);
  const stopRelaying = jobs.watch((job) => notices.publish({ event: 'run', job }));

  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return;
      const issue = result.error.issues[0];
      const where = [result.target, ...(issue?.path ?? [])].join('.');
      return problem(c, 400, 'REQUEST', `${where}: ${issue?.message ?? 'not as described'}; see /api/openapi.json.`);
    },
  });
  app.use(securityHeaders);
  app.use(guard({ host, token: options.token }));
  // These have bounds of their own.
  app.all('/v1/*', (c) => heldModel.answer(c.req.raw, c.env ?? {}));
  for (const limit of limitRequests(limits)) app.use(limit);
  for (const route of routes) route(app, context);
  app.doc31('/api/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Lyceum',
      version: version(),
      description: 'Documents, the knowledge graph made of them, the runs that make it, and the model that answers under /v1 as OpenAI’s does.',
    },
  });
  app.use(staticFiles(options.webDir));
  app.notFound((c) => problem(c, 404, 'NOT_FOUND', `path: expected one of /api/openapi.json, got ${JSON.stringify(c.req.path.slice(0, 200))}.`));
  app.onError((error, c) => {
    // A body that is not JSON is refused by the framework itself.
    if ('status' in error && error.status === 400) return problem(c, 400, 'REQUEST', 'body: expected JSON, got something else; see /api/openapi.json.');
    const answer = errorAnswer(c, error);
    if (answer.status === 500) (options.onError ?? ((unexpected) => console.error(unexpected)))(error);
    return answer;
  });
  return {
    app,
    context,
    async [Symbol.asyncDispose]() {
      stopWatching();
      stopRelaying();
      await jobs[Symbol.asyncDispose]();
      await heldModel[Symbol.asyncDispose]();
      await context.inspecting[Symbol.asyncDispose]();
      await context.guarding[Symbol.asyncDispose]();
    },
  };
}
