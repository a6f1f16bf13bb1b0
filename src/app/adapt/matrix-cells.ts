import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../formats/index.ts';
import type { WeightMode } from '../language-model/weights.ts';

/** What a model made of a task's items, each by what tells it apart from all others. */
export interface MatrixCell {
  readonly model: string;
  readonly task: string;
  /** How the model's weights were held when it was asked: other roundings give other answers. */
  readonly weights: WeightMode;
  /** Score of every item, in the order in which they are asked. */
  readonly items: readonly number[];
}

const format = 2;
const fileIn = (folder: string): string => join(folder, 'matrix.json');

/** Items by model, task and weights. */
export type MatrixCells = Map<string, MatrixCell>;

type CellKey = Pick<MatrixCell, 'model' | 'task' | 'weights'>;
const keyOf = ({ model, task, weights }: CellKey): string => `${model} ${task} ${weights}`;

/** Does nothing where that cell is known. */
export const addCell = (cells: MatrixCells, cell: MatrixCell): void => {
  if (!cells.has(keyOf(cell))) cells.set(keyOf(cell), cell);
};

export const itemsIn = (cells: MatrixCells, key: CellKey): readonly number[] | undefined => cells.get(keyOf(key))?.items;

/** Keeps them in a run's folder: whoever measures goes on from there. */
export const keepCells = (folder: string, cells: MatrixCells): Promise<void> =>
  writeWhole(fileIn(folder), [Buffer.from(`${JSON.stringify({ format, cells: [...cells.values()] })}\n`)]);

/** Cells that were kept in a run's folder; none where nothing was, or by another version. */
export const keptCells = async (folder: string): Promise<readonly MatrixCell[]> => {
  const text = await readFile(fileIn(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  const kept = text === undefined ? undefined : (JSON.parse(text) as { readonly format: number; readonly cells: readonly MatrixCell[] });
  return kept?.format === format ? kept.cells : [];
};
