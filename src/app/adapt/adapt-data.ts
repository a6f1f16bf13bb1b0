import {
  admission,
  type BaseModel,
  findOverlaps,
  generalReplayPath,
  hashTrainingData,
  numberKinds,
  type Passage,
  promptOf,
  type Recipe,
  readSamples,
  type Sample,
  type TokenPair,
  type TokenText,
  textOf,
  tokenise,
} from '../../adapt/index.ts';
import { ConfigError } from '../../core/index.ts';
import { askedFacts } from './measure-model.ts';
import { type SplitData, type SplitOptions, splitData } from './split-data.ts';

export interface AdaptDataOptions extends Pick<SplitOptions, 'data' | 'evaluation' | 'kindField' | 'kindRules'> {
  /** General samples that are replayed; default: those that ship with Lyceum. */
  readonly replayData?: string;
  /** Samples that say nearly what an earlier one says, and those whose words stand in the held-out part, are not learnt. Default false. */
  readonly admit?: boolean;
  /** What is done with samples of more tokens than a row has. Default `cut`. */
  readonly tooLong?: 'cut' | 'refuse';
  /** What a chat template that tells the date is told. */
  readonly now: Date;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a run learns from and is judged by. */
export interface AdaptData extends Pick<SplitData, 'read' | 'classified' | 'training' | 'heldOut'> {
  /** Training samples that fit. */
  readonly learnt: number;
  /** Held-out samples whose words also stand in the training data. */
  readonly contaminated: readonly { readonly trainingId: string; readonly evaluationId: string; readonly words: string }[];
  /** Facts that the model is asked about the world and that stand in what is learnt, replayed samples among it. */
  readonly contaminatedFacts: readonly { readonly trainingId: string; readonly factId: string; readonly words: string }[];
  /** Names of kinds by their numbers. */
  readonly kinds: ReadonlyMap<number, string>;
  readonly texts: readonly TokenText[];
  readonly heldOutTexts: readonly TokenText[];
  /** Where the data holds preferences, which then are all of it. */
  readonly pairs: readonly TokenPair[];
  readonly heldOutPairs: readonly TokenPair[];
  /** What is learnt of the data itself: its texts, of pairs the chosen answers. */
  readonly own: readonly TokenText[];
  /** In an epoch. */
  readonly tokens: number;
  /** General texts, where the recipe wants any: by them it is told what mattered. */
  readonly general: readonly TokenText[];
  /** Some of them to see how experts are used where the data names no kinds: those that are not learnt, as far as there are any. */
  readonly generalShown: readonly TokenText[];
  /** Ids of samples that were shortened, and those left out with the reason. */
  readonly cut: readonly string[];
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
  /** Tokens replayed, of all in an epoch. */
  readonly replay: { readonly share: number; readonly source: string | null; readonly texts: number };
}

/** SHA-256 of all that is read, by what it is for. */
export const hashData = async (
  recipe: Pick<Recipe, 'replay' | 'against'>,
  { data, evaluation, replayData = generalReplayPath }: Pick<AdaptDataOptions, 'data' | 'evaluation' | 'replayData'>,
): Promise<Readonly<Record<string, string>>> => ({
  training: await hashTrainingData(data),
  ...(evaluation !== undefined && { evaluation: await hashTrainingData(evaluation) }),
  ...(usesGeneral(recipe) && { replay: await hashTrainingData(replayData) }),
});

/** Whether general samples are read: to be replayed, kept, or to tell what matters. */
const usesGeneral = ({ replay, against }: Pick<Recipe, 'replay' | 'against'>): boolean => replay > 0 || against.kl !== undefined || against.ewc !== undefined;

/** Samples that are let in one after another, and why the others are not. */
const admitted = (samples: readonly Sample[], overlapping: ReadonlySet<string>): { training: Sample[]; left: { id: string; reason: string }[] } => {
  const judge = admission({ leastWords: 1, mostWords: Number.POSITIVE_INFINITY, refused: [] });
  const training: Sample[] = [];
  const left: { id: string; reason: string }[] = [];
  for (const sample of samples) {
    const verdict = judge(promptOf(sample));
    if (overlapping.has(sample.id)) left.push({ id: sample.id, reason: 'its words stand in the held-out part' });
    else if (verdict.admitted) training.push(sample);
    else left.push({ id: sample.id, reason: 'it asks nearly what an earlier one asks' });
  }
  return { training, left };
};

const countTokens = (texts: readonly TokenText[]): number => texts.reduce((sum, { ids }) => sum + ids.length, 0);

/** General texts at most by which the use of experts is shown. */
const mostShown = 64;
/** Kinds where the data names none: what it teaches, and what is replayed. */
const unnamed = ['general', 'task'] as const;

/**
 * Reads training data, holds a part out, mixes general samples in and makes tokens of it all.
 *
 * @throws FormatError, ConfigError where it cannot be learnt from
 */
export const readAdaptData = async (base: BaseModel, recipe: Recipe, options: AdaptDataOptions): Promise<AdaptData> => {
  const { data, evaluation, replayData = generalReplayPath, kindField, now, signal, onProgress } = options;
  const { tokenizer, chatTemplate } = base;
  const virtual = recipe.method.virtualTokens ?? 0;
  const {
    read,
    classified,
    length,
    preferences,
    training: all,
    heldOut,
  } = await splitData(base, { ...options, length: recipe.length, virtualTokens: virtual, seed: recipe.seed });
  if (recipe.method.askedTokens !== undefined && (read.shapes.text ?? 0) === read.samples.length)
    throw new ConfigError(`${data}: expected samples that ask something with ${recipe.method.kind}, got plain texts; take --method prompt`);
  const overlaps = findOverlaps(passagesOf(all), passagesOf(heldOut));
  const { training, left } = options.admit ? admitted(all, new Set(overlaps.map(({ trainingId }) => trainingId))) : { training: all, left: [] };
  const named = Object.keys(read.kinds).length > 0;
  if (kindField !== undefined && !named)
    throw new ConfigError(
      `${data}: expected a field ${kindField} that says what kind a sample is, got none in ${read.samples.length} samples; leave --kind out`,
    );
  const replayed = (usesGeneral(recipe) ? (await readSamples(replayData)).samples : []).map((sample) => ({ ...sample, id: `replay ${sample.id}` }));
  const known = await findFacts([...training, ...(recipe.replay > 0 ? replayed : [])], recipe.seed);
  const numbers = named ? numberKinds(Object.keys(read.kinds)) : new Map(unnamed.map((kind, i): [string, number] => [kind, i]));
  const kindOf = (kind: string) => (samples: readonly Sample[]) => (named ? samples : samples.map((sample) => ({ ...sample, kind })));
  // Both answers of a pair stand in one row.
  const ownLength = preferences ? Math.floor((length + virtual) / 2) - virtual : length;
  const { tooLong } = options;
  const shared = { tokenizer, chatTemplate, length: ownLength, now, kinds: numbers, ...(tooLong && { tooLong }), ...(signal && { signal }) };
  const own = await tokenise(kindOf('task')(training), { ...shared, ...(onProgress && { onProgress }) });
  if (own.texts.length + own.pairs.length === 0)
    throw new ConfigError(
      `${data}: expected ${preferences ? 'answers with their prompts' : 'samples'} of at most ${ownLength} tokens, got ${own.refused.length} that are not${own.refused[0] ? `, the first: ${own.refused[0].reason}` : ''}; take longer rows (--length)${tooLong === 'refuse' ? ', or cut them (--too-long cut)' : ''}`,
    );
  const apart = await tokenise(kindOf('task')(heldOut), shared);
  if (apart.texts.length + apart.pairs.length === 0)
    throw new ConfigError(
      `${evaluation ?? data}: expected held-out samples of at most ${ownLength} tokens, got ${apart.refused.length} that are not; take longer rows (--length)${tooLong === 'refuse' ? ', or cut them (--too-long cut)' : ''}`,
    );
  const general = await tokenise(kindOf('general')(replayed), {
    ...shared,
    length,
    tooLong: 'cut',
  });
  const tokens = countTokens(own.texts) + countTokens(own.pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]));
  const mixed = takeTokens(general.texts, (tokens * recipe.replay) / (1 - recipe.replay), recipe.seed);
  const { kl } = recipe.against;
  const kept = kl
    ? takeTokens(general.texts, (tokens * kl.share) / (1 - kl.share), recipe.seed + 1).map((text) => ({ ...text, id: `kept ${text.id}`, keep: true }))
    : [];
  const replayTokens = countTokens(mixed);
  return {
    read,
    classified,
    training,
    heldOut,
    learnt: training.length - own.refused.length,
    contaminated: overlaps.map(({ trainingId, evaluationId, shared: words }) => ({ trainingId, evaluationId, words })),
    contaminatedFacts: known,
    kinds: new Map([...numbers].map(([kind, number]) => [number, kind])),
    texts: [...own.texts, ...mixed, ...kept],
    general: general.texts,
    generalShown: named ? [] : shownOf(general.texts, new Set([...mixed, ...kept].map(({ id }) => id.replace(/^kept /, ''))), recipe.seed),
    heldOutTexts: apart.texts,
    pairs: own.pairs,
    heldOutPairs: apart.pairs,
    own: [...own.texts, ...own.pairs.map(({ chosen }) => chosen)],
    tokens: tokens + replayTokens + countTokens(kept),
    cut: [...own.cut, ...apart.cut],
    refused: [...left, ...own.refused, ...apart.refused],
    replay: {
      share: replayTokens / (replayTokens + tokens),
      source: mixed.length > 0 ? (options.replayData ?? 'general samples that ship with Lyceum') : null,
      texts: mixed.length,
    },
  };
};

const passagesOf = (samples: readonly Sample[]): Passage[] => samples.map((sample) => ({ id: sample.id, text: textOf(sample) }));

/** Facts that a model is asked about the world and that samples tell, in the words in which they are asked. @param seed  draws what is asked */
export const findFacts = async (samples: readonly Sample[], seed: number): Promise<AdaptData['contaminatedFacts']> => {
  const facts = (await askedFacts(seed)).map(({ id, prompt, object }) => ({ id, text: `${prompt} ${object}` }));
  return findOverlaps(passagesOf(samples), facts).map(({ trainingId, evaluationId: factId, shared: words }) => ({ trainingId, factId, words }));
};

/** Texts that are not learnt, or any where all are: some, in an order of the seed. */
const shownOf = (texts: readonly TokenText[], learnt: ReadonlySet<string>, seed: number): TokenText[] => {
  const unlearnt = texts.filter(({ id }) => !learnt.has(id));
  return inOrderOf(unlearnt.length > 0 ? unlearnt : texts, seed).slice(0, mostShown);
};

const inOrderOf = (texts: readonly TokenText[], seed: number): TokenText[] =>
  [...texts.keys()].sort((a, b) => mixed(a, seed) - mixed(b, seed)).map((at) => texts[at]!);

/** Texts, drawn over and over in an order of the seed, until they have so many tokens. */
const takeTokens = (texts: readonly TokenText[], tokens: number, seed: number): TokenText[] => {
  const found: TokenText[] = [];
  if (texts.length === 0) return found;
  const order = inOrderOf(texts, seed);
  let sum = 0;
  for (let round = 0; sum < tokens; round++)
    for (const text of order) {
      if (sum >= tokens) break;
      found.push(round === 0 ? text : { ...text, id: `${text.id} again${round > 1 ? ` ${round}` : ''}` });
      sum += text.ids.length;
    }
  return found;
};

const mixed = (value: number, seed: number): number => {
  const hash = Math.imul((value + 1) ^ Math.imul(seed + 1, 0x9e3779b9), 0x85ebca6b);
  return (hash ^ (hash >>> 15)) >>> 0;
};
