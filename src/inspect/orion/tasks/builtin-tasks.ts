import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { OrionTask } from '../task.ts';
import { inductionTask } from './induction.ts';
import { parseOrionTask } from './task-file.ts';

/** Where the tasks lie that ship with Lyceum; each is a task file as anyone may write one. */
export const orionTaskFolder: string = fileURLToPath(new URL('../../../../models/orion/', import.meta.url));

const files = [
  'type-hint-geometry',
  'type-hint-animals',
  'type-hint-banking',
  'factual-recall-people',
  'factual-recall-geography',
  'variable-binding-pencils',
  'variable-binding-recipe',
  'variable-binding-bills',
];

/** The tasks of the ORION collection, in texts of our own. Source: arXiv 2312.10091. */
export const orionTasks = (): OrionTask[] => [
  ...files.map((name) => parseOrionTask(JSON.parse(readFileSync(`${orionTaskFolder}${name}.json`, 'utf8')), name)),
  inductionTask,
];
