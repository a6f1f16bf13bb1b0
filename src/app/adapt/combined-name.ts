import { basename, resolve } from 'node:path';

/** What a mixture of runs is called unless told. */
export const combinedName = (runs: readonly string[]): string => {
  const all = runs.map((run) => basename(resolve(run))).join('+');
  return `${all.length > 100 ? `${all.slice(0, 99)}…` : all}-arrow`;
};
