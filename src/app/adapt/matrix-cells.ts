import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../formats/index.ts';

/** A score of a model on a task, both by what tells them apart from all others. */
export interface MatrixCell {
  readonly model: string;
  readonly task: string;
  readonly score: number;
}

const format = 1;
const fileIn = (folder: string): string => join(folder, 'matrix.json');

/** Scores by model and task. */
export type MatrixCells = Map<string, MatrixCell>;

const keyOf = ({ model, task }: Pick<MatrixCell, 'model' | 'task'>): string => `${model} ${task}`;

/** Does nothing where that cell is known. */
export const addCell = (cells: MatrixCells, cell: MatrixCell): void => {
  if (!cells.has(keyOf(cell))) cells.set(keyOf(cell), cell);
};

export const scoreIn = (cells: MatrixCells, model: string, task: string): number | undefined => cells.get(keyOf({ model, task }))?.score;

/** Keeps them in a run's folder: whoever measures goes on from there. */
export const keepCells = (folder: string, cells: MatrixCells): Promise<void> =>
  writeWhole(fileIn(folder), [Buffer.from(`${JSON.stringify({ format, cells: [...cells.values()] }, null, 2)}\n`)]);

/** Cells that were kept in a run's folder; none where nothing was, or by another version. */
export const keptCells = async (folder: string): Promise<readonly MatrixCell[]> => {
  const text = await readFile(fileIn(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  const kept = text === undefined ? undefined : (JSON.parse(text) as { readonly format: number; readonly cells: readonly MatrixCell[] });
  return kept?.format === format ? kept.cells : [];
};
