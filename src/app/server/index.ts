export type { ServerContext, Workspace as ServedWorkspace } from './context.ts';
export { createServer, type LyceumServer, type ServerOptions } from './create-server.ts';
export { type Listening, listen } from './listen.ts';
export type * from './schema.ts';
