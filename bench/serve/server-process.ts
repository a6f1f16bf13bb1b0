import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Command } from '../load/command.ts';

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
}

/** Starts a server that writes its address as a line of its standard output. @throws Error where it ends before */
export const startServer = async ({ name, command, args }: Command): Promise<ServerProcess> => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (bytes) => {
    complaints = (complaints + bytes).slice(-2000);
  });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status) => resolve(`the end of the process (status ${status})`));
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    void ended.then((why) => reject(new Error(`${name}: expected an address, got ${why}\n${complaints}`)));
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
};
