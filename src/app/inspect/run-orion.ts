import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, NotFoundError } from '../../core/index.ts';
import { writeWhole } from '../../formats/index.ts';
import {
  makeDataset,
  type OrionDataset,
  type OrionSummary,
  type OrionTask,
  type OrionTaskSummary,
  orionTasks,
  readOrionTask,
  readStories,
  runOrionTask,
  summariseModel,
} from '../../inspect/index.ts';
import { fileError } from '../file-error.ts';
import { chatForm } from './chat-form.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

export interface OrionRunSettings {
  /** Families (`induction`), variants (`induction/random-strings`), or paths of task files. Default: all that ship with Lyceum. */
  readonly tasks?: readonly string[] | undefined;
  /** Stories and questions of your own for question answering: two JSON files. */
  readonly stories?: { readonly stories: string; readonly questions: string } | undefined;
  /** Prompts of each task. Default 100. */
  readonly prompts?: number | undefined;
  /** Pairs of each layer. Default 100. */
  readonly pairs?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
}

export interface RunOrionOptions extends OrionRunSettings {
  /** Where finished tasks are kept: the next run with the same settings goes on from there. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** A task is finished, or was before. */
  readonly onTask?: (task: OrionTaskOutcome) => void | Promise<void>;
  /** Steps of the task at hand, of how many. */
  readonly onProgress?: (done: number, total: number, task: string) => void;
}

/** A task's figures, and whether its prompts went through the model's chat template. */
export type OrionTaskOutcome = OrionTaskSummary & { readonly chatTemplate: boolean; readonly seconds: number };

export interface OrionOutcome extends Omit<OrionSummary, 'tasks'> {
  readonly tasks: readonly OrionTaskOutcome[];
  /** Tasks that this model cannot be given, and why. */
  readonly skipped: readonly { readonly family: string; readonly variant: string; readonly reason: string }[];
  readonly weights: string;
  readonly layers: number;
  readonly prompts: number;
  readonly pairs: number;
  readonly seed: number;
}

const formVersion = 3; // of kept tasks

/**
 * The retrieval tasks of ORION, put to a model (arXiv 2312.10091). A chat model is asked with its template where that makes it answer better.
 *
 * @throws NotFoundError for a task that there is not · ConfigError for settings out of range · what task files throw · the signal's reason
 */
export const runOrion = async (
  model: InspectedLanguageModel,
  { tasks, stories, prompts = 100, pairs = 100, seed = 0, folder, signal, onTask, onProgress }: RunOrionOptions,
): Promise<OrionOutcome> => {
  const chosen = await tasksOf(tasks, stories);
  await mkdir(folder, { recursive: true });
  const done: OrionTaskOutcome[] = [];
  const skipped: { family: string; variant: string; reason: string }[] = [];
  const identity = await model.identity();
  for (const task of chosen) {
    const { family, variant } = task;
    const begun = performance.now();
    const told = (step: number, total: number): void => onProgress?.(step, total, `${family}/${variant}`);
    try {
      const plain = makeDataset(task, model.tokenizer, { count: prompts, seed });
      const path = join(folder, `${family}--${variant}.json`);
      const key = keyOf([identity, model.weights, model.chatTemplate, pairs, seed], plain);
      const measure = async (): Promise<OrionTaskOutcome> => {
        const chat = await chatForm(model, task, { signal, onProgress: told });
        const dataset = chat ? makeDataset(task, chat.encoder, { count: prompts, seed, wrap: chat.wrap }) : plain;
        const summary = await runOrionTask(model.blocks, dataset, (id) => model.tokenizer.decode([id]), { count: pairs, seed, signal, onProgress: told });
        const outcome = { ...summary, chatTemplate: chat !== undefined, seconds: (performance.now() - begun) / 1000 };
        await writeWhole(path, [Buffer.from(JSON.stringify({ form: formVersion, key, outcome }))]);
        return outcome;
      };
      const outcome = (await keptTask(path, key)) ?? (await measure());
      done.push(outcome);
      await onTask?.(outcome);
    } catch (error) {
      signal?.throwIfAborted();
      // What this model's tokens or context do not allow is told beside the rest.
      if (!(error instanceof ConfigError)) throw error;
      skipped.push({ family, variant, reason: error.message });
    }
  }
  const { cells } = summariseModel(model.name, done);
  return { model: model.name, tasks: done, cells, skipped, weights: model.weights, layers: model.blocks.config.layers, prompts, pairs, seed };
};

/** @throws NotFoundError */
const tasksOf = async (names: readonly string[] | undefined, stories: OrionRunSettings['stories']): Promise<OrionTask[]> => {
  const known = orionTasks(stories ? { stories: await readStories(stories.stories, stories.questions) } : {});
  if (!names) return known;
  const found = await Promise.all(
    names.map(async (name) => {
      const own = known.filter(({ family, variant }) => name === family || name === `${family}/${variant}`);
      if (own.length > 0) return own;
      if (existsSync(name)) return [await readOrionTask(name).catch((error: unknown) => Promise.reject(fileError(error, name)))];
      throw new NotFoundError(
        `inspect orion: expected tasks among ${[...new Set(known.map(({ family }) => family))].join(', ')}, or the path of a task file, got ${name}; name another`,
      );
    }),
  );
  return [...new Set(found.flat())];
};

/** Of everything a task's figures depend on. */
const keyOf = (settings: readonly unknown[], { family, variant, prompts }: OrionDataset): string =>
  createHash('sha256')
    .update(JSON.stringify([...settings, family, variant, prompts.map(({ ids, answerId }) => [ids, answerId])]))
    .digest('hex');

const keptTask = async (path: string, wanted: string): Promise<OrionTaskOutcome | undefined> => {
  try {
    const { form, key, outcome } = JSON.parse(await readFile(path, 'utf8')) as { form: number; key: string; outcome: OrionTaskOutcome };
    return form === formVersion && key === wanted ? outcome : undefined;
  } catch {
    return undefined; // not there, or not whole: it is measured again
  }
};
