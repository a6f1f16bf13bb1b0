import { type Axis, concat, input, matmul, type Node, nameOf, reshape, sizeOf } from '../core/index.ts';
import type { Binding, Engine, TensorData } from '../runtime/index.ts';
import type { BaseModel } from './base-model.ts';
import { packBatches, packedFeeds, type TokenText } from './data/index.ts';
import type { Recipe } from './recipe.ts';
import { trainingGraph } from './training-graph.ts';

export interface ExpertUse {
  /** Mean over linears and over samples of a kind (its number; −1: none): shares of the experts, which add up to 1. */
  readonly byKind: ReadonlyMap<number, readonly number[]>;
  /** Mean over all samples, by the site of the linear. */
  readonly byModule: ReadonlyMap<string, readonly number[]>;
}

/**
 * How a mixture spreads the tokens of texts over its experts: every text counts the same, whatever its length.
 *
 * @param values  of the method's parameters
 * @returns       undefined where the method has no experts
 */
export const expertUse = async ({
  base,
  engine,
  recipe,
  texts,
  values,
}: {
  readonly base: BaseModel;
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly texts: readonly TokenText[];
  readonly values: ReadonlyMap<string, Float32Array>;
}): Promise<ExpertUse | undefined> => {
  const { method, weights, length, microRows: rows, seed } = recipe;
  const graph = await trainingGraph(base, { method, weights, still: true });
  const sites = [...graph.shares.keys()];
  if (sites.length === 0) return undefined;
  const experts = [...graph.shares.values()][0]!.shape.at(-1) as number;
  const program = { name: 'expert-use', outputs: { received: receivedOf([...graph.shares.values()], experts) } };
  const trained: [string, Binding][] = graph.parameters.map((node) => [
    nameOf(node),
    { kind: 'constant', value: { dtype: 'float32', shape: node.shape as readonly number[], data: values.get(nameOf(node))! } },
  ]);
  await using executable = await engine.compile(program, new Map([...graph.frozen, ...trained]), {});
  const sums = new Map<number, { count: number; received: Float64Array }>();
  const lengths = texts.map(({ ids }) => ids.length);
  for (const batch of packBatches(lengths, { length, rows, seed, epoch: 0 })) {
    const own = batch.map((row) => row.map((i) => texts[i]!));
    const feeds: Readonly<Record<string, TensorData>> = packedFeeds(own)[0]!;
    const given = Object.fromEntries(executable.inputs.map(({ name }) => [name, feeds[name]!]));
    const { received } = await executable.run(given);
    for (const [sample, { kind }] of own.flat().entries()) {
      const sum = sums.get(kind) ?? { count: 0, received: new Float64Array(sites.length * experts) };
      sums.set(kind, sum);
      sum.count++;
      for (let i = 0; i < sum.received.length; i++) sum.received[i]! += Number(received!.data[sample * sum.received.length + i]);
    }
  }
  const all = new Float64Array(sites.length * experts);
  for (const { received } of sums.values()) for (let i = 0; i < all.length; i++) all[i]! += received[i]!;
  const expert = (from: Float64Array, n: number, by: number): number => sites.reduce((sum, _, m) => sum + from[m * experts + n]!, 0) / (by * sites.length);
  const numbers = Array.from({ length: experts }, (_, n) => n);
  return {
    byKind: new Map([...sums].sort(([a], [b]) => a - b).map(([kind, { count, received }]) => [kind, numbers.map((n) => expert(received, n, count))])),
    byModule: new Map(sites.map((site, m) => [site, numbers.map((n) => all[m * experts + n]! / texts.length)])),
  };
};

/** [samples, linears · experts]: the mean share over a sample's tokens. */
const receivedOf = (shares: readonly Node[], experts: number): Node => {
  const [batch, seq] = shares[0]!.shape as readonly [Axis, Axis, number];
  const tokens = sizeOf([batch, seq]);
  const side = concat(
    shares.map((own) => reshape(own, [tokens, experts])),
    1,
  );
  return matmul(reshape(input('membership', ['samples', batch, seq]), ['samples', tokens]), side);
};
