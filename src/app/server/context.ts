import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Store } from '../../knowledge/index.ts';
import type { Guarding } from '../guard/local-guarding.ts';
import type { Inspecting } from '../inspect/local-inspecting.ts';
import type { JobOutcome, JobProgress, Jobs } from '../jobs.ts';
import type { Adapting } from './adapting.ts';
import type { EventStreams } from './event-stream.ts';
import type { HeldModel } from './held-model.ts';
import type { LocalGuards } from './local-guards.ts';
import type { LocalModels } from './local-models.ts';
import type { Notices } from './notices.ts';
import type { Uploads } from './uploads.ts';

/** What the server shows: a store, and how to read more into it. */
export interface Workspace {
  /** Shown in the page's corner, such as the folder's name. */
  readonly name: string;
  readonly store: Store;
  /** Reads files and folders into the store. Answers figures by name and what was left out; rejects with an AbortError once `signal` is aborted. */
  read(paths: readonly string[], options: { onProgress(progress: JobProgress): void; signal: AbortSignal }): Promise<JobOutcome>;
  /** Rejects with BusyError while another process writes, so that no run is started which could only fail. */
  free?(): Promise<void>;
  /** Where the bytes of a document lie now, null where they are gone. They are sent only if their SHA-256 is still `id`. */
  fileOf?(id: string): Promise<string | null>;
  /** A folder of sample documents that an empty page offers to read. */
  readonly sample?: string;
}

export interface ServerContext {
  readonly workspace: Workspace;
  readonly models: LocalModels;
  readonly heldModel: HeldModel;
  readonly adapting: Adapting;
  readonly inspecting: Inspecting;
  readonly guarding: Guarding;
  readonly guards: LocalGuards;
  readonly jobs: Jobs;
  readonly notices: Notices;
  readonly streams: EventStreams;
  readonly uploads: Uploads | null;
  readonly readOnly: boolean;
}

export type App = OpenAPIHono;
/** Adds one route. */
export type Route = (app: App, context: ServerContext) => void;
