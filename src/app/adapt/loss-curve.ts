import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import type { AdaptResult } from '../../report/index.ts';

interface Line {
  readonly step: number;
  readonly loss: number;
  readonly balance?: number;
  readonly dev?: { readonly loss: number };
}

const linesOf = async (folder: string): Promise<Line[]> =>
  (await readFile(join(folder, 'metrics.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** The curve of a run and its last balancing loss; the curve is thinned to what a plot can show; held-out points always. */
export const lossCurve = async (folder: string, before: number): Promise<{ loss: AdaptResult['loss']; balance: number | undefined }> => {
  const lines = await linesOf(folder);
  const every = Math.max(1, Math.floor(lines.length / 300));
  const loss = lines.filter(({ dev }, i) => dev || i % every === 0).map(({ step, loss: train, dev }) => ({ step, train, ...(dev && { heldOut: dev.loss }) }));
  if (loss.length === 0) throw new ConfigError(`adapt ${folder}: expected a run with steps, got none; train longer`);
  return { loss: [{ ...loss[0]!, heldOut: before }, ...loss.slice(1)], balance: lines.at(-1)?.balance };
};
