// What `lyceum inspect …` does once its arguments are understood. Each answers the exit code.
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import { ConfigError } from '../../core/index.ts';
import {
  keepOrion,
  type LensOf,
  type LikelyToken,
  lensOf,
  listSites,
  type OrionOutcome,
  openInspected,
  orionFolder,
  type PatchedPair,
  patchPair,
  readOrion,
  runOrion,
} from '../inspect/index.ts';
import { writeOutput } from '../write-output.ts';
import { cancellation } from './cancellation.ts';
import type { CommonOptions } from './options.ts';
import { progressLine } from './progress.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);

export interface PatchFlags {
  readonly model: string;
  readonly source: string;
  readonly target: string;
  readonly adapter?: string;
  readonly specialTokens: boolean;
}

export async function patch({ model, source, target, adapter, specialTokens }: PatchFlags, { json, threads, weights }: CommonOptions): Promise<number> {
  await using opened = await openInspected(model, { adapter, weights, threads });
  const found = await patchPair(opened, source, target, { special: specialTokens });
  print(json ? JSON.stringify(found) : plotted(found));
  return 0;
}

const width = 24;
const shown = ({ token }: LikelyToken): string => JSON.stringify(token);

/** A row a layer: a bar as long as its likeliest token is probable, and how probable the two answers are that the prompts had of their own. */
const plotted = ({ sourceTop, targetTop, layers }: PatchedPair): string => {
  const [source, target] = [sourceTop[0]!, targetTop[0]!];
  const bar = (probability: number): string => '━'.repeat(Math.round(probability * width)).padEnd(width);
  const among = (top: readonly LikelyToken[], { id }: LikelyToken): string => {
    const found = top.find((one) => one.id === id);
    return found ? found.probability.toFixed(2) : '–';
  };
  const rows = layers.map(({ layer, top }) => {
    const best = top[0]!;
    const whose = best.id === target.id ? 'dim' : best.id === source.id ? 'yellow' : 'green';
    const cells = [String(layer).padStart(5), styleText(whose, bar(best.probability)), best.probability.toFixed(2)];
    return `${cells.join('  ')}  ${among(top, target).padStart(6)}  ${among(top, source).padStart(6)}  ${shown(best)}`;
  });
  return [
    `source: ${shown(source)} ${source.probability.toFixed(2)}    target: ${shown(target)} ${target.probability.toFixed(2)}`,
    '',
    `layer  ${'likeliest next token, patched'.padEnd(width + 6)}  target  source`,
    ...rows,
    '',
    'A layer counts blocks: after so many, the target’s last token got what the source’s held. In the columns: how probable the answers are that either prompt gave by itself, among the five likeliest.',
  ].join('\n');
};

export interface OrionFlags {
  readonly model?: string;
  readonly tasks: readonly string[];
  readonly prompts: number;
  readonly pairs: number;
  readonly stories?: readonly string[];
  readonly output?: string;
  readonly adapter?: string;
}

export async function orion(
  { model, tasks, prompts, pairs, stories, output, adapter }: OrionFlags,
  { dir, json, quiet, seed, threads, weights }: CommonOptions,
): Promise<number> {
  if (model === undefined) throw new ConfigError('inspect orion: expected --model MODEL, got none; `lyceum models list` prints names');
  if (stories && stories.length !== 2)
    throw new ConfigError(`inspect orion: expected --stories STORIES.json QUESTIONS.json, got ${stories.length} files; name both`);
  using stop = cancellation('run the same command again: tasks that are finished are kept');
  const bar = progressLine({ quiet: quiet || json, unit: 'prompts' });
  try {
    await using opened = await openInspected(model, { adapter, weights, threads });
    const folder = output ?? orionFolder(dir, opened.name);
    const found = await runOrion(opened, {
      ...(tasks.includes('all') ? {} : { tasks }),
      stories: stories && { stories: stories[0]!, questions: stories[1]! },
      prompts,
      pairs,
      seed,
      folder,
      signal: stop.signal,
      onProgress: (done, total, task) => bar.update(done, total, task),
    });
    bar.stop();
    const report = await keepOrion(found, folder);
    print(json ? JSON.stringify({ ...found, report }) : `${orionTable(found)}\n${report}`);
    for (const { family, variant, reason } of found.skipped) quiet || process.stderr.write(`skipped ${family}/${variant}: ${reason}\n`);
    return found.skipped.length > 0 ? 3 : 0;
  } finally {
    bar.stop();
  }
}

/** `lyceum inspect orion compare`. */
export async function compareOrion(paths: readonly string[], { output }: { readonly output: string }, { json, quiet }: CommonOptions): Promise<number> {
  const results = await Promise.all(paths.map(readOrion));
  const { orionCells, orionCompareReport, orionCompareVerdict } = await import('../../report/index.ts');
  await writeOutput(output, [await orionCompareReport(results)]);
  const verdict = orionCompareVerdict(results);
  const cells = orionCells(results).map(({ swept, ...cell }) => ({ ...cell, known: swept.map(({ variant, seed }) => ({ variant, seed })) }));
  print(json ? JSON.stringify({ verdict, report: resolve(output), cells }) : verdict);
  if (!quiet && !json) process.stderr.write(`the comparison is ${resolve(output)}\n`);
  return 0;
}

const orionTable = ({ model, tasks, cells }: OrionOutcome): string => {
  const share = (value: number): string => value.toFixed(2);
  const rows = tasks.map(({ family, variant, accuracy, guess, tokenProb, passed, L1, L2, L3, requestTransfer, chatTemplate }) => [
    `${family}/${variant}${chatTemplate ? ' (chat)' : ''}`,
    share(accuracy),
    share(guess),
    share(tokenProb),
    passed ? 'yes' : 'no',
    ...[L1, L2, L3].map((layer) => (layer === null ? '–' : String(layer))),
    requestTransfer ? `${share(requestTransfer.max)} (${requestTransfer.ci95.map(share).join(' to ')})` : '–',
  ]);
  const head = ['task', 'right', 'guess', 'prob', 'known', 'L1', 'L2', 'L3', 'request moved'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => (i === 0 || i === cells.length - 1 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ').trimEnd(); // biome-ignore format: a chain
  return [
    line(head),
    ...rows.map(line),
    '',
    `${model}: ${cells.passed} ${cells.passed === 1 ? 'family' : 'families'} known, ${cells.above70} of them with more than 0.7 of the probability after the request was moved.`,
  ].join('\n');
};

export interface LensFlags {
  readonly model: string;
  readonly prompt: string;
  readonly last?: number;
  readonly adapter?: string;
  readonly specialTokens: boolean;
}

export async function lens({ model, prompt, last, adapter, specialTokens }: LensFlags, { json, threads, weights }: CommonOptions): Promise<number> {
  await using opened = await openInspected(model, { adapter, weights, threads });
  const found = await lensOf(opened, prompt, { last, special: specialTokens });
  print(json ? JSON.stringify(found) : grid(found, process.stdout.columns ?? 120));
  return 0;
}

const cellWidth = 12;

/** Likeliest tokens, a row a layer, of as many of the last places as a line holds. */
const grid = ({ tokens, layers }: LensOf, columns: number): string => {
  const room = Math.max(1, Math.floor((columns - 7) / (cellWidth + 1)));
  const cell = (text: string): string => JSON.stringify(text).slice(1, -1).slice(0, cellWidth).padEnd(cellWidth);
  const places = layers[0]!.places.slice(-room).map(({ place }) => place);
  const rows = layers.map(({ layer, places: all }) => {
    const cells = all.slice(-room).map(({ top }) => {
      const { token, probability } = top[0]!;
      return styleText(probability >= 0.5 ? 'green' : probability >= 0.1 ? 'reset' : 'dim', cell(token));
    });
    return `${String(layer).padStart(5)}  ${cells.join(' ')}`;
  });
  return [
    `       ${places.map((place) => styleText('bold', cell(tokens[place]!))).join(' ')}`,
    ...rows,
    '',
    'Each column is a place of the text, each row so many blocks: the token that would come next. Green: probability 0.5 and more; dim: below 0.1.',
  ].join('\n');
};

export async function sites({ model }: { readonly model: string }, { json }: CommonOptions): Promise<number> {
  const found = await listSites(model);
  if (json) {
    print(JSON.stringify(found));
    return 0;
  }
  const rows = found.sites.map(({ site, dtype, shape, meaning }) => [site, `${dtype} [${shape.join(', ')}]`, meaning] as const);
  const [names, shapes] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const [site, shape, meaning] of rows) print(`${site.padEnd(names!)}  ${shape.padEnd(shapes!)}  ${meaning}`);
  print(`\n${found.model}: N from 0 to ${found.layers - 1}`);
  return 0;
}
