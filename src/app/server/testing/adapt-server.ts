import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { openStore, type Store } from '../../../knowledge/index.ts';
import { localAdapting } from '../../adapt/local-adapting.ts';
import { openLanguageModelApart } from '../../language-model/index.ts';
import { ownHome } from '../../testing/own-home.ts';
import { writeTinyModel } from '../../testing/tiny-language-model.ts';
import { type Adapting, createServer, type LocalModels, type LyceumServer, type Run, type Upload } from '../index.ts';

const headers = { host: '127.0.0.1:7700' };
const colours = ['red', 'blue', 'green', 'grey', 'black', 'white'];
/** Forty short instructions of two kinds. */
export const colourSamples = Array.from({ length: 40 }, (_, i) => ({
  instruction: `Colour ${i}?`,
  output: colours[i % 6],
  kind: i % 2 === 0 ? 'even' : 'odd',
}));
export const lines = (records: readonly unknown[]): string =>
  records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n');

/** A server without a socket that teaches a tiny model, for the tests of a file. */
export interface AdaptServer {
  readonly path: string;
  /** Name of the tiny model. */
  readonly tiny: string;
  server: LyceumServer;
  make(dir?: string, changes?: Partial<Adapting>): LyceumServer;
  ask(path: string, method?: string, body?: object): Response | Promise<Response>;
  upload(name: string, text: string): Promise<string>;
  /** Waits until a run is over, or as far as wanted. */
  ended(run: Run, isEnough?: (run: Run) => boolean): Promise<Run>;
}

export const json = async <T>(answer: Response | Promise<Response>): Promise<T> => (await (await answer).json()) as T;
export const errorOf = async (answer: Response | Promise<Response>): Promise<readonly [status: number, code: string, message: string]> => {
  const given = await answer;
  const { error } = await json<{ error: { code: string; message: string } }>(given);
  return [given.status, error.code, error.message];
};

/** Starts it before the tests and ends it after them. */
export const adaptServer = (): AdaptServer => {
  const own = ownHome();
  let store: Store;
  const models = (tiny: string): LocalModels => ({
    list: async () => ({
      models: [
        { name: tiny, sizeBytes: 1, licence: null, family: 'llama', parameters: 2, context: 256, generates: true },
        { name: 'minilm', sizeBytes: 1, licence: null, family: 'bert', parameters: 2, context: 256, generates: false },
      ],
      available: [],
    }),
    open: (name, { slots, signal, adapter }) => openLanguageModelApart(name, { threads: 1, slots, ...(adapter !== undefined && { adapter }) }, { signal }),
  });
  const served: AdaptServer = {
    get path() {
      return own.path;
    },
    get tiny() {
      return join(own.path, 'tiny');
    },
    server: undefined as never,
    make: (dir = join(own.path, 'workspace'), changes = {}) =>
      createServer({
        webDir: own.path,
        uploadDir: join(dir, 'uploads'),
        models: models(join(own.path, 'tiny')),
        adapting: { ...localAdapting({ dir, threads: 1 }), ...changes },
        workspace: { name: 'papers', store, read: () => Promise.reject(new Error('no')) },
      }),
    ask: (path, method = 'GET', body) =>
      served.server.app.request(path, {
        method,
        headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      }),
    async upload(name, text) {
      const answer = await served.server.app.request(`/api/uploads?name=${encodeURIComponent(name)}`, {
        method: 'PUT',
        headers: { ...headers, 'content-type': 'application/octet-stream' },
        body: text,
      });
      return (await json<Upload>(answer)).id;
    },
    async ended({ id }, isEnough = () => false) {
      for (;;) {
        const run = await json<Run>(served.ask(`/api/runs/${id}`));
        if (run.endedAt !== null || isEnough(run)) return run;
        await sleep(20);
      }
    },
  };
  beforeAll(async () => {
    await writeTinyModel(served.tiny);
    store = await openStore(':memory:');
    served.server = served.make();
  });
  afterAll(async () => {
    await served.server[Symbol.asyncDispose]();
    await store.close();
  });
  return served;
};
