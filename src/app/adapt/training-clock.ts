import { readFile } from 'node:fs/promises';
import { writeWhole } from '../../formats/index.ts';

export interface TrainingClock {
  /** A step is over. */
  tick(): void;
  /** Seconds of all steps so far, those of earlier processes included; written down. */
  stop(): Promise<number>;
}

const writtenMs = 5000;

/** Counts the time that training takes, also of a run that is killed and goes on: what it counted is kept in a file, a few seconds behind. */
export const trainingClock = async (file: string): Promise<TrainingClock> => {
  const before = await readFile(file, 'utf8').then(
    (text) => Number(JSON.parse(text)),
    () => 0,
  );
  const begun = performance.now();
  let [last, written] = [begun, begun];
  let writing: Promise<unknown> = Promise.resolve();
  const seconds = (): number => before + (last - begun) / 1000;
  const write = (): void => {
    const text = JSON.stringify(seconds());
    writing = writing.then(() => writeWhole(file, [Buffer.from(text)]));
    writing.catch(() => {}); // told when it is waited for
  };
  return {
    tick() {
      last = performance.now();
      if (last - written < writtenMs) return;
      written = last;
      write();
    },
    async stop() {
      write();
      await writing;
      return seconds();
    },
  };
};
