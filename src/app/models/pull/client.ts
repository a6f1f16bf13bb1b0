import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DownloadError } from '../../../formats/index.ts';

export interface ClientRun {
  /** What the client is to fetch, for messages. */
  readonly what: string;
  /** Ways to call it, the first that is there is taken. */
  readonly commands: readonly (readonly [string, ...string[]])[];
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where what it fetches can be seen to grow. */
  readonly watched: string;
  /** Longest time in which nothing grows there. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (done: number) => void;
  /** Hears every line of the client's; where it rejects, the client is stopped. */
  readonly onLine?: (line: string) => Promise<void>;
}

const pollMs = 250;
const noteBytes = 16_384;

/**
 * Lets a client of the user's (npm, pip) fetch something, with its own settings of registry, proxy and certificates. It gets no terminal and no shell.
 *
 * @returns the last of what it said
 * @throws DownloadError: none of the commands is there, it failed, or nothing grew for too long · what `onLine` rejects with
 */
export async function runClient(run: ClientRun): Promise<string> {
  for (const [command, ...first] of run.commands) {
    const said = await start(command, [...first, ...run.args], run);
    if (said !== undefined) return said;
  }
  const names = run.commands.map((parts) => parts.join(' '));
  throw new DownloadError(`${run.what}: expected ${names.join(' or ')} on this machine, got none; install it, or take the model from another source`);
}

/** @returns what it said; undefined where there is no such program */
function start(command: string, args: readonly string[], run: ClientRun): Promise<string | undefined> {
  const { what, signal, watched } = run;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    // On Windows these clients are batch files, which only a shell runs; the arguments are names, versions and paths of ours.
    const batch = process.platform === 'win32';
    const child = spawn(command, batch ? args.map((arg) => `"${arg}"`) : [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...run.env },
      shell: batch,
      windowsHide: true,
      detached: !batch, // a group of its own, so that whatever it starts ends with it
    });
    let [said, begun] = ['', ''];
    let refusal: { readonly error: unknown } | undefined;
    const listen = (chunk: Buffer) => {
      const text = chunk.toString('utf8');
      said = (said + text).slice(-noteBytes);
      const lines = `${begun}${text}`.split('\n');
      begun = lines.pop()!.slice(-noteBytes);
      for (const line of lines)
        run.onLine?.(line).catch((error: unknown) => {
          refusal ??= { error };
          stop();
        });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);

    let silent = false;
    const kill = (name: NodeJS.Signals) => {
      try {
        if (batch) child.kill(name);
        else process.kill(-child.pid!, name);
      } catch {
        // it has ended already
      }
    };
    let last: NodeJS.Timeout | undefined;
    const stop = () => {
      kill('SIGTERM');
      last ??= setTimeout(() => kill('SIGKILL'), 1000);
    };
    let [seen, since] = [0, performance.now()];
    const timer = setInterval(async () => {
      const bytes = await bytesBelow(watched);
      if (bytes > seen) {
        [seen, since] = [bytes, performance.now()];
        run.onBytes?.(bytes);
      } else if (performance.now() - since > run.silenceMs && !silent) {
        silent = true;
        stop();
      }
    }, pollMs);
    signal?.addEventListener('abort', stop);
    const end = (settle: () => void) => {
      clearInterval(timer);
      clearTimeout(last);
      signal?.removeEventListener('abort', stop);
      settle();
    };
    child.on('error', (error: NodeJS.ErrnoException) =>
      end(() =>
        error.code === 'ENOENT' || error.code === 'EACCES'
          ? resolve(undefined)
          : reject(new DownloadError(`${what}: expected ${command} to start, got ${error.message}; mend it`, { cause: error })),
      ),
    );
    child.on('close', (code) =>
      end(() => {
        if (signal?.aborted) reject(signal.reason);
        else if (refusal) reject(refusal.error);
        else if (silent) reject(new DownloadError(`${what}: expected ${command} to fetch it, got nothing for ${run.silenceMs / 1000} s; check the network`));
        else if (code === 0) resolve(said);
        else if (isMissing(code, said)) resolve(undefined);
        else
          reject(
            new DownloadError(
              `${what}: expected ${command} to fetch it, got ${JSON.stringify(lastWords(said) || `exit code ${code}`)}; check the network, and its settings`,
            ),
          );
      }),
    );
  });
}

/** A shim of a version manager, a shell on Windows, or a Python without pip. */
const isMissing = (code: number | null, said: string): boolean =>
  code === 127 || (code === 9009 && process.platform === 'win32') || (code === 1 && /No module named pip\b/.test(said));

/** The line that says why, without names and passwords in addresses. */
const lastWords = (said: string): string => {
  const lines = said.split('\n').filter((line) => line.trim() !== '' && !/^npm (error|ERR!) (A complete log|Log files|.*_logs)/i.test(line));
  const told =
    lines.findLast((line) => /^\s*error/i.test(line)) ?? lines.find((line) => /^npm (error|ERR!) (?!code|errno|syscall)/i.test(line)) ?? lines.at(-1) ?? '';
  return told
    .trim()
    .replace(/\/\/[^/\s@]*@/g, '//')
    .slice(0, 300);
};

async function bytesBelow(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []))
    if (entry.isFile())
      sum += await stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      );
  return sum;
}
