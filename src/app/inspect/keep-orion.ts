import { join } from 'node:path';
import { writeOutput } from '../write-output.ts';
import type { OrionOutcome } from './run-orion.ts';

/** Files of a finished run, in its folder. */
export const orionFiles = { result: 'result.json', report: 'report.html' } as const;

/** Where a workspace keeps what the retrieval tasks came to for a model. */
export const orionFolder = (dir: string, model: string): string => join(dir, 'inspect', `${model}-orion`);

/** Writes a run's figures and its report into its folder; answers the report's path. @throws as `writeOutput` */
export const keepOrion = async (found: OrionOutcome, folder: string): Promise<string> => {
  const { orionReport } = await import('../../report/index.ts');
  const name = ({ family, variant }: { readonly family: string; readonly variant: string }): string => `${family}/${variant}`;
  const page = await orionReport(found, {
    ...found,
    seconds: found.tasks.reduce((sum, { seconds }) => sum + seconds, 0),
    skipped: found.skipped.map((task) => ({ task: name(task), reason: task.reason })),
    chat: Object.fromEntries(found.tasks.map((task) => [name(task), task.chatTemplate])),
  });
  const report = join(folder, orionFiles.report);
  await writeOutput(join(folder, orionFiles.result), [JSON.stringify(found)]);
  await writeOutput(report, [page]);
  return report;
};
