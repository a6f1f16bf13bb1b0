import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Kind } from './data.ts';
import type { Measured } from './measure.ts';

/** One line of docs/forgetting/cells.jsonl: a cell, or the model before any training (`arm` base). */
export interface Result {
  readonly cell: string;
  /** Of what decides it. */
  readonly hash: string;
  readonly arm: string;
  readonly size: number;
  readonly seed: number;
  readonly commit: string;
  readonly date: string;
  readonly minutes: number;
  readonly trainable?: number;
  readonly steps?: number;
  readonly tokens?: number;
  readonly trainingSeconds?: number;
  readonly dev?: number;
  readonly losses: Readonly<Record<Kind, number>>;
  readonly experts?: Readonly<Record<Kind, readonly number[]>>;
  readonly measured: Measured;
}

export const resultsPath: string = fileURLToPath(new URL('../../../docs/forgetting/cells.jsonl', import.meta.url));

/** Of a file that may not be there yet; of a cell that was done twice the last. A line that a kill cut off is no result. */
export const readResults = async (path: string = resultsPath): Promise<Result[]> => {
  if (!existsSync(path)) return [];
  const found = new Map<string, Result>();
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    if (!line.endsWith('}')) continue;
    const result = JSON.parse(line) as Result;
    found.set(`${result.cell} ${result.hash}`, result);
  }
  return [...found.values()];
};

export const addResult = (result: Result, path: string = resultsPath): Promise<void> => appendFile(path, `${JSON.stringify(result)}\n`);
