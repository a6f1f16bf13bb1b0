import {
  add,
  axisLength,
  constant,
  gather,
  input,
  less,
  logicalAnd,
  mul,
  multiplyAxes,
  type Node,
  randomUniform,
  reshape,
  where,
} from '../../../core/index.ts';
import { type BertConfig, bert } from '../../../models/index.ts';
import { drop, saltOf } from '../../../nn/index.ts';
import type { ReaderConfig, TaskWeights } from '../reader-config.ts';
import { type BeamInputs, beamCells } from './beams.ts';
import { coreferenceScores, type MentionStates } from './coreference-scores.ts';
import { coreferenceLoss, entityLoss, relationLoss } from './losses.ts';
import { relationScores } from './relation-scores.ts';
import { beliefsOf, spanScores, widthTable } from './span-scores.ts';
import { roleOf, spanVectors } from './span-vectors.ts';
import { tileSize } from './tiles.ts';
import { wordStates } from './word-states.ts';

export interface Rates {
  /** Share of subwords that are hidden: the encoder sees [MASK] in their place (default 0). */
  readonly words?: number;
  /** Dropout inside the encoder. */
  readonly encoder: number;
  /** Dropout of the token states that the heads see. */
  readonly tokens: number;
  /** Dropout of the hidden layers of the heads. */
  readonly hidden: number;
}

export interface TrainingGraph {
  /** Scalar: weighted sum of the three losses times `lossScale`. */
  readonly loss: Node;
  /** Unweighted losses of the tasks that have weight, each times `lossScale`. */
  readonly parts: Readonly<Partial<Record<keyof TaskWeights, Node>>>;
}

const int = (name: string, shape: readonly (string | number)[]): Node => input(name, shape, 'int64');
const flag = (name: string, shape: readonly (string | number)[]): Node => input(name, shape, 'bool');

/** Inputs that both training and prediction have. */
export const tokenInputs = () => ({
  ids: int('ids', ['batch', 'seq']),
  mask: flag('mask', ['batch', 'seq']),
});
/** Words come in blocks of `widths`: `spanScores` makes the spans of a block in one product. */
export const wordInputs = ({ widths }: Pick<ReaderConfig, 'widths'>) => {
  const words = multiplyAxes('wordBlocks', widths);
  return {
    tokenWord: int('tokenWord', ['batch', 'seq']),
    wordFirst: reshape(int('wordFirst', ['wordBlocks', widths]), [words]),
    wordLast: reshape(int('wordLast', ['wordBlocks', widths]), [words]),
  };
};
export const relationInputs = () => ({
  subjects: int('relationSubjects', ['relationTiles', tileSize]),
  objects: int('relationObjects', ['relationTiles', tileSize]),
});
export const coreferenceInputs = () => ({
  anaphors: int('anaphors', ['corefTiles', tileSize]),
  antecedents: int('antecedents', ['corefTiles', tileSize]),
  buckets: int('mentionBuckets', ['corefTiles', tileSize, tileSize]),
});

const beamInputs = (group: string, groups: string): BeamInputs => ({
  spans: int(`${group}Spans`, [groups, `${group}Spans`]),
  spanMask: flag(`${group}SpanMask`, [groups, `${group}Spans`]),
  beamMask: flag(`${group}BeamMask`, [groups, `${group}Beam`]),
  slots: int(`${group}Slots`, [`${group}Slots`]),
});

/**
 * The loss of a batch of documents. Inputs are those of `TrainingFeeds` in `training-batch.ts`.
 *
 * @param options.wordDtype  how the frozen word table is stored
 * @param options.maskId     id of [MASK]
 */
export const trainingGraph = (
  encoder: BertConfig,
  config: ReaderConfig,
  weights: TaskWeights,
  rates: Rates,
  { wordDtype = 'float16', maskId = 0 }: { wordDtype?: 'float16' | 'float32'; maskId?: number } = {},
): TrainingGraph => {
  const key = input('key', [1], 'uint32');
  const heads = { rate: rates.hidden, key };
  const words = wordInputs(config);
  const wordCount = words.wordFirst.shape[0]!;
  const { ids, mask } = tokenInputs();
  const { words: share = 0 } = rates;
  const hide = logicalAnd(less(randomUniform(key, saltOf('reader.words'), ids.shape), share), less(words.tokenWord, axisLength(wordCount, 'int64')));
  const seen = share > 0 ? where(hide, constant(maskId, [], 'int64'), ids) : ids;
  const raw = bert(encoder, { ids: seen, mask }, { wordDtype, ...(rates.encoder > 0 && { dropout: { rate: rates.encoder, key } }) }).hidden;
  const hidden = drop('reader.tokens', raw, { rate: rates.tokens, key });
  const states = wordStates(hidden, words);
  const table = widthTable(config);
  const spans = spanScores(states, table, config, heads);
  const cells = multiplyAxes(wordCount, config.widths);

  // Where entities are not learnt beside, hardly a beam would hold the gold spans of the other tasks, and nothing would ever be learnt: those go first.
  const goldFirst = (scores: Node, gold: () => Node): Node => (weights.entity > 0 ? scores : where(gold(), 1e6, scores));
  const clustersOf = reshape(int('spanClusters', [wordCount, config.widths]), [cells]);
  const relationCells = beamCells(
    goldFirst(spans.relationBeam, () => reshape(flag('relationArguments', [wordCount, config.widths]), [cells])),
    beamInputs('sentence', 'sentences'),
    'score',
  );
  const relationTiles = relationInputs();
  const scoredRelations = relationScores(
    hidden,
    spanVectors(relationCells, states, words, table),
    beliefsOf(spans.entity, relationCells),
    gather(spans.relationMention, relationCells),
    relationTiles,
    config,
    heads,
  );

  const mentionCells = beamCells(
    goldFirst(spans.coreferenceMention, () => less(constant(0, [], 'int64'), clustersOf)),
    beamInputs('document', 'documents'),
    'position',
  );
  const mentionSpans = spanVectors(mentionCells, states, words, table);
  const mentions: MentionStates = {
    vectors: roleOf('coreference.mention', mentionSpans, config),
    beliefs: beliefsOf(spans.entity, mentionCells),
    scores: gather(spans.coreferenceMention, mentionCells),
    strings: gather(reshape(int('spanStrings', [wordCount, config.widths]), [cells]), mentionCells),
    lastWords: gather(int('wordStrings', [wordCount]), mentionSpans.lastWord),
  };
  const scoredMentions = coreferenceScores(mentions, coreferenceInputs(), config, heads);

  const scale = input('lossScale', []);
  const entity = mul(entityLoss(spans.entity, reshape(int('entityLabels', [wordCount, config.widths]), [cells])), scale);
  const relation = mul(
    relationLoss(
      scoredRelations,
      relationCells,
      { ...relationTiles, mask: flag('relationMask', ['relationTiles', tileSize, tileSize]) },
      { subjects: int('goldSubjects', ['gold']), objects: int('goldObjects', ['gold']), labels: input('goldLabels', ['gold']) },
    ),
    scale,
  );
  const clusters = gather(clustersOf, mentionCells);
  const candidates = ['documentSlots', 'candidates'];
  const coreference = mul(
    coreferenceLoss(scoredMentions, clusters, {
      pairs: int('candidatePairs', candidates),
      slots: int('candidateSlots', candidates),
      mask: flag('candidateMask', candidates),
    }),
    scale,
  );
  const parts = Object.entries({ entity, relation, coreference }).filter(([task]) => weights[task as keyof TaskWeights] > 0);
  const loss = parts.map(([task, part]) => mul(part, weights[task as keyof TaskWeights])).reduce((a, b) => add(a, b));
  return { loss, parts: Object.fromEntries(parts) };
};
