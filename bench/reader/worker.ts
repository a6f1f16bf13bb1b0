import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One side of a comparison, in a process of its own: a JSON request a line, a JSON answer a line. */
export interface Worker extends AsyncDisposable {
  readonly name: string;
  /** @throws Error with what the worker said went wrong */
  ask<Answer>(verb: string, request?: object): Promise<Answer>;
}

const openWorker = (name: string, command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Worker => {
  const child: ChildProcessWithoutNullStreams = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints = (complaints + text).slice(-2000);
  });
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  const ended = new Promise<void>((resolve) => {
    const end = (why: string) => {
      for (const one of waiting.splice(0)) one.reject(new Error(`${name}: expected an answer, got ${why}\n${complaints}`));
      resolve();
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code) => end(`the end of the process (status ${code})`));
  });
  return {
    name,
    async ask<Answer>(verb: string, request: object = {}) {
      const line = await new Promise<string>((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify({ do: verb, ...request })}\n`);
      });
      const answer = JSON.parse(line) as Answer & { error?: string };
      if (answer.error !== undefined) throw new Error(`${name}: ${verb}: ${answer.error}`);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
};

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Our side of training and of reading. */
export const openTrainer = (): Worker => openWorker('lyceum', process.execPath, [at('./train-worker.ts')]);
export const openReading = (): Worker => openWorker('lyceum', process.execPath, [at('./read-worker.ts')]);

/** The interpreter that `npm run bench:peers` installs; LYCEUM_PEER_PYTHON names another with the same packages. */
const python = (): string => {
  const installed = at('../peers/venv/bin/python');
  const chosen = process.env.LYCEUM_PEER_PYTHON ?? installed;
  if (!existsSync(chosen)) throw new Error(`bench: expected the peers' Python at ${chosen}, got nothing there; run npm run bench:peers`);
  return chosen;
};

/** PyTorch's side: `bench/peers/reader_peer.py`. */
export const openTorch = (threads: number): Worker =>
  openWorker('torch', python(), [at('../peers/reader_peer.py')], { OMP_NUM_THREADS: String(threads), TOKENIZERS_PARALLELISM: 'false', PYTHONUNBUFFERED: '1' });

/** Our side of the benches of language models. */
export const openLanguage = (): Worker => openWorker('lyceum', process.execPath, [at('../language/language-worker.ts')]);

/** node-llama-cpp, from bench/peers/node_modules. */
export const openLlamaCpp = (): Worker => openWorker('node-llama-cpp', process.execPath, [at('../peers/language_peer.mjs')]);

/** transformers.js, from bench/peers/node_modules, on an ONNX export that the peers' Python writes once. */
export const openTransformersJs = (): Worker =>
  openWorker('transformers.js', process.execPath, [at('../peers/transformers_js_peer.mjs')], { LYCEUM_PEER_PYTHON: python() });

/** PyTorch with transformers: `bench/peers/language_peer.py`. */
export const openTransformers = (threads: number): Worker =>
  openWorker('transformers', python(), [at('../peers/language_peer.py')], {
    OMP_NUM_THREADS: String(threads),
    TOKENIZERS_PARALLELISM: 'false',
    PYTHONUNBUFFERED: '1',
    HF_HUB_OFFLINE: '1',
  });

/** Our side of the bench of sweeps. */
export const openSweeper = (): Worker => openWorker('lyceum', process.execPath, [at('../inspect/sweep-worker.ts')]);

/** Patched runs in PyTorch: `bench/peers/sweep_peer.py`. */
export const openTorchSweeper = (threads: number): Worker =>
  openWorker('transformers', python(), [at('../peers/sweep_peer.py')], { OMP_NUM_THREADS: String(threads), PYTHONUNBUFFERED: '1', HF_HUB_OFFLINE: '1' });

/** Our side of the benches of adapting. */
export const openAdapter = (): Worker => openWorker('lyceum', process.execPath, [at('../adapt/adapt-worker.ts')]);

/** PEFT, and the mixture in PyTorch: `bench/peers/adapt_peer.py`. */
export const openTorchAdapter = (threads: number): Worker =>
  openWorker('torch', python(), [at('../peers/adapt_peer.py')], {
    OMP_NUM_THREADS: String(threads),
    TOKENIZERS_PARALLELISM: 'false',
    PYTHONUNBUFFERED: '1',
    HF_HUB_OFFLINE: '1',
  });
