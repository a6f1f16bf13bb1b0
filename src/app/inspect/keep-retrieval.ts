import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../formats/index.ts';
import type { StudyKept } from '../../inspect/index.ts';
import { writeOutput } from '../write-output.ts';
import type { RetrievalStudies } from './retrieval-studies.ts';

/** Files of finished case studies, in their folder. */
export const retrievalFiles = { result: 'result.json', report: 'report.html' } as const;

/** Where a workspace keeps the case studies of a model. */
export const retrievalFolder = (dir: string, model: string): string => join(dir, 'inspect', `${model}-retrieval`);

/** Writes the figures of all seeds and their report into the folder; answers the report's path. @throws as `writeOutput` */
export const keepRetrieval = async (found: RetrievalStudies, folder: string): Promise<string> => {
  const { retrievalReport } = await import('../../report/index.ts');
  const report = join(folder, retrievalFiles.report);
  await writeOutput(join(folder, retrievalFiles.result), [JSON.stringify(found)]);
  await writeOutput(report, [await retrievalReport(found.studies)]);
  return report;
};

/** What is finished of a study, and how long it took. */
export interface KeptStudy {
  readonly study: StudyKept;
  readonly seconds: number;
}

const formVersion = 1;

/** The file of a seed's study. */
const pathOf = (folder: string, seed: number): string => join(folder, `seed-${seed}.json`);

/** What is kept of a study; undefined where there is nothing, or nothing whole, or what was asked for was something else. @param key  of everything its figures depend on */
export const keptStudy = async (folder: string, seed: number, wanted: string): Promise<KeptStudy | undefined> => {
  try {
    const { form, key, ...kept } = JSON.parse(await readFile(pathOf(folder, seed), 'utf8')) as KeptStudy & { form: number; key: string };
    return form === formVersion && key === wanted ? kept : undefined;
  } catch {
    return undefined; // it is measured again
  }
};

export const keepStudy = (folder: string, seed: number, key: string, kept: KeptStudy): Promise<void> =>
  writeWhole(pathOf(folder, seed), [Buffer.from(JSON.stringify({ form: formVersion, key, ...kept }))]);
