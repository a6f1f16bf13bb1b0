import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MeasuredItem } from '../../evaluate/index.ts';
import type { AdaptResult } from '../../report/index.ts';
import type { WeightMode } from '../language-model/weights.ts';

/** What a model could do before or after training, item by item. */
export interface Measured {
  /** How the model's weights were held when it was asked. */
  readonly weights: WeightMode;
  readonly task: readonly MeasuredItem[];
  readonly knowledge: readonly MeasuredItem[];
}

/** What was measured and kept in a file; undefined where nothing was, or by a version that did not say how weights were held. */
export const keptMeasured = async (file: string): Promise<Measured | undefined> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  const kept = text === undefined ? undefined : (JSON.parse(text) as Measured);
  return kept?.weights === undefined ? undefined : kept;
};

/** What a run measured itself, item by item, as far as it is there and its result says the same. */
export const readMeasured = async (
  folder: string,
  { askedWith }: Pick<AdaptResult, 'askedWith'>,
): Promise<{ readonly before: Measured | undefined; readonly after: Measured | undefined }> => {
  const said = (measured: Measured | undefined): Measured | undefined => (measured?.weights === askedWith ? measured : undefined);
  return { before: said(await keptMeasured(join(folder, 'before.json'))), after: said(await keptMeasured(join(folder, 'after.json'))) };
};
