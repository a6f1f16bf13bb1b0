import { ConfigError } from '../../core/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import type { TokenText } from './tokenise.ts';

/** What a training program is given beside its key. */
export interface PackedFeeds {
  /** [batch, seq] int64; padding is 0. */
  readonly ids: TensorData;
  /** [batch, seq] int64: from 0 in each text; padding is 0. */
  readonly positions: TensorData;
  /** [batch, seq] int64: texts of a row counted from 0; padding is −1. */
  readonly segments: TensorData;
  /** [rows] int64: places in the flattened batch whose next token is a label; padding is 0. */
  readonly rows: TensorData;
  /** [rows] int64: those next tokens; padding is 0. */
  readonly labels: TensorData;
  /** [rows] float32: what each label counts, 0 for padding; they add up to 1 over a step. */
  readonly weights: TensorData;
  /** [samples, batch, seq] float32: what a token counts for a text. */
  readonly membership: TensorData;
  /** [samples] int64: kinds of the texts, −1 for none. */
  readonly kinds: TensorData;
  readonly [name: string]: TensorData;
}

export interface PackedFeedsOptions {
  /** `seq` is rounded up to a multiple, so that shapes repeat. Default 64. */
  readonly seqBucket?: number;
  /** So is the number of labels. Default 32. */
  readonly labelBucket?: number;
  /** Every label of the step counts the same, or every text does and its labels share. Default `labels`. */
  readonly weighting?: 'labels' | 'texts';
  /**
   * What a token counts for its text: `mean` 1 / length, so that texts of all lengths are alike; `sum` 1; `padded` 1, padding of its row included, as the authors' code counts: for rows of one text only. Default `mean`.
   */
  readonly membership?: 'mean' | 'sum' | 'padded';
  /** Most rows a set of feeds; a step of more becomes several, whose gradients add up. Default: all in one. */
  readonly microRows?: number;
}

/**
 * Feeds of a step from rows of texts. Texts of a row follow one another and see only themselves; a label at place t + 1 belongs to row t of the same text. Samples are numbered row by row, as they stand.
 *
 * @returns  one set, or several of `microRows` rows, whose weights add up to 1 together
 * @throws ConfigError where there is no label, or `padded` meets a row of several texts
 */
export const packedFeeds = (rows: readonly (readonly TokenText[])[], options: PackedFeedsOptions = {}): PackedFeeds[] => {
  const { seqBucket = 64, labelBucket = 32, weighting = 'labels', membership = 'mean', microRows = Math.max(1, rows.length) } = options;
  if (![seqBucket, labelBucket, microRows].every((count) => Number.isInteger(count) && count >= 1))
    throw new ConfigError(`packedFeeds: expected whole numbers from 1 on, got buckets of ${seqBucket} and ${labelBucket}, ${microRows} rows`);
  if (membership === 'padded' && rows.some((row) => row.length > 1))
    throw new ConfigError('packedFeeds: expected rows of one text each where padding counts, got several; pack with together: false');
  const counts = rows.flat().map(countLabels);
  const labelled = counts.filter((count) => count > 0).length;
  if (labelled === 0) throw new ConfigError('packedFeeds: expected texts with an answer, got none; leave such texts out');
  const all = counts.reduce((a, b) => a + b, 0);
  const weigh = (labels: number): number => (weighting === 'labels' ? 1 / all : 1 / (labelled * labels));
  const parts = Array.from({ length: Math.ceil(rows.length / microRows) }, (_, i) => rows.slice(i * microRows, (i + 1) * microRows));
  return parts.map((part) => feedsOf(part, { seqBucket, labelBucket, membership, weigh }));
};

/** Tokens of a text that are learnt. */
export const countLabels = ({ answer }: TokenText): number => answer.reduce((count, learnt, i) => count + (learnt && i > 0 ? 1 : 0), 0);

const upTo = (count: number, bucket: number): number => Math.max(1, Math.ceil(count / bucket)) * bucket;

interface Layout {
  readonly seqBucket: number;
  readonly labelBucket: number;
  readonly membership: 'mean' | 'sum' | 'padded';
  /** Weight of one of a text's labels. */
  readonly weigh: (labels: number) => number;
}

const feedsOf = (rows: readonly (readonly TokenText[])[], { seqBucket, labelBucket, membership, weigh }: Layout): PackedFeeds => {
  const batch = rows.length;
  const texts = rows.flat();
  const seq = upTo(Math.max(0, ...rows.map((row) => row.reduce((total, { ids }) => total + ids.length, 0))), seqBucket);
  const labelCount = upTo(
    texts.reduce((total, text) => total + countLabels(text), 0),
    labelBucket,
  );
  const grid = (filler: bigint): BigInt64Array => new BigInt64Array(batch * seq).fill(filler);
  const [ids, positions, segments] = [grid(0n), grid(0n), grid(-1n)];
  const [places, labels, weights] = [new BigInt64Array(labelCount), new BigInt64Array(labelCount), new Float32Array(labelCount)];
  const members = new Float32Array(texts.length * batch * seq);
  let label = 0;
  let sample = 0;
  for (const [b, row] of rows.entries()) {
    let at = b * seq;
    for (const [segment, text] of row.entries()) {
      const { length } = text.ids;
      const weight = weigh(countLabels(text));
      for (let t = 0; t < length; t++) {
        ids[at + t] = BigInt(text.ids[t]!);
        positions[at + t] = BigInt(t);
        segments[at + t] = BigInt(segment);
        if (t === 0 || !text.answer[t]) continue;
        places[label] = BigInt(at + t - 1);
        labels[label] = BigInt(text.ids[t]!);
        weights[label++] = weight;
      }
      const own = sample++ * batch * seq;
      members.fill(membership === 'mean' ? 1 / length : 1, own + at, own + (membership === 'padded' ? (b + 1) * seq : at + length));
      at += length;
    }
  }
  const int64 = (shape: readonly number[], data: BigInt64Array): TensorData => ({ dtype: 'int64', shape, data });
  return {
    ids: int64([batch, seq], ids),
    positions: int64([batch, seq], positions),
    segments: int64([batch, seq], segments),
    rows: int64([labelCount], places),
    labels: int64([labelCount], labels),
    weights: { dtype: 'float32', shape: [labelCount], data: weights },
    membership: { dtype: 'float32', shape: [texts.length, batch, seq], data: members },
    kinds: int64(
      [texts.length],
      BigInt64Array.from(texts, ({ kind }) => BigInt(kind)),
    ),
  };
};
