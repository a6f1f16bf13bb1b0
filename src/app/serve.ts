import { modelFor } from './adapter-model.ts';
import { boundHeap } from './bound-heap.ts';
import type { Embedder } from './embed.ts';
import type { LanguageModelOptions } from './language-model/index.ts';
import { openLanguageModelApart } from './language-model/index.ts';
import { openEmbedderApart } from './open-embedder-apart.ts';
import { createModelServer, listen, requireToken } from './server/index.ts';

export interface ServeOptions extends Required<Pick<LanguageModelOptions, 'threads' | 'device' | 'weights' | 'slots'>> {
  /** Default: that of the adapter, else the usual one. */
  readonly model?: string;
  /** Folder of an adapter; the model is then served under the folder's name. */
  readonly adapter?: string;
  /** Folder of a guard. */
  readonly guard?: string;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  /** Other names under which clients reach it. */
  readonly names: readonly string[];
}

const embedderName = 'minilm';
/** How long answers under way may go on: Ctrl-C stops soon, whoever sends SIGTERM has patience. */
const drainMs = { SIGINT: 1500, SIGTERM: 30_000, lost: 0 };
const silentMs = 660_000; // longer than an answer may take: only who does not read what is there for them is so silent
const connections = 4096; // more than are answered at once, so that each of the rest is told why not

/** Serves a model over HTTP as OpenAI's API until the process is told to stop; prints its address, alone on its line, on stdout. Answers the exit code. */
export async function serveModel(options: ServeOptions): Promise<number> {
  const { adapter, guard, threads, device, weights, slots, quiet, json, port, host, token, names } = options;
  requireToken(host, token); // before a model is loaded
  boundHeap();
  const note = (text: string): void => void (quiet || process.stderr.write(`${text}\n`));
  const stopped = Promise.withResolvers<keyof typeof drainMs>();
  await using model = await openLanguageModelApart(await modelFor(options), {
    threads,
    device,
    weights,
    slots,
    ...(adapter !== undefined && { adapter }),
    ...(guard !== undefined && { guard }),
  });
  await using embedder = lazily(() => openEmbedderApart({ threads, device }));
  const server = createModelServer({
    model,
    slots,
    embedder: { name: embedderName, open: embedder.open },
    host,
    names,
    ...(token === undefined ? {} : { token }),
    onLost: () => stopped.resolve('lost'),
  });
  const listening = await listen(server.app, { port, host, connections, silentMs });
  process.stdout.write(
    json ? `${JSON.stringify({ url: listening.url, baseUrl: `${listening.url}/v1`, model: model.info.name, slots })}\n` : `${listening.url}\n`,
  );
  note(`${model.info.name} (${model.info.weights}) is served at ${listening.url}/v1; Ctrl-C stops it`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.resolve(signal));
  const reason = await stopped.promise;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const { open } = server.serving.admission;
  if (reason === 'lost') process.stderr.write('lyceum: serve: the process of the model ended; if memory ran out, use a smaller model or fewer --slots\n');
  else if (open > 0) note(`finishing what is under way (${open}), ${drainMs[reason] / 1000} s at most; Ctrl-C again ends at once`);
  await server.drain(drainMs[reason]);
  await listening.close(1000);
  return reason === 'lost' ? 1 : 0;
}

/** Opens with the first request, and closes what was opened. */
const lazily = (open: () => Promise<Embedder>): AsyncDisposable & { open(): Promise<Embedder> } => {
  let opened: Promise<Embedder> | undefined;
  return {
    open() {
      opened ??= open().catch((error: unknown) => {
        opened = undefined; // the next request tries again
        throw error;
      });
      return opened;
    },
    async [Symbol.asyncDispose]() {
      await (await opened?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
};
