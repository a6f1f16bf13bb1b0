// What `lyceum inspect attention|heads|attribute` do once their arguments are understood. Each answers the exit code.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { z } from 'zod';
import { fileError } from '../file-error.ts';
import { type AttentionOf, type AttributionOf, attentionOf, attributionOf, type HeadsOf, headsOf, mostRead, openInspected } from '../inspect/index.ts';
import { parseJsonLines } from '../json-lines.ts';
import { writeOutput } from '../write-output.ts';
import { cancellation } from './cancellation.ts';
import type { CommonOptions } from './options.ts';
import { progressLine } from './progress.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);
const cellWidth = 12;
const shown = (token: string, width = cellWidth): string => JSON.stringify(token).slice(1, -1).slice(0, width).padEnd(width);
const minus = (value: number, digits = 2): string => value.toFixed(digits).replace('-', '−');

interface ModelFlags {
  readonly model: string;
  readonly adapter?: string;
}

export interface AttentionFlags extends ModelFlags {
  readonly prompt: string;
  readonly layer?: number;
  readonly head?: number;
  readonly output?: string;
  readonly specialTokens: boolean;
}

export async function attention(
  { model, prompt, layer, head, output, adapter, specialTokens }: AttentionFlags,
  { json, threads, weights }: CommonOptions,
): Promise<number> {
  await using opened = await openInspected(model, { adapter, weights, threads });
  const found = await attentionOf(opened, prompt, { layer, head, special: specialTokens });
  if (output !== undefined) {
    const { attentionReport } = await import('../../report/index.ts');
    await writeOutput(output, [await attentionReport({ model: opened.name, weights: opened.weights, ...found })]);
  }
  const page = output === undefined ? {} : { report: output };
  print(json ? JSON.stringify({ ...found, ...page }) : [found.patterns.length > 0 ? readTable(found) : lastTable(found), ...Object.values(page)].join('\n'));
  return 0;
}

/** Strong where much is read. */
const weighed = (weight: number, text: string): string => styleText(weight >= 0.5 ? 'green' : weight >= 0.2 ? 'reset' : 'dim', text);

/** A row a token, a column a head: the token that it reads most; of a single head the three that it reads most. */
const readTable = ({ tokens, patterns }: AttentionOf): string => {
  const layer = patterns[0]!.layer;
  const columns: readonly (readonly [string, (query: number) => { place: number; weight: number } | undefined])[] =
    patterns.length === 1
      ? [0, 1, 2].map((nth) => [`${nth + 1}.`, (query: number) => mostRead(patterns[0]!.rows[query]!, 3)[nth]] as const)
      : patterns.map(({ head, rows }) => [`head ${head}`, (query: number) => mostRead(rows[query]!, 1)[0]] as const);
  const rows = tokens.map((token, query) => {
    const cells = columns.map(([, at]) => {
      const read = at(query);
      return read ? weighed(read.weight, `${String(read.place).padStart(4)} ${shown(tokens[read.place]!)} ${read.weight.toFixed(2)}`) : '';
    });
    return `${String(query).padStart(4)} ${styleText('bold', shown(token))}  ${cells.join('  ')}`;
  });
  return [
    `${' '.repeat(5 + cellWidth)}  ${columns.map(([title]) => title.padEnd(5 + cellWidth + 5)).join('  ')}`.trimEnd(),
    ...rows,
    '',
    `Block ${layer}${patterns.length === 1 ? `, head ${patterns[0]!.head}` : ''}: a row is a token; beside it the tokens that it reads most, with their places and shares of its attention. Layers, heads and places count from 0.`,
  ].join('\n');
};

/** A row a block, a column a head: the token that the last one reads most. */
const lastTable = ({ tokens, layers, heads, last }: AttentionOf): string => {
  const rows = Array.from({ length: layers }, (_, layer) => {
    const cells = last.slice(layer * heads, (layer + 1) * heads).map(({ reads: [most] }) => weighed(most!.weight, `${String(most!.place).padStart(3)} ${shown(tokens[most!.place]!, 8)} ${most!.weight.toFixed(2)}`)); // biome-ignore format: a chain
    return `${String(layer).padStart(5)}  ${cells.join('  ')}`;
  });
  return [
    `layer  ${Array.from({ length: heads }, (_, head) => `head ${head}`.padEnd(17)).join('  ')}`.trimEnd(),
    ...rows,
    '',
    `What the last token ${JSON.stringify(tokens.at(-1))} reads most in every head: place, token, share of its attention. --layer (and --head) tells of every token.`,
  ].join('\n');
};

export interface HeadsFlags extends ModelFlags {
  readonly length: number;
  readonly texts: number;
  readonly output?: string;
}

export async function heads(
  { model, length, texts, output, adapter }: HeadsFlags,
  { dir, json, quiet, seed, threads, weights }: CommonOptions,
): Promise<number> {
  using stop = cancellation('nothing was kept');
  const bar = progressLine({ quiet: quiet || json, unit: 'blocks' });
  try {
    await using opened = await openInspected(model, { adapter, weights, threads });
    const onProgress = (done: number, total: number): void => bar.update(done, total, 'scores of heads');
    const found = await headsOf(opened, { length, texts, seed, signal: stop.signal, onProgress });
    bar.stop();
    const folder = output ?? join(dir, 'inspect', `${opened.name}-heads`);
    await mkdir(folder, { recursive: true });
    const { headsReport } = await import('../../report/index.ts');
    await writeOutput(join(folder, 'result.json'), [JSON.stringify(found)]);
    const report = join(folder, 'report.html');
    await writeOutput(report, [await headsReport(found)]);
    print(json ? JSON.stringify({ ...found, report }) : `${rankedHeads(found)}\n${report}`);
    return 0;
  } finally {
    bar.stop();
  }
}

const kinds = ['previous', 'duplicate', 'induction', 'copying'] as const;
const ranked = 8;

/** A column a kind, the strongest heads first. */
const rankedHeads = ({ scores }: HeadsOf): string => {
  const columns = kinds.map((kind) => [...scores].sort((a, b) => b[kind] - a[kind]).slice(0, ranked).map((score) => `${score.layer}.${score.head}`.padEnd(6) + minus(score[kind]))); // biome-ignore format: a chain
  const rows = Array.from({ length: Math.min(ranked, scores.length) }, (_, i) => columns.map((column) => column[i]!.padEnd(14)).join('').trimEnd()); // biome-ignore format: a chain
  return [
    ['previous', 'duplicate', 'induction', 'copying'].map((title) => title.padEnd(14)).join('').trimEnd(),
    ...rows,
    '',
    'Heads as LAYER.HEAD, from 0, the strongest of each kind. Shares of attention; copying from −1, always pushes a token down, to 1, always lifts it above all others.',
  ].join('\n'); // biome-ignore format: a chain
};

export interface AttributeFlags extends ModelFlags {
  readonly prompt: string;
  readonly answer?: string;
  readonly against?: string;
  readonly baseline?: string;
  readonly source?: readonly string[];
  readonly to?: string;
  readonly from?: readonly string[];
  readonly top: number;
  readonly specialTokens: boolean;
}

const baselineRecord = z.strictObject({ id: z.unknown().optional(), prompt: z.string() });

export async function attribute(
  { model, prompt, answer, against, baseline: file, source = [], to, from, top, adapter, specialTokens }: AttributeFlags,
  { json, quiet, threads, weights }: CommonOptions,
): Promise<number> {
  const text = file === undefined ? '' : await readFile(file, 'utf8').catch((error: unknown) => Promise.reject(fileError(error, file)));
  const baseline = [...source, ...parseJsonLines(text, file ?? '', baselineRecord).map((record) => record.prompt)];
  await using opened = await openInspected(model, { adapter, weights, threads });
  using stop = cancellation('nothing was kept');
  const bar = progressLine({ quiet: quiet || json, unit: 'paths' });
  try {
    const onProgress = (done: number, total: number): void => bar.update(done, total, `paths to ${to}`);
    const found = await attributionOf(opened, prompt, { answer, against, baseline, to, from, special: specialTokens, signal: stop.signal, onProgress });
    bar.stop();
    print(json ? JSON.stringify(found) : componentTable(found, top));
    return 0;
  } finally {
    bar.stop();
  }
}

const barWidth = 20;

/** Components with the most to say first, for or against. */
const componentTable = ({ answer, against, difference, baseline, to, components }: AttributionOf, top: number): string => {
  const by = baseline === null ? 'logit' : 'effect';
  const value = (component: AttributionOf['components'][number]): number => Math.abs(component[by] ?? 0);
  const first = [...components].sort((a, b) => value(b) - value(a)).slice(0, top);
  const most = Math.max(...first.map(value)) || 1;
  const rows = first.map(({ name, logit, effect }) => {
    const amount = (by === 'logit' ? logit : effect) ?? 0;
    const bar = styleText(amount >= 0 ? 'green' : 'yellow', '━'.repeat(Math.round((Math.abs(amount) / most) * barWidth)).padEnd(barWidth));
    return `${name.padEnd(8)}  ${bar}  ${minus(logit).padStart(7)}${baseline === null ? '' : `  ${(effect === null ? '–' : minus(effect)).padStart(7)}`}`;
  });
  const rest = components.reduce((sum, { logit }) => sum + logit, 0) - first.reduce((sum, { logit }) => sum + logit, 0);
  return [
    `${JSON.stringify(answer.token)} against ${JSON.stringify(against.token)}: logit difference ${minus(difference)}${baseline === null ? '' : `, of the baseline ${minus(baseline)}`}`,
    '',
    `${' '.repeat(8 + 2 + barWidth + 2)}${'direct'.padStart(7)}${baseline === null ? '' : `  ${'effect'.padStart(7)}`}`,
    ...rows,
    `${`${components.length - first.length} others`.padEnd(8 + 2 + barWidth + 2)}${minus(rest).padStart(7)}`,
    '',
    `direct: what a component adds to the difference (heads as LAYER.HEAD, from 0); all of them sum to it.${baseline === null ? '' : ` effect: how much of it is lost where the component puts out what it does in the baseline prompts${to === null ? '' : ` and only ${to} reads that`}.`} Yellow speaks against.`,
  ].join('\n');
};
