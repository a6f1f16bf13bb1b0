import { ConfigError, ShapeError } from '../../core/index.ts';
import type { Segment } from '../segments.ts';
import { featuresOf, type Kinds, kindsOf } from './features.ts';
import { logitOf, type Network } from './network.ts';

/** Turns texts into vectors of length 1; the embedder that comes with Lyceum is one. */
export interface SegmentEncoder {
  embed(texts: readonly string[]): Promise<Float32Array[]>;
}

export interface DetectorInput {
  /** What the user asked; "" where nothing. */
  readonly instruction: string;
  readonly document: string;
  /** Of the document; see `segmentsOf`. */
  readonly segments: readonly Segment[];
}

export interface DetectorScores {
  /** For each segment the probability that it was injected, 0..1. */
  readonly scores: readonly number[];
  /** Of the document: its largest; 0 without segments. */
  readonly score: number;
  /** Of the segments, length 1. */
  readonly vectors: readonly Float32Array[];
  readonly instructionVector: Float32Array;
}

export interface Detector {
  /** A document whose score reaches it counts as injected; see `models/guard/README.md` for the rates. */
  readonly threshold: number;
  /**
   * Judges the segments of a document.
   *
   * @throws ConfigError: a segment is not of this document · ShapeError: vectors of another width than the weights were trained for
   */
  score(encoder: SegmentEncoder, input: DetectorInput): Promise<DetectorScores>;
}

export interface DetectorWeights {
  /** Values of an encoder's vector. */
  readonly width: number;
  readonly threshold: number;
  readonly kinds: Kinds;
  readonly network: Network;
}

/** Segments that are compared with one another; a longer document is judged in parts of at most so many. */
export const longestPart = 512;

/** The detector with these weights. */
export const detectorOf = (weights: DetectorWeights): Detector => ({
  threshold: weights.threshold,
  async score(encoder, { instruction, document, segments }) {
    const strange = segments.findIndex(({ start, end, text }) => document.slice(start, end) !== text);
    if (strange >= 0)
      throw new ConfigError(`detector: expected segments of the document, got another text at segment ${strange}; take them from segmentsOf(document)`);
    const texts = segments.map(({ text }) => text);
    const [instructionVector, ...vectors] = (await encoder.embed([instruction, ...texts])) as [Float32Array, ...Float32Array[]];
    for (const vector of [instructionVector, ...vectors])
      if (vector.length !== weights.width)
        throw new ShapeError(`detector: expected vectors of ${weights.width} values, got ${vector.length}; use the encoder that the weights were trained with`);
    const asked = instruction.trim() === '' ? undefined : instructionVector;
    const scores = partsOf(segments.length).flatMap(([from, to]) =>
      featuresOf(texts.slice(from, to), vectors.slice(from, to), asked, (vector) => kindsOf(weights.kinds, vector)).map(
        (features) => 1 / (1 + Math.exp(-logitOf(weights.network, features))),
      ),
    );
    return { scores, score: scores.reduce((most, score) => Math.max(most, score), 0), vectors, instructionVector };
  },
});

/** Ranges of nearly equal length. */
const partsOf = (count: number): [number, number][] => {
  const parts = Math.ceil(count / longestPart);
  return Array.from({ length: parts }, (_, i) => [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)]);
};
