// What `lyceum models …` does once its arguments are understood. Each answers the exit code.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { UnsupportedError } from '../../core/index.ts';
import type { ConvertTarget } from '../models/convert/convert-model.ts';
import type { NumberType } from '../models/convert/number-type.ts';
import { listModels } from '../models/list-models.ts';
import { prepareWeights } from '../models/prepare-weights.ts';
import { megabytes } from '../models/pull/source.ts';
import { pullModel } from '../models/pull-model.ts';
import { removeModel } from '../models/remove-model.ts';
import { type ShownModel, showModel } from '../models/show-model.ts';
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
  if (!alreadyThere) await prepareWeights(pulled, { signal: stop.signal, onNote: bar.note });
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

export async function show(model: string, { perplexity = false }: { readonly perplexity?: boolean }, common: CommonOptions): Promise<number> {
  const { json, device } = common;
  using stop = cancellation('run the same command again');
  const look = () => showModel(model, { signal: stop.signal, device });
  let found = await look();
  if (perplexity) {
    await measure(model, found, common, stop.signal);
    found = await look();
  }
  const { formats, ...shown } = found;
  if (json) {
    const { name, family, parameters, layers, hidden, vocab, context, weights, sizeBytes, sha256, licence, ...rest } = shown;
    print(JSON.stringify({ name, family, parameters, layers, hidden, vocab, context, weights, sizeBytes, sha256, licence, ...rest, formats }));
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
  lines.push(...modeLines(found, model));
  for (const [label, value] of lines) print(`${label.padEnd(10)}  ${value}`);
  return 0;
}

const heldWords = {
  inPlace: 'read in place',
  blocks: 'in the file’s own blocks, repacked without loss',
  rounded: 'rounded and repacked',
  reordered: 'float32, repacked in another order',
  expanded: 'expanded to float32',
} as const;

/** What the modes of weights make of a model, line by line. */
function modeLines(
  { modes, knownPerplexity, cannotRun, formats }: Pick<ShownModel, 'modes' | 'knownPerplexity' | 'cannotRun' | 'formats'>,
  model: string,
): [string, string][] {
  if (!modes) {
    if (cannotRun !== null) return [['runs', `not here: ${cannotRun}`]];
    const half = formats.filter(({ format }) => format === 'F16' || format === 'BF16').reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return [['f32', half > 0 ? `${heldWords.expanded}, ${megabytes(2 * half)}` : heldWords.inPlace]];
  }
  const { held, auto, measured } = modes;
  const long = auto.longPrompts ? `; ${auto.longPrompts} for prompts of 64 tokens and more` : '';
  const advice = measured ? 'measured' : `a default: lyceum models show ${model} --perplexity measures`;
  const lines: [string, string][] = [['auto', `${auto.weights}${long} (${advice})`]];
  for (const mode of ['f32', 'int8', 'int4'] as const) {
    const parts = held[mode].map(
      ({ how, tensors, sizeBytes }) => `${tensors} ${tensors === 1 ? 'tensor' : 'tensors'} ${heldWords[how]}, ${megabytes(sizeBytes)}`,
    );
    lines.push([mode, parts.join('; ')]);
    const float = measured?.modes.f32.perplexity ?? knownPerplexity?.f32;
    if (float === undefined) continue;
    const perplexity = measured?.modes[mode].perplexity ?? knownPerplexity![mode];
    const change = (perplexity / float - 1) * 100;
    const against = mode === 'f32' ? '' : ` (${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(2)} %)`;
    const rates = measured
      ? `, ${measured.modes[mode].readPerSecond.toFixed(0)} tokens/s read, ${measured.modes[mode].decodePerSecond.toFixed(1)} written`
      : '';
    lines.push(['', `perplexity ${perplexity.toFixed(3)}${against}${rates}`]);
  }
  if (!measured && knownPerplexity)
    lines.push(['', 'perplexity of a text of plain English, measured where the catalogue was made; rates depend on the machine']);
  if (measured) lines.push(['', `perplexity of ${measured.tokens} tokens of plain English, ${measured.threads} threads, ${measured.measuredAt.slice(0, 10)}`]);
  return lines;
}

/** Measures the modes of a language model, and keeps what comes of it. */
async function measure(model: string, { kind, path, name, sha256, modes, cannotRun }: ShownModel, common: CommonOptions, signal: AbortSignal): Promise<void> {
  if (!modes) throw new UnsupportedError(cannotRun ?? `models show ${model}: expected a language model to measure, got a sentence encoder; it runs in float32`);
  const bar = progressLine({ quiet: common.quiet || common.json, unit: 'steps' });
  try {
    const { measureWeights } = await import('../language-model/index.ts');
    await measureWeights({ kind, path, name }, sha256, {
      threads: common.threads,
      device: common.device,
      signal,
      onProgress: (done, total, now) => bar.update(done, total, now),
    });
  } finally {
    bar.stop();
  }
}

export interface ConvertFlags {
  readonly to?: ConvertTarget;
  readonly type?: NumberType;
  readonly adapter?: string;
  readonly force?: boolean;
}

export async function convert(model: string, output: string, flags: ConvertFlags, { json, quiet, weights }: CommonOptions): Promise<number> {
  using stop = cancellation('nothing was written');
  const bar = progressLine({ quiet: quiet || json, unit: 'tensors' });
  try {
    const { convertModel } = await import('../models/convert/convert-model.ts');
    const made = await convertModel(model, output, {
      ...flags,
      ...(weights !== 'auto' && { weights }),
      signal: stop.signal,
      onNote: (text) => quiet || bar.note(`note: ${text}`),
      onProgress: (done, total, name) => bar.update(done, total, name),
    });
    bar.stop();
    if (json) print(JSON.stringify(made));
    else print(`${made.output}: ${made.to}, ${made.type}, ${megabytes(made.sizeBytes)}${made.lossless ? ', every weight as it was' : ', weights rounded'}`);
    const face = json ? undefined : made.interface;
    for (const [direction, ports] of Object.entries({ input: face?.inputs ?? [], output: face?.outputs ?? [] }))
      for (const { name, dtype, shape, meaning } of ports) print(`${direction.padEnd(6)}  ${name}  ${dtype} [${shape.join(', ')}]  ${meaning}`);
    return 0;
  } finally {
    bar.stop();
  }
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
