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

/** Of untrusted requests under one distractor, after one block: what the two predicates of the paper's detector see. */
export interface Seen {
  readonly distractor: string;
  /** The distractor names the right city, so that an answer cannot show it. */
  readonly collision: boolean;
  /** Blocks after which the request is moved. */
  readonly layer: number;
  /** Prompts; 20 in cells that do not say. */
  readonly n?: number;
  /** Share that is seen where the request is put into the trusted prompt, which then no longer answers its own city: predicate B. */
  readonly share: number;
  /** Share whose own answer changes where the trusted request is put into it: predicate A. */
  readonly changed?: number;
  /** Share that either of both sees. */
  readonly either?: number;
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
  readonly seen?: readonly Seen[];
}

/** What was seen of a model: its own cell where that was measured, with both predicates, else what came with the oversight. */
export const seenOf = (cells: readonly GuardCell[], model: string): readonly Seen[] => {
  const own = cells.filter((one) => one.model === model && one.seen);
  return (own.find(({ cell }) => cell === 'oversight/seen') ?? own[0])?.seen ?? [];
};

export const readCells = async (): Promise<GuardCell[]> =>
  (await readFile(cellsFile, 'utf8').catch(() => '')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as GuardCell); // biome-ignore format: a chain

const z = 1.96;

/** Wilson's 95 % interval of a share. */
export const intervalOf = (hits: number, of: number): { readonly low: number; readonly high: number } => {
  const middle = (hits + z ** 2 / 2) / (of + z ** 2);
  const half = (z / (of + z ** 2)) * Math.sqrt((hits * (of - hits)) / of + z ** 2 / 4);
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
};
