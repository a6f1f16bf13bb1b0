import { type HeadScore, type HeadScoreOptions, headScores } from '../../inspect/index.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

export interface HeadsOf {
  readonly model: string;
  readonly weights: string;
  readonly layers: number;
  /** Heads of a block. */
  readonly heads: number;
  /** Different tokens of a text, and texts. */
  readonly length: number;
  readonly texts: number;
  readonly seed: number;
  /** Block by block. */
  readonly scores: readonly HeadScore[];
}

export type HeadsOfOptions = Pick<HeadScoreOptions, 'length' | 'texts' | 'seed' | 'signal' | 'onProgress'>;

/** What kinds of heads a model has. Tokens are drawn from those that stand for text. @throws as `headScores` */
export const headsOf = async (model: InspectedLanguageModel, { length = 50, texts = 4, seed = 0, ...watch }: HeadsOfOptions = {}): Promise<HeadsOf> => {
  const { tokenizer } = model;
  const { layers, vocab } = model.blocks.config;
  const vocabulary = Array.from({ length: Math.min(vocab, tokenizer.vocabSize) }, (_, id) => id).filter((id) => tokenizer.tokenBytes(id).length > 0);
  const first = tokenizer.encode('a')[0];
  const prefix = first !== undefined && first === tokenizer.bos ? [first] : [];
  const scores = await headScores(await model.parts(), { vocabulary, prefix, length, texts, seed, ...watch });
  return { model: model.name, weights: model.weights, layers, heads: scores.length / layers, length, texts, seed, scores };
};
