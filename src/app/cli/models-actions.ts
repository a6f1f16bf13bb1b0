// What `lyceum models …` does once its arguments are understood. Each answers the exit code.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { listModels } from '../models/list-models.ts';
import { megabytes } from '../models/pull/source.ts';
import { pullModel } from '../models/pull-model.ts';
import { removeModel } from '../models/remove-model.ts';
import { showModel } from '../models/show-model.ts';
import { cancellation } from './cancellation.ts';
import type { CommonOptions } from './options.ts';
import { type ProgressLine, progressLine } from './progress.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);
const tenths = (bytes: number) => Math.round(bytes / 1e5) / 10;

export async function pull(
  model: string,
  { name, acceptLicence }: { readonly name?: string; readonly acceptLicence?: boolean },
  common: CommonOptions,
): Promise<number> {
  const { json, quiet } = common;
  using stop = cancellation('run the same command again: it goes on where it stopped');
  using bar = phases(quiet || json);
  const pulled = await pullModel(model, {
    name,
    signal: stop.signal,
    onNote: bar.note,
    onProgress: ({ phase, doneBytes, totalBytes, keptBytes }) => bar.update(phase, doneBytes, totalBytes, keptBytes),
    acceptTerms: async (terms) => {
      bar.stop();
      if (acceptLicence) {
        bar.note(`${model} comes under ${terms.name}, which --accept-licence accepts; they are in ${terms.file}`);
        return true;
      }
      return await ask(terms, quiet, stop.signal);
    },
  });
  bar.stop();
  const { path, sizeBytes, licence, alreadyThere } = pulled;
  if (json) print(JSON.stringify(pulled));
  else print(`${pulled.name}: ${alreadyThere ? 'already there and whole, ' : ''}${megabytes(sizeBytes)}, ${licence ?? 'no licence stated'}, ${path}`);
  return 0;
}

/** Shows the terms, and takes a typed yes; where nobody can type, nobody has accepted. */
async function ask({ name, file }: { readonly name: string; readonly file: string }, quiet: boolean, signal: AbortSignal): Promise<boolean> {
  const typed = process.stdin.isTTY === true && process.stderr.isTTY === true;
  if (typed || !quiet) process.stderr.write(`${await readFile(file, 'utf8')}\n`);
  if (!typed) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  lines.on('SIGINT', () => process.emit('SIGINT')); // the terminal gives Ctrl-C to whoever reads a line
  try {
    const answer = await Promise.race([lines.question(`Type yes to accept ${name}: `, { signal }), once(lines, 'close').then(() => 'no')]).catch(() => {
      signal.throwIfAborted();
      return 'no'; // Ctrl-D
    });
    return answer.trim().toLowerCase() === 'yes';
  } finally {
    lines.close();
  }
}

interface Phases extends Disposable {
  update(phase: string, doneBytes: number, totalBytes: number | undefined, keptBytes: number): void;
  note(text: string): void;
  stop(): void;
}

/** A bar for each phase in turn: their rates have nothing to do with each other. */
function phases(quiet: boolean): Phases {
  let current: { readonly phase: string; readonly bar: ProgressLine } | undefined;
  const stop = () => {
    current?.bar.stop();
    current = undefined;
  };
  return {
    update(phase, doneBytes, totalBytes, keptBytes) {
      if (current?.phase !== phase) {
        stop();
        current = { phase, bar: progressLine({ quiet, unit: 'MB', from: tenths(keptBytes) }) };
      }
      current.bar.update(tenths(doneBytes), totalBytes === undefined ? undefined : tenths(totalBytes), phase);
    },
    note: (text) => (current?.bar ?? progressLine({ quiet, unit: 'MB' })).note(text),
    stop,
    [Symbol.dispose]: stop,
  };
}

export async function list({ json, quiet }: CommonOptions): Promise<number> {
  const { models, available } = await listModels((folder, reason) => quiet || process.stderr.write(`note: ${folder}: ${reason}\n`));
  if (json) {
    print(JSON.stringify({ models, available }));
    return 0;
  }
  const rows = [
    ...models.map(({ name, sizeBytes, licence }) => [name, megabytes(sizeBytes), licence ?? '–', '']),
    ...available.map(({ name, sizeBytes, licence, about }) => [name, megabytes(sizeBytes), licence, `to pull: ${about}`]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const [name, size, licence, about] of rows)
    print(`${name!.padEnd(widths[0]!)}  ${size!.padStart(widths[1]!)}  ${licence!.padEnd(widths[2]!)}  ${about}`.trimEnd());
  return 0;
}

export async function show(model: string, { json }: CommonOptions): Promise<number> {
  using stop = cancellation('run the same command again');
  const { formats, ...shown } = await showModel(model, { signal: stop.signal });
  if (json) {
    const { name, family, parameters, layers, hidden, vocab, context, weights, sizeBytes, sha256, licence, ...rest } = shown;
    print(JSON.stringify({ name, family, parameters, layers, hidden, vocab, context, weights, sizeBytes, sha256, licence, ...rest }));
    return 0;
  }
  const parts = formats.map(({ format, sizeBytes }) => `${format} ${megabytes(sizeBytes)}`).join(', ');
  const number = (value: number | null) => (value === null ? 'not stated' : value.toLocaleString('en').replaceAll(',', ' '));
  const lines: [string, string][] = [
    ['name', shown.name],
    ['family', shown.family ?? 'not stated'],
    ['parameters', number(shown.parameters)],
    ['layers', number(shown.layers)],
    ['hidden', number(shown.hidden)],
    ['vocab', number(shown.vocab)],
    ['context', number(shown.context)],
    ['weights', `${shown.weights} (${parts})`],
    ['size', megabytes(shown.sizeBytes)],
    ['sha256', shown.sha256],
    ['licence', shown.licence ?? 'not stated'],
    ['source', shown.source ?? 'yours'],
    ['path', shown.path],
  ];
  for (const [label, value] of lines) print(`${label.padEnd(10)}  ${value}`);
  return 0;
}

export async function remove(models: readonly string[], { json }: CommonOptions): Promise<number> {
  const removed: { name: string; freedBytes: number }[] = [];
  for (const name of models) {
    const freedBytes = await removeModel(name);
    removed.push({ name, freedBytes });
    if (!json) print(`removed ${name}, ${megabytes(freedBytes)}`);
  }
  if (json) print(JSON.stringify({ removed }));
  return 0;
}
