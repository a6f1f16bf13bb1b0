export type { ServerContext, Workspace as ServedWorkspace } from './context.ts';
export { createServer, type LyceumServer, type ServerOptions } from './create-server.ts';
export { requireToken } from './guard.ts';
export { type Listening, listen } from './listen.ts';
export type { LocalModel, LocalModels } from './local-models.ts';
export type { ServedEmbedder, ServingLimits } from './openai/context.ts';
export { createModelServer, type ModelServer, type ModelServerOptions } from './openai/create-model-server.ts';
export type * from './schema.ts';
