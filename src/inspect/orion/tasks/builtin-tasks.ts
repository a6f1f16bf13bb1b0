import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { OrionTask } from '../task.ts';
import { inductionTask } from './induction.ts';
import { questionTasks } from './question-answering.ts';
import { builtinStories, type StoryData } from './stories.ts';
import { parseOrionTask } from './task-file.ts';

/** Where the tasks lie that ship with Lyceum, task files as anyone may write them; beside them the stories that questions are asked about. */
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
  'translation-climate',
  'translation-species',
  'translation-captains',
];

export interface OrionOptions {
  /** Stories for question answering, and their questions; those that ship with Lyceum unless told. */
  readonly stories?: StoryData;
}

/**
 * The tasks of the ORION collection, in texts of our own. Source: arXiv 2312.10091.
 *
 * @throws ConfigError where given stories have no questions for name, city and occupation of the main character
 */
export const orionTasks = ({ stories = builtinStories() }: OrionOptions = {}): OrionTask[] => [
  ...questionTasks(stories),
  ...files.map((name) => parseOrionTask(JSON.parse(readFileSync(`${orionTaskFolder}${name}.json`, 'utf8')), name)),
  inductionTask,
];
