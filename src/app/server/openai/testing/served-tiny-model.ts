import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LanguageModel, openLanguageModelApart } from '../../../language-model/index.ts';
import { writeTinyModel } from '../../../testing/tiny-language-model.ts';
import { createModelServer, type Listening, listen, type ModelServer, type ModelServerOptions } from '../../index.ts';

export interface Served extends AsyncDisposable {
  readonly model: LanguageModel;
  readonly server: ModelServer;
  readonly listening: Listening;
  readonly url: string;
  /** Another server of the same model. */
  again(options?: Partial<ModelServerOptions>): Promise<Served>;
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
}

/** Serves a tiny model on a free port of this machine. */
export const serveTinyModel = async (options: Partial<ModelServerOptions> & { template?: string; context?: number } = {}): Promise<Served> => {
  const { slots = 4, template, context, ...rest } = options;
  const home = await mkdtemp(join(tmpdir(), 'lyceum-serve-'));
  const folder = await writeTinyModel(join(home, 'tiny'), { ...(template !== undefined && { template }), ...(context !== undefined && { context }) });
  const model = await openLanguageModelApart(folder, { threads: 1, slots });
  const start = async (more: Partial<ModelServerOptions>): Promise<Served> => {
    const server = createModelServer({ model, slots, ...rest, ...more });
    const listening = await listen(server.app, { port: 0, connections: 4096 });
    return {
      model,
      server,
      listening,
      url: listening.url,
      again: start,
      post: (path, body, init = {}) =>
        fetch(`${listening.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: typeof body === 'string' ? body : JSON.stringify(body),
          ...init,
        }),
      [Symbol.asyncDispose]: () => listening.close(),
    };
  };
  const served = await start({});
  return {
    ...served,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
      await rm(home, { recursive: true });
    },
  };
};

/** The data of a stream of events, parsed; the last is the word [DONE] where it came. */
export const eventsOf = async (answer: Response): Promise<unknown[]> =>
  (await answer.text())
    .split('\n\n')
    .filter((block) => block.startsWith('data: '))
    .map((block) => (block === 'data: [DONE]' ? '[DONE]' : JSON.parse(block.slice(6))));
