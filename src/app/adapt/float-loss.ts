import { readFile } from 'node:fs/promises';
import { type HeldOutLoss, openHeldOut, type TrainAdapterOptions } from '../../adapt/index.ts';
import { writeWhole } from '../../formats/index.ts';
import type { TensorData } from '../../runtime/index.ts';

type Judged = Pick<TrainAdapterOptions, 'base' | 'engine' | 'recipe' | 'texts' | 'start'>;

/**
 * What held-out labels cost before training, in nats, where the frozen weights are floats: beside what they cost as the recipe holds them it tells what whole numbers cost. Kept in `file`, so that a run that goes on judges nothing twice.
 *
 * @param values  of the method's parameters
 */
export const floatLoss = async (file: string, own: Judged, values: Readonly<Record<string, TensorData>>): Promise<HeldOutLoss['loss']> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (text !== undefined) return (JSON.parse(text) as HeldOutLoss).loss;
  await using judge = await openHeldOut({ ...own, recipe: { ...own.recipe, weights: 'f32' } });
  const judged = await judge.given(values);
  await writeWhole(file, [Buffer.from(JSON.stringify(judged))]);
  return judged.loss;
};
