import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { OrionTaskOutcome } from '../../src/app/inspect/index.ts';
import type { Role } from '../../src/inspect/index.ts';

/** Where what was measured is kept. */
export const cellsFile = fileURLToPath(new URL('../../docs/orion/cells.jsonl', import.meta.url));

/** A variant of one model and seed, its curves as their normalised token probabilities from layer 1 up. */
export type Cell = {
  readonly model: string;
  readonly seed: number;
  readonly commit: string;
  readonly curves: Readonly<Record<Role, readonly number[]>> | null;
} & Omit<OrionTaskOutcome, 'curves'>;

export const readCells = async (): Promise<Cell[]> => {
  const text = await readFile(cellsFile, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Cell); // biome-ignore format: a chain
};
