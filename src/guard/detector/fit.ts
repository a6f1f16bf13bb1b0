import { ConfigError } from '../../core/index.ts';
import { hashOf, hashOfName } from '../../train/index.ts';
import type { DetectorWeights } from './detector.ts';
import { featuresOf, type Kinds, kindsOf } from './features.ts';
import { fitKinds, type KindSample } from './fit-kinds.ts';
import { fitNetwork, meanNetwork } from './fit-network.ts';

/** A document to train on: texts and vectors of its segments. */
export interface TrainingDocument {
  readonly texts: readonly string[];
  readonly vectors: readonly Float32Array[];
  /** What the user asked, or undefined. */
  readonly instruction: Float32Array | undefined;
  /** For each segment whether it was injected; "some" where only that of the document is known. */
  readonly injected: readonly boolean[] | 'some';
  readonly weight: number;
}

export interface FitOptions {
  readonly seed: number;
  /** Units of one network, and networks whose logits are averaged. */
  readonly hidden?: number;
  readonly networks?: number;
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly decay?: number;
}

const folds = 3;

/**
 * Trains a detector on documents and on texts whose kind is known. While the network learns, the kinds of a text come from a sorter that has not seen it, as they do in use. The same
 * input and seed give the same weights.
 *
 * @param texts  by text; a text of several kinds counts for the last
 * @throws ConfigError without documents or texts
 */
export const fitDetector = (
  documents: readonly TrainingDocument[],
  texts: ReadonlyMap<string, KindSample>,
  { seed, hidden = 24, networks = 3, epochs = 24, learningRate = 0.004, decay = 0.1 }: FitOptions,
): Omit<DetectorWeights, 'threshold'> => {
  const width = texts.values().next().value?.vector.length;
  if (width === undefined || documents.length === 0)
    throw new ConfigError(`fitDetector: expected documents and texts, got ${documents.length} and ${texts.size}; give both`);
  const foldOf = (text: string): number => hashOf(seed, hashOfName(text)) % folds;
  const blind = Array.from({ length: folds }, (_, fold) =>
    sorter(
      [...texts].filter(([text]) => foldOf(text) !== fold),
      width,
      seed,
    ),
  );
  const rows = documents.map(({ texts: own, vectors, instruction, injected, weight }) => ({
    features: featuresOf(own, vectors, instruction, (vector, i) => kindsOf(blind[foldOf(own[i]!)]!, vector)),
    injected,
    weight,
  }));
  return {
    width,
    kinds: sorter([...texts], width, seed),
    network: meanNetwork(Array.from({ length: networks }, (_, i) => fitNetwork(rows, { hidden, epochs, learningRate, decay, seed: hashOf(seed, i) }))),
  };
};

const sorter = (samples: readonly (readonly [string, KindSample])[], width: number, seed: number): Kinds =>
  fitKinds(
    samples.map(([, sample]) => sample),
    width,
    seed,
  );
