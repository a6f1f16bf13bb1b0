// What `lyceum inspect …` does once its arguments are understood. Each answers the exit code.
import { styleText } from 'node:util';
import { type LikelyToken, listSites, openInspected, type PatchedPair, patchPair } from '../inspect/index.ts';
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
