import type { BertConfig } from '../../src/models/index.ts';
import type { ReaderConfig } from '../../src/read/index.ts';

/** Sizes as the peer's `Sizes` names them. */
export const sizesOf = ({ vocab, hidden, layers, heads, ffn, positions, epsilon }: BertConfig, reader: ReaderConfig) => ({
  vocab,
  hidden,
  layers,
  heads,
  encoder_ffn: ffn,
  positions,
  epsilon,
  widths: reader.widths,
  ffn: reader.ffn,
  projection: reader.projection,
  features: reader.features,
  relation_ratio: reader.relationRatio,
  coreference_ratio: reader.coreferenceRatio,
  antecedents: reader.antecedents,
});
