// Learning which of two answers is the better one: what a step is told of pairs, and what the model as it was says of them.
import { ConfigError } from '../core/index.ts';
import type { Engine, TensorData } from '../runtime/index.ts';
import type { BaseModel } from './base-model.ts';
import { countLabels, type PackedFeeds, packBatches, type TokenPair, type TokenText } from './data/index.ts';
import type { Start } from './first-values.ts';
import { openBefore } from './model-before.ts';
import type { Recipe } from './recipe.ts';
import { stepLengths } from './training-graph.ts';

/** Log-probabilities of the chosen and of the rejected answer, each the sum over its tokens. */
export type PairLogProbs = readonly [chosen: number, rejected: number];

export const textsOfPair = ({ chosen, rejected }: TokenPair): readonly [TokenText, TokenText] => [chosen, rejected];

/**
 * What the model says of pairs before it is trained, by their ids.
 *
 * @param start  what an earlier training ended with, where this one begins from it
 * @throws ConfigError where two have one id
 */
export const referencePairs = async (
  base: BaseModel,
  engine: Engine,
  recipe: Pick<Recipe, 'method' | 'weights' | 'length' | 'microRows' | 'seed'>,
  pairs: readonly TokenPair[],
  start?: Start,
): Promise<Map<string, PairLogProbs>> => {
  const { length, microRows, seed } = recipe;
  await using before = await openBefore({
    base,
    engine,
    recipe,
    start,
    graph: { forwardOnly: true, preferences: {} },
    name: 'reference',
    // The margin is asked for because its inputs say how many pairs there are.
    outputs: ({ policy, objective }) => ({ policy: policy!, margin: objective.metrics['margin']! }),
    lengths: stepLengths(microRows, length),
  });
  const read = pairs.map(({ chosen, rejected }) => ({ chosen: before.asRead(chosen), rejected: before.asRead(rejected) }));
  const found = new Map<string, PairLogProbs>();
  for (const batch of packBatches(read.map(lengthOfPair), { length, rows: microRows, seed, epoch: 0 })) {
    const rows = batch.map((row) => row.flatMap((i) => textsOfPair(read[i]!)));
    const { policy } = await before.run(rows, (feeds) => withPairs([feeds], [rows], new Map())[0]!);
    for (const [at, i] of batch.flat().entries()) {
      const { id } = pairs[i]!.chosen;
      if (found.has(id)) throw new ConfigError(`adapt: expected pairs with ids of their own, got ${id} twice; name them apart`);
      found.set(id, [Number(policy!.data[2 * at]), Number(policy!.data[2 * at + 1])]);
    }
  }
  return found;
};

export const lengthOfPair = ({ chosen, rejected }: TokenPair): number => chosen.ids.length + rejected.ids.length;

/**
 * Feeds of a step whose pairs are no labels: these count nothing among the labels, and stand in `sampleOf`, `reference` and `pairWeights`, which add up to 1 over the step where there are any.
 *
 * @param rows        of each part, its texts row by row; the answers of a pair follow one another, the chosen one first
 * @param references  by ids of pairs; one that is missing is 0
 */
export const withPairs = (
  parts: readonly PackedFeeds[],
  rows: readonly (readonly (readonly TokenText[])[])[],
  references: ReadonlyMap<string, PairLogProbs>,
): PackedFeeds[] => {
  const all = rows.flat(2).filter(({ side }) => side === 'chosen').length;
  return parts.map((part, p) => {
    const texts = rows[p]!.flat();
    const count = texts.filter(({ side }) => side === 'chosen').length;
    const places = Math.max(1, count);
    const [sampleOf, weights] = [new BigInt64Array(part.labels.data.length).fill(-1n), Float32Array.from(part.weights.data as Float32Array)];
    const [reference, pairWeights] = [new Float32Array(2 * places), new Float32Array(places).fill(1 / Math.max(1, all), 0, count)];
    let [label, sample] = [0, 0];
    for (const text of texts) {
      const to = label + countLabels(text);
      if (text.side) {
        sampleOf.fill(BigInt(sample), label, to);
        weights.fill(0, label, to);
        reference[sample] = references.get(text.id)?.[sample % 2] ?? 0;
        sample++;
      }
      label = to;
    }
    const float = (shape: readonly number[], data: Float32Array): TensorData => ({ dtype: 'float32', shape, data });
    return {
      ...part,
      weights: float(part.weights.shape, weights),
      sampleOf: { dtype: 'int64', shape: [sampleOf.length], data: sampleOf },
      reference: float([places, 2], reference),
      pairWeights: float([places], pairWeights),
    };
  });
};
