import { z } from 'zod';
import { eachRecord, type Skipped } from './each-record.ts';
import type { LanguageModel, TextResult } from './language-model/index.ts';

const message = z.strictObject({ role: z.string(), content: z.string() });
const id = z.union([z.string(), z.number()]);

/** A line of `lyceum complete --input`. */
export const completeRecord = z
  .looseObject({
    id,
    prompt: z.string().optional(),
    messages: z.array(message).min(1).optional(),
    maxTokens: z.number().int().min(1).optional(),
    temperature: z.number().optional(),
    topK: z.number().int().optional(),
    topP: z.number().optional(),
    minP: z.number().optional(),
    seed: z.number().int().optional(),
    schema: z.union([z.boolean(), z.record(z.string(), z.unknown())]).optional(),
    stop: z.union([z.string().transform((one) => [one]), z.array(z.string())]).optional(),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), 'expected either a prompt or messages');
export type CompleteRecord = z.output<typeof completeRecord>;

/** A line of `lyceum score --input`. */
export const scoreRecord = z.looseObject({ id, prompt: z.string(), completion: z.string() });
export type ScoreRecord = z.output<typeof scoreRecord>;

export interface BatchOptions {
  readonly special?: boolean;
  readonly speculate?: boolean;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

export type Completion = { readonly id: string | number } & TextResult;

/** Continues every record, many at once; results in the order given, without those that could not be served. @throws the signal's reason, and what is no fault of a record's */
export const completeAll = (
  model: LanguageModel,
  records: readonly CompleteRecord[],
  options: BatchOptions = {},
): Promise<{ done: Completion[]; skipped: Skipped[] }> =>
  eachRecord(records, options, async ({ id, prompt, messages, maxTokens, temperature, topK, topP, minP, seed = options.seed, stop, schema }) => {
    const given = Object.entries({
      prompt,
      messages,
      maxTokens,
      temperature,
      topK,
      topP,
      minP,
      seed,
      stop,
      schema,
      special: options.special,
      speculate: options.speculate,
    }).filter(([, value]) => value !== undefined);
    return { id, ...(await model.generate(Object.fromEntries(given), options.signal ? { signal: options.signal } : {})) };
  });

/** Scores every record, likewise. */
export const scoreAll = (model: LanguageModel, records: readonly ScoreRecord[], options: BatchOptions = {}) =>
  eachRecord(records, options, async ({ id, prompt, completion }) => ({
    id,
    ...(await model.logprobs(prompt, completion, { special: options.special ?? true })),
  }));
