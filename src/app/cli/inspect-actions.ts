// What `lyceum inspect …` does once its arguments are understood. Each answers the exit code.
import { styleText } from 'node:util';
import { type LensOf, type LikelyToken, lensOf, listSites, openInspected, type PatchedPair, patchPair } from '../inspect/index.ts';
import type { CommonOptions } from './options.ts';

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
