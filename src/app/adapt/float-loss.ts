import { readFile } from 'node:fs/promises';
import { type HeldOutLoss, openHeldOut, type TrainAdapterOptions } from '../../adapt/index.ts';
import { writeWhole } from '../../formats/index.ts';
import { openEngine, type TensorData } from '../../runtime/index.ts';

interface Judged extends Pick<TrainAdapterOptions, 'base' | 'recipe' | 'texts' | 'start'> {
  readonly threads: number;
  readonly signal?: AbortSignal;
}

/**
 * What held-out labels cost before training, in nats, where the frozen weights are floats: beside what they cost as the recipe holds them it tells what whole numbers cost. Kept in `file`, so that a run that goes on judges nothing twice. It has an engine of its own, so that nothing of it is there while the model is trained.
 *
 * @param values  of the method's parameters
 */
export const floatLoss = async (
  file: string,
  { threads, signal, ...own }: Judged,
  values: Readonly<Record<string, TensorData>>,
): Promise<HeldOutLoss['loss']> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (text !== undefined) return (JSON.parse(text) as HeldOutLoss).loss;
  await using engine = await openEngine({ process: true, threads, cacheBytes: 1, ...(signal && { signal }) });
  await using judge = await openHeldOut({ ...own, engine, recipe: { ...own.recipe, weights: 'f32' } });
  const judged = await judge.given(values);
  await writeWhole(file, [Buffer.from(JSON.stringify(judged))]);
  return judged.loss;
};
