import { z } from 'zod';
import { ConfigError } from '../../core/index.ts';

const size = z.number().int().positive().max(1e5);
const ratio = z.number().positive().max(1);

const schema = z.strictObject({
  /** Longest span, in words. */
  widths: size.max(64),
  /** Hidden units of every two-layer scorer. */
  ffn: size,
  /** Width of the projections of a span as subject, object and mention. */
  projection: size,
  /** Width of the embeddings of span width, distance and string match. */
  features: size,
  /** Beam of a sentence: max(1, floor(ratio × words)) spans. */
  relationRatio: ratio,
  /** Beam of a document: max(1, floor(ratio × words)) spans. */
  coreferenceRatio: ratio,
  /** Antecedents looked at for one mention, the nearest first. */
  antecedents: size,
  /** Subwords of one window, [CLS] and [SEP] included; longer documents are read in overlapping windows. */
  window: size.min(8),
});

/** Sizes of a reader's heads; the encoder has a configuration of its own. */
export type ReaderConfig = z.infer<typeof schema>;

export const defaultReader: ReaderConfig = {
  widths: 8,
  ffn: 150,
  projection: 384,
  features: 20,
  relationRatio: 0.4,
  coreferenceRatio: 0.3,
  antecedents: 250,
  window: 384,
};

/** @throws ConfigError naming every key that does not fit */
export const readerConfig = (json: unknown, where = 'reader.json'): ReaderConfig => {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  throw new ConfigError(`${where}: expected the sizes of a reader, got ${problems.join('; ')}; see src/read/model/reader-config.ts for the keys it may have`);
};

/** Weights of the three losses. */
export interface TaskWeights {
  readonly entity: number;
  readonly relation: number;
  readonly coreference: number;
}

/** What a preset decides; a training may say otherwise of each but the weights and the beam. */
export interface PresetValues {
  readonly weights: TaskWeights;
  readonly relationRatio: number;
  /** Learning rate of the heads. SciIE trains no encoder below them, so ours keeps its own. */
  readonly headRate: number;
  /** Dropout of the hidden layers of the heads. */
  readonly hidden: number;
}

/** The three settings of SciIE (arXiv:1808.09602, released program) and ours, which reads all three well with one model. */
export const presets = {
  ner: { weights: { entity: 0.2, relation: 0.33, coreference: 1 }, relationRatio: 0.3, headRate: 5e-4, hidden: 0.2 },
  coref: { weights: { entity: 0.33, relation: 0.33, coreference: 0.33 }, relationRatio: 0.3, headRate: 5e-4, hidden: 0.2 },
  relation: { weights: { entity: 0, relation: 1, coreference: 0.3 }, relationRatio: 0.4, headRate: 1e-3, hidden: 0.4 },
  all: { weights: { entity: 1, relation: 2, coreference: 0.5 }, relationRatio: 0.4, headRate: 1e-3, hidden: 0.3 },
} as const satisfies Readonly<Record<string, PresetValues>>;

export type Preset = keyof typeof presets;
