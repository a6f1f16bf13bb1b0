import {
  add,
  cast,
  concat,
  constant,
  equal,
  gather,
  matmul,
  mul,
  multiplyAxes,
  type Node,
  parameter,
  relu,
  reshape,
  squeeze,
  unsqueeze,
} from '../../../core/index.ts';
import { type Dropout, dense, drop } from '../../../nn/index.ts';
import { entityTypes } from '../labels.ts';
import type { ReaderConfig } from '../reader-config.ts';
import { alongColumns, alongRows, tileSize } from './tiles.ts';

/** Buckets of the distance between mentions, counted in kept mentions: 0, 1, 2, 3, 4, 5–7, 8–15, 16–31, 32–63, 64+. */
export const mentionBuckets = 10;
const matches = 4; // neither the words nor the last word are the same, the last word, the words, both

/** Mentions of a beam, sorted by position within a document. */
export interface MentionStates {
  /** [slots, projection]. */
  readonly vectors: Node;
  /** [slots, 7] probabilities of null and the entity types. */
  readonly beliefs: Node;
  /** [slots] phi_mc. */
  readonly scores: Node;
  /** [slots] int64: equal where the lower-cased words are. */
  readonly strings: Node;
  /** [slots] int64: equal where the lower-cased last words are. */
  readonly lastWords: Node;
}

export interface CoreferenceInputs {
  /** [corefTiles, 4] int64 slots: anaphors along rows, antecedents along columns. */
  readonly anaphors: Node;
  readonly antecedents: Node;
  /** [corefTiles, 4, 4] int64 bucket of the distance in mentions. */
  readonly buckets: Node;
}

/**
 * phi_mc(i) + phi_mc(j) + phi_c(i, j) for the pairs of the tiles. Beyond the paper, a pair sees whether the spans are the same words or end in the same word, and the entity beliefs.
 *
 * @returns  [corefTiles · 16]
 */
export const coreferenceScores = (
  mentions: MentionStates,
  { anaphors, antecedents, buckets }: CoreferenceInputs,
  config: ReaderConfig,
  dropout?: Dropout,
): Node => {
  const { ffn, projection, features } = config;
  const cells = multiplyAxes(anaphors.shape[0]!, tileSize * tileSize);
  const believed = entityTypes.length + 1;
  const first = (name: string, x: Node, width: number) => matmul(x, parameter(`coreference.${name}.weight`, [ffn, width]), { transposeB: true });
  const table = (name: string, rows: number) =>
    first(`by${name[0]!.toUpperCase()}${name.slice(1)}`, parameter(`coreference.${name}.weight`, [rows, features]), features);
  const same = (x: Node): Node => cast(equal(alongRows(x, anaphors), alongColumns(x, antecedents)), 'int64');

  const product = reshape(mul(alongRows(mentions.vectors, anaphors), alongColumns(mentions.vectors, antecedents)), [cells, projection]);
  const match = add(mul(same(mentions.strings), constant(2, [], 'int64')), same(mentions.lastWords));
  const described = concat([mentions.vectors, mentions.beliefs], 1);
  const rows = add(first('byAnaphor', described, projection + believed), parameter('coreference.up.bias', [ffn]));
  const columns = first('byAntecedent', described, projection + believed);
  const alone = reshape(add(alongRows(rows, anaphors), alongColumns(columns, antecedents)), [cells, ffn]);
  const known = reshape(add(unsqueeze(table('distance', mentionBuckets), 1), unsqueeze(table('match', matches), 0)), [mentionBuckets * matches, ffn]);
  const which = add(mul(buckets, constant(matches, [], 'int64')), match);
  const pairs = add(first('byProduct', product, projection), gather(known, reshape(which, [cells])));
  const up = drop('coreference.up', relu(add(alone, pairs)), dropout);
  const inner = drop('coreference.inner', relu(dense('coreference.inner', up, ffn)), dropout);
  const both = reshape(add(alongRows(mentions.scores, anaphors), alongColumns(mentions.scores, antecedents)), [cells]);
  return add(squeeze(dense('coreference.out', inner, 1), 1), both);
};
