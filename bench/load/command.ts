import { spawn } from 'node:child_process';
import { treeBytes } from './process-tree.ts';

export interface Command {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Ran {
  /** From the start of the process to the first byte of its standard output. */
  readonly firstSeconds: number;
  readonly text: string;
  /** Most that its tree held of what was seen; 0 unless watched. */
  readonly peakBytes: number;
}

const watchMs = 10;

/** Runs a command to its end. Watching its memory costs time: what is watched is not timed. @throws Error where it fails or writes nothing */
export const runCommand = ({ name, command, args, environment }: Command, { watch = false } = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [text, complaints, firstSeconds, peakBytes] = ['', '', 0, 0];
    const watching = watch
      ? setInterval(() => {
          if (child.pid !== undefined) peakBytes = Math.max(peakBytes, treeBytes(child.pid));
        }, watchMs)
      : undefined;
    child.stdout.on('data', (bytes) => {
      if (text === '') firstSeconds = (performance.now() - start) / 1000;
      text += bytes;
    });
    child.stderr.on('data', (bytes) => {
      complaints = (complaints + bytes).slice(-2000);
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearInterval(watching);
      if (status === 0 && text !== '') resolve({ firstSeconds, text, peakBytes });
      else reject(new Error(`${name}: expected text and status 0, got ${JSON.stringify(text)} and ${status ?? signal}\n${complaints}`));
    });
  });
