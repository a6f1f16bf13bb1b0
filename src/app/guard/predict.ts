import { z } from 'zod';
import { eachRecord, type Skipped } from '../each-record.ts';
import type { LanguageModel } from '../language-model/index.ts';
import { guardRequest } from './guard-request.ts';

/** A line of `lyceum guard --predict`. */
export const guardRecord = z.looseObject({
  id: z.union([z.string(), z.number()]),
  instruction: z.string().min(1),
  document: z.string(),
  maxTokens: z.number().int().min(1).optional(),
});
export type GuardRecord = z.output<typeof guardRecord>;

export interface GuardPrediction {
  readonly id: string | number;
  readonly text: string;
  readonly flagged: boolean;
  /** 0 to 1; flagged from 0.5 on. */
  readonly score: number;
  readonly refused: boolean;
  readonly withheld: readonly string[];
}

export interface GuardRunOptions {
  readonly maxTokens?: number | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

/** Answers every record, greedily, under the guard that the model was opened with; in the order given, without those that could not be served. @throws the signal's reason, and what is no fault of a record's */
export const guardAll = (
  model: LanguageModel,
  records: readonly GuardRecord[],
  { maxTokens: most = 128, ...options }: GuardRunOptions = {},
): Promise<{ done: GuardPrediction[]; skipped: Skipped[] }> =>
  eachRecord(records, options, async ({ id, maxTokens = most, ...record }) => {
    const { text, guard } = await model.generate({ ...guardRequest(model.info, record), maxTokens }, options.signal ? { signal: options.signal } : {});
    const { flagged = false, score = 0, refused = false, withheld = [] } = guard ?? {};
    return { id, text, flagged, score, refused, withheld };
  });
