import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { OrionTask } from '../task.ts';
import { declaredTask } from './declared-task.ts';
import { parseJson, readJson } from './read-json.ts';

const label = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected small letters, digits and single hyphens');
const name = z.string().regex(/^[a-z][A-Za-z0-9_]*$/, 'expected a letter first, then letters, digits or _');
const text = z.string().min(1);
const value = text.refine((given) => given.trim() === given, 'expected no white space around');
const row = z.record(name, value);

const schema = z.strictObject({
  /** Version of the format. */
  orionTask: z.literal(1),
  family: label,
  variant: label,
  /** What the task is, for people. */
  about: text.optional(),
  /** Lists that slots are filled from: values, or rows of named values. */
  pools: z.record(name, z.union([z.array(value).min(1), z.array(row).min(1)])).default({}),
  /** Slot → its pool. Slots of the same pool get different entries of it. A slot of a pool of rows is written `{slot.column}`. */
  slots: z.record(name, name).default({}),
  /** The table of what a prompt tells: attributes and their values, with slots. */
  entities: z.array(z.record(name, text)).min(1),
  /** What can be asked, each as likely; `words` fill slots of the template and may have slots themselves. */
  requests: z.array(z.strictObject({ ask: name, where: z.record(name, text).default({}), words: z.record(name, z.string()).default({}) })).min(1),
  /** Prompts up to where the answer begins, each as likely: a text, or its lines. */
  templates: z.array(z.union([text, z.array(z.string()).min(1)])).min(1),
  /** Whether a space stands between prompt and answer. Only the first token of an answer counts. */
  answer: z.strictObject({ leadingSpace: z.boolean() }),
  /** What becomes of a row with a value whose first token another value has: the task is refused, or the later row is left out. Rows are left out of a pool that fills the only slot. */
  collisions: z.enum(['refuse', 'drop']).default('refuse'),
});

/** A task as a file declares it. */
export type TaskFile = z.output<typeof schema>;

/**
 * A task that a JSON document declares.
 *
 * @param where  what stands first in an error
 * @throws FormatError with the field, what was expected and found; or where slots, words, entities and requests do not fit each other
 */
export const parseOrionTask = (json: unknown, where = 'orion task'): OrionTask => declaredTask(parseJson(json, where, schema), where);

/**
 * A task of a JSON file.
 *
 * @throws FormatError as `parseOrionTask`, and where the file is no JSON; what the file system says
 */
export const readOrionTask = async (path: string): Promise<OrionTask> => parseOrionTask(readJson(await readFile(path, 'utf8'), path), path);
