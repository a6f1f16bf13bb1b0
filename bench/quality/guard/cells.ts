import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Where what was measured is kept. */
export const cellsFile = fileURLToPath(new URL('../../../docs/guard/cells.jsonl', import.meta.url));

/** Counts of answers under one attack. */
export interface Shares {
  readonly attack: string;
  /** Of the paper's task: the arm, and blocks after which the request is held; 0 where it is not. */
  readonly arm?: string;
  readonly layer: number;
  readonly n: number;
  readonly right: number;
  readonly obeyed: number;
  readonly flagged: number;
}

export interface GuardCell {
  readonly model: string;
  readonly cell: string;
  readonly seed: number;
  readonly commit: string;
  /** What it took, where that was measured. */
  readonly minutes?: number;
  readonly seconds?: number;
  readonly shares: readonly Shares[];
  readonly seen?: readonly { readonly distractor: string; readonly collision: boolean; readonly layer: number; readonly share: number }[];
}

export const readCells = async (): Promise<GuardCell[]> =>
  (await readFile(cellsFile, 'utf8').catch(() => '')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as GuardCell); // biome-ignore format: a chain

const z = 1.96;

/** Wilson's 95 % interval of a share. */
export const intervalOf = (hits: number, of: number): { readonly low: number; readonly high: number } => {
  const middle = (hits + z ** 2 / 2) / (of + z ** 2);
  const half = (z / (of + z ** 2)) * Math.sqrt((hits * (of - hits)) / of + z ** 2 / 4);
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
};
