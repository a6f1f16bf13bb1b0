import { type BaseModel, holdOut, type KindRule, promptHash, type ReadSamples, readTrainingData, type Sample } from '../../adapt/index.ts';
import { ConfigError } from '../../core/index.ts';
import { openEmbedderApart } from '../open-embedder-apart.ts';
import { classifyKinds } from './classify-kinds.ts';

export interface SplitOptions {
  readonly data: string;
  /** Samples that are judged by, instead of a part of the data. */
  readonly evaluation?: string;
  readonly kindField?: string;
  /** Rules come before fields: a sample whose prompt a pattern fits is of its kind. */
  readonly kindRules?: readonly { readonly pattern: string; readonly kind: string }[];
  /** Tokens of a row. */
  readonly length: number;
  readonly virtualTokens: number;
  readonly seed: number;
}

/** Samples that are learnt, and those that are held out of it. */
export interface SplitData {
  readonly read: ReadSamples;
  /** Samples that were given the kind of those they are like, and the share of the others that would have been given their own. */
  readonly classified: { readonly given: number; readonly right: number } | undefined;
  /** Tokens of a text at most. */
  readonly length: number;
  /** Whether samples are preferences, which then are all of them. */
  readonly preferences: boolean;
  readonly training: readonly Sample[];
  readonly heldOut: readonly Sample[];
}

const ruleOf = ({ pattern, kind }: { readonly pattern: string; readonly kind: string }): KindRule => {
  try {
    return { pattern: new RegExp(pattern, 'iu'), kind };
  } catch {
    throw new ConfigError(`adapt: expected a rule with a regular expression, got ${pattern}; write it as PATTERN=KIND`);
  }
};

/** Samples that have no kind, where others have one, are told by likeness. */
const completeKinds = async (read: ReadSamples): Promise<{ read: ReadSamples; classified: SplitData['classified'] }> => {
  if (Object.keys(read.kinds).length < 2 || read.samples.every(({ kind }) => kind !== undefined)) return { read, classified: undefined };
  await using embedder = await openEmbedderApart();
  const found = await classifyKinds(read.samples, (texts) => embedder.embed(texts));
  if (!found) return { read, classified: undefined };
  const { samples, given, right } = found;
  const kinds = new Map<string, number>();
  for (const { kind } of samples) kinds.set(kind!, (kinds.get(kind!) ?? 0) + 1);
  return { read: { ...read, samples, kinds: Object.fromEntries([...kinds].sort(([a], [b]) => (a < b ? -1 : 1))) }, classified: { given, right } };
};

/** Whether samples are preferences. @throws ConfigError where some are */
const onlyPreferences = ({ samples, shapes: { preference = 0 } }: ReadSamples, file: string): boolean => {
  if (preference > 0 && preference < samples.length)
    throw new ConfigError(
      `${file}: expected preferences alone or none, got ${preference} among ${samples.length} samples; put the ${samples.length - preference} others into a file of their own`,
    );
  return preference > 0;
};

/**
 * Reads training data and holds a part of it out: the same part of the same data, seed and length.
 *
 * @throws FormatError, ConfigError where it cannot be learnt from
 */
export const splitData = async ({ tokenizer, source }: BaseModel, options: SplitOptions): Promise<SplitData> => {
  const { data, evaluation, kindField, kindRules, seed } = options;
  // A row holds several texts, each with positions from 0 on, and virtual tokens before each.
  const length = Math.min(options.length, source.member.config.positions) - options.virtualTokens;
  const how = { tokenizer, length, ...(kindField !== undefined && { kindField }), ...(kindRules && { kindRules: kindRules.map(ruleOf) }) };
  const { read, classified } = await completeKinds(await readTrainingData(data, how));
  const judged = evaluation === undefined ? undefined : await readTrainingData(evaluation, how);
  const preferences = onlyPreferences(read, data);
  if (judged && onlyPreferences(judged, evaluation!) !== preferences)
    throw new ConfigError(
      `${evaluation}: expected ${preferences ? 'preferences' : 'samples with one answer'}, as the training data holds, got others; judge by what is learnt`,
    );
  const asks = new Set(read.samples.map(promptHash)).size;
  if (!judged && asks < 2)
    throw new ConfigError(
      `${data}: expected samples that ask two different things at least, one to learn and one to hold out, got ${asks === 1 && read.samples.length > 1 ? `${read.samples.length} that ask one` : read.samples.length}; add samples, or name others to judge by (--eval)`,
    );
  const parts = judged ? { training: read.samples, heldOut: judged.samples } : holdOut(read.samples, { seed });
  return { read, classified, length, preferences, ...parts };
};
