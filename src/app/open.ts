import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localAdapting } from './adapt/local-adapting.ts';
import { localGuarding } from './guard/local-guarding.ts';
import { localGuards } from './guard/local-guards.ts';
import { localInspecting } from './inspect/local-inspecting.ts';
import { localModels } from './local-models.ts';
import { type ReadOptions, readPaths } from './read.ts';
import { createServer, listen } from './server/index.ts';
import { openSharedWorkspace } from './shared-workspace.ts';

export interface OpenOptions extends Pick<ReadOptions, 'threads' | 'device' | 'weights'> {
  readonly dir: string;
  readonly quiet: boolean;
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  /** Ask the desktop to open the address. */
  readonly browser: boolean;
}

/** Folder of the built page, in a checkout and in the installed package. */
const webDir = fileURLToPath(new URL('../../dist/web', import.meta.url));
const trainingSample = fileURLToPath(new URL('../../examples/instructions/weather-station.jsonl', import.meta.url));
const samples = fileURLToPath(new URL('../../examples/papers', import.meta.url));

/** Serves the workbench until the process is told to stop; prints its address, alone on its line, on stdout. Answers the exit code. */
export async function serveWorkbench({ dir, quiet, port, host, token, browser, ...reading }: OpenOptions): Promise<number> {
  await using workspace = await openSharedWorkspace(dir);
  const writable = workspace.store.mode === 'write';
  if (!writable && !quiet) process.stderr.write(`${dir} cannot be written; the workbench is opened for looking only\n`);
  await using server = createServer({
    workspace: {
      name: basename(dirname(resolve(dir))),
      store: workspace.store,
      free: () => workspace.write(async () => {}),
      read: (paths, { onProgress, signal }) => workspace.write((own) => readPaths(paths, { workspace: own, ...reading, onProgress, signal })),
      fileOf: (id) => workspace.fileOf(id),
      ...(existsSync(samples) ? { sample: samples } : {}),
    },
    models: localModels(reading),
    inspecting: localInspecting({ dir, threads: reading.threads ?? availableParallelism() }),
    guarding: localGuarding({ threads: reading.threads ?? availableParallelism() }),
    guards: localGuards({ dir }),
    adapting: localAdapting({ dir, threads: reading.threads ?? availableParallelism(), ...(existsSync(trainingSample) && { sample: trainingSample }) }),
    webDir,
    host,
    ...(token === undefined ? {} : { token }),
    ...(writable ? { uploadDir: join(dir, 'uploads') } : {}),
  });
  const listening = await listen(server.app, { port, host });
  const url = token === undefined ? listening.url : `${listening.url}/#token=${encodeURIComponent(token)}`;
  process.stdout.write(`${url}\n`);
  if (!quiet) process.stderr.write('the workbench is open; Ctrl-C closes it\n');
  if (browser && process.stdout.isTTY) openInBrowser(url);
  await new Promise<void>((stop) => {
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
  await listening.close();
  return 0;
}

function openInBrowser(url: string): void {
  const [command, ...args] = process.platform === 'darwin' ? ['open', url] : process.platform === 'win32' ? ['cmd', '/c', 'start', '', url] : ['xdg-open', url];
  const child = spawn(command as string, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {}); // no desktop: the printed address is enough
  child.unref();
}
