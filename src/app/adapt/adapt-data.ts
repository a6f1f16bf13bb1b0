import { stat } from 'node:fs/promises';
import {
  type BaseModel,
  findOverlaps,
  generalReplayPath,
  holdOut,
  numberKinds,
  type ReadSamples,
  type Recipe,
  readSamples,
  readTrainingData,
  type Sample,
  type TokenText,
  textOf,
  tokenise,
} from '../../adapt/index.ts';
import { ConfigError, UnsupportedError } from '../../core/index.ts';
import { sha256OfFile } from '../../formats/index.ts';

export interface AdaptDataOptions {
  readonly data: string;
  /** Samples that are judged by, instead of a part of the data. */
  readonly evaluation?: string;
  /** General samples that are replayed; default: those that ship with Lyceum. */
  readonly replayData?: string;
  readonly kindField?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a run learns from and is judged by. */
export interface AdaptData {
  readonly read: ReadSamples;
  readonly training: readonly Sample[];
  readonly heldOut: readonly Sample[];
  /** Held-out samples whose words also stand in the training data. */
  readonly contaminated: readonly { readonly trainingId: string; readonly evaluationId: string; readonly words: string }[];
  /** Names of kinds, in the order of their numbers. */
  readonly kinds: readonly string[];
  readonly texts: readonly TokenText[];
  readonly heldOutTexts: readonly TokenText[];
  /** Ids of samples that were shortened, and those left out with the reason. */
  readonly cut: readonly string[];
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
  /** Tokens replayed, of all in an epoch. */
  readonly replay: { readonly share: number; readonly source: string | null; readonly texts: number };
  /** SHA-256 by file. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** Kinds where the data names none: what it teaches, and what is replayed. */
const unnamed = ['general', 'task'] as const;

/**
 * Reads training data, holds a part out, mixes general samples in and makes tokens of it all.
 *
 * @throws FormatError, ConfigError where it cannot be learnt from · UnsupportedError for preferences
 */
export const readAdaptData = async (base: BaseModel, recipe: Recipe, options: AdaptDataOptions): Promise<AdaptData> => {
  const { data, evaluation, replayData = generalReplayPath, kindField, signal, onProgress } = options;
  const { tokenizer, chatTemplate } = base;
  const how = { tokenizer, length: recipe.length, ...(kindField !== undefined && { kindField }) };
  const read = await readTrainingData(data, how);
  if (read.shapes.preference)
    throw new UnsupportedError(
      `${data}: expected samples with one answer each, got ${read.shapes.preference} preferences; keep the chosen answers as instructions`,
    );
  const judged = evaluation === undefined ? undefined : await readTrainingData(evaluation, how);
  const { training, heldOut } = judged ? { training: read.samples, heldOut: judged.samples } : holdOut(read.samples, { seed: recipe.seed });
  const overlaps = findOverlaps(
    training.map((sample) => ({ id: sample.id, text: textOf(sample) })),
    heldOut.map((sample) => ({ id: sample.id, text: textOf(sample) })),
  );
  const named = Object.keys(read.kinds).length > 0;
  const replayed = recipe.replay > 0 ? (await readSamples(replayData)).samples : [];
  const numbers = named ? numberKinds(Object.keys(read.kinds)) : new Map(unnamed.map((kind, i): [string, number] => [kind, i]));
  const kindOf = (kind: string) => (samples: readonly Sample[]) => (named ? samples : samples.map((sample) => ({ ...sample, kind })));
  const shared = { tokenizer, chatTemplate, length: recipe.length, kinds: numbers, ...(signal && { signal }) };
  const own = await tokenise(kindOf('task')(training), { ...shared, ...(onProgress && { onProgress }) });
  if (own.texts.length === 0)
    throw new ConfigError(
      `${data}: expected samples of at most ${recipe.length} tokens, got ${own.refused.length} that are not${own.refused[0] ? `, the first: ${own.refused[0].reason}` : ''}; take longer rows (--length)`,
    );
  const apart = await tokenise(kindOf('task')(heldOut), shared);
  const general = await tokenise(kindOf('general')(replayed.map((sample) => ({ ...sample, id: `replay ${sample.id}` }))), shared);
  const tokens = own.texts.reduce((sum, { ids }) => sum + ids.length, 0);
  const mixed = takeTokens(general.texts, (tokens * recipe.replay) / (1 - recipe.replay), recipe.seed);
  const replayTokens = mixed.reduce((sum, { ids }) => sum + ids.length, 0);
  return {
    read,
    training,
    heldOut,
    contaminated: overlaps.map(({ trainingId, evaluationId, shared: words }) => ({ trainingId, evaluationId, words })),
    kinds: [...numbers].sort(([, a], [, b]) => a - b).map(([kind]) => kind),
    texts: [...own.texts, ...mixed],
    heldOutTexts: apart.texts,
    cut: own.cut,
    refused: own.refused,
    replay: {
      share: replayTokens / (replayTokens + tokens),
      source: mixed.length > 0 ? (options.replayData ?? 'general samples that ship with Lyceum') : null,
      texts: mixed.length,
    },
    hashes: Object.fromEntries(
      (
        await Promise.all(
          [data, evaluation, recipe.replay > 0 ? replayData : undefined].map(async (path) =>
            path === undefined || (await stat(path)).isDirectory()
              ? []
              : [[path === generalReplayPath ? 'general-replay.jsonl' : path, await sha256OfFile(path)] as const],
          ),
        )
      ).flat(),
    ),
  };
};

/** Texts, drawn over and over in an order of the seed, until they have so many tokens. */
const takeTokens = (texts: readonly TokenText[], tokens: number, seed: number): TokenText[] => {
  const found: TokenText[] = [];
  if (texts.length === 0) return found;
  const order = [...texts.keys()].sort((a, b) => mixed(a, seed) - mixed(b, seed));
  let sum = 0;
  for (let round = 0; sum < tokens; round++)
    for (const at of order) {
      if (sum >= tokens) break;
      const text = texts[at]!;
      found.push(round === 0 ? text : { ...text, id: `${text.id} again` });
      sum += text.ids.length;
    }
  return found;
};

const mixed = (value: number, seed: number): number => {
  const hash = Math.imul((value + 1) ^ Math.imul(seed + 1, 0x9e3779b9), 0x85ebca6b);
  return (hash ^ (hash >>> 15)) >>> 0;
};
