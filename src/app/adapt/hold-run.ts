import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../formats/index.ts';
import { BusyError } from '../../knowledge/index.ts';
import { holdLock } from '../models/pull/lock.ts';

/**
 * Keeps other processes out of a run's folder until it is disposed, or this process is dead.
 *
 * @throws BusyError where another trains there, with its process id
 */
export const holdRun = async (folder: string): Promise<Disposable> => {
  const holder = join(folder, 'process');
  const pid = await readFile(holder, 'utf8').then(Number, () => null);
  const lock = await holdLock(join(folder, 'lock'), {
    onWait: () => {
      throw new BusyError(
        `adapt ${folder}: expected a run that nobody works on, got one of ${pid === null ? 'another process' : `process ${pid}`}; wait for it, or stop it`,
        pid,
      );
    },
  });
  await writeWhole(holder, [Buffer.from(String(process.pid))]);
  return lock;
};
