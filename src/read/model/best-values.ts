import { join } from 'node:path';
import { NotFoundError } from '../../core/index.ts';
import { openSafetensors, readAsFloat32 } from '../../formats/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import { bestWeights } from '../../train/index.ts';

/** The best weights that a run has kept, and after which epoch they were. @throws NotFoundError where none were kept yet */
export const bestValues = async (outDir: string): Promise<{ readonly values: Record<string, TensorData>; readonly epoch: number }> => {
  const path = join(outDir, bestWeights);
  const file = await openSafetensors(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new NotFoundError(`${path}: expected the best weights of the run, got none; train at least to the first look at the dev split`);
    throw error;
  });
  const values: Record<string, TensorData> = {};
  for (const name of file.tensors.keys()) values[name] = await readAsFloat32(file, name, { checkFinite: true });
  return { values, epoch: Number(file.metadata['epoch']) };
};
