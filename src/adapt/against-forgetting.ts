// What a training is told besides its labels, so that it forgets less: what that needs of the model as it was.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError, nameOf } from '../core/index.ts';
import { openSafetensors, readAsFloat32, writeSafetensors } from '../formats/index.ts';
import type { Binding, Engine, TensorData } from '../runtime/index.ts';
import type { BaseModel } from './base-model.ts';
import { countLabels, type PackedFeeds, packedFeeds, type TokenText } from './data/index.ts';
import type { Start } from './first-values.ts';
import { openBefore } from './model-before.ts';
import { fisherDiagonal, likeliest } from './objectives/index.ts';
import type { Recipe } from './recipe.ts';
import { stepLengths, trainingGraph } from './training-graph.ts';
import { behindVirtual, withAsked } from './virtual-tokens.ts';

/** Tokens of a place whose probabilities are kept; the rest count as one. */
export const keptCount = ({ source }: BaseModel): number => Math.min(32, source.member.config.vocab - 1);

/** The likeliest tokens after each place of a text that is a label, likeliest first, [labels, keptCount]. */
export interface KeptPlaces {
  readonly tokens: BigInt64Array;
  readonly logProbs: Float32Array;
}

/** What the model says of texts before it is trained, by their ids. @param start  what an earlier training ended with, where this one begins from it */
export const keptPlaces = async (
  base: BaseModel,
  engine: Engine,
  recipe: Pick<Recipe, 'method' | 'weights' | 'length' | 'seed'>,
  texts: readonly TokenText[],
  start?: Start,
): Promise<Map<string, KeptPlaces>> => {
  const count = keptCount(base);
  await using before = await openBefore({
    base,
    engine,
    recipe,
    start,
    name: 'kept',
    outputs: ({ read, logits }) => likeliest(logits(read), count),
    lengths: stepLengths(1, recipe.length),
  });
  const found = new Map<string, KeptPlaces>();
  for (const text of texts) {
    if (found.has(text.id)) throw new ConfigError(`adapt: expected kept texts with ids of their own, got ${text.id} twice; name them apart`);
    const said = await before.run([[before.asRead(text)]]);
    const own = countLabels(text) * count;
    found.set(text.id, { tokens: (said['tokens']!.data as BigInt64Array).slice(0, own), logProbs: (said['logProbs']!.data as Float32Array).slice(0, own) });
  }
  return found;
};

/**
 * Feeds of a step whose texts to be kept are no labels: these count nothing among the labels, whose weights add up to 1 without them, and stand in `keptRows`, `keptTokens`, `keptLogProbs` and `keptWeights`, which add up to 1 over
 * the step where there are any.
 *
 * @param rows  of each part, its texts row by row
 */
export const withKept = (
  parts: readonly PackedFeeds[],
  rows: readonly (readonly (readonly TokenText[])[])[],
  places: ReadonlyMap<string, KeptPlaces>,
  count: number,
): PackedFeeds[] => {
  const labelsOf = (texts: readonly TokenText[]): number => texts.reduce((sum, text) => sum + countLabels(text), 0);
  const all = rows.flat(2);
  const kept = labelsOf(all.filter(({ keep }) => keep));
  const learnt = labelsOf(all) - kept;
  return parts.map((part, p) => {
    const texts = rows[p]!.flat();
    const own = labelsOf(texts.filter(({ keep }) => keep));
    const bucket = Math.max(1, Math.ceil(own / 32)) * 32;
    const [keptRows, tokens] = [new BigInt64Array(bucket), new BigInt64Array(bucket * count)];
    const [keptWeights, logProbs, weights] = [
      new Float32Array(bucket),
      new Float32Array(bucket * count).fill(-Math.log(2 * count)),
      new Float32Array(part.weights.data.length),
    ];
    let [label, at] = [0, 0];
    for (const text of texts) {
      const labels = countLabels(text);
      if (text.keep) {
        const { tokens: said, logProbs: probable } = places.get(text.id)!;
        keptRows.set((part.rows.data as BigInt64Array).subarray(label, label + labels), at);
        keptWeights.fill(1 / kept, at, at + labels);
        tokens.set(said, at * count);
        logProbs.set(probable, at * count);
        at += labels;
      } else weights.fill(1 / learnt, label, label + labels);
      label += labels;
    }
    const tensor = (dtype: 'int64' | 'float32', shape: readonly number[], data: BigInt64Array | Float32Array) => ({ dtype, shape, data }) as TensorData;
    return {
      ...part,
      weights: tensor('float32', part.weights.shape, weights),
      keptRows: tensor('int64', [bucket], keptRows),
      keptTokens: tensor('int64', [bucket, count], tokens),
      keptLogProbs: tensor('float32', [bucket, count], logProbs),
      keptWeights: tensor('float32', [bucket], keptWeights),
    };
  });
};

/**
 * How much every trained parameter matters to general texts where it begins, one text at a time. It is kept in `file`, so that a run that goes on has the same.
 *
 * @throws ConfigError without texts
 */
export const generalFisher = async (
  file: string,
  {
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
    readonly values: Readonly<Record<string, TensorData>>;
  },
): Promise<ReadonlyMap<string, Float32Array>> => {
  const known = await openSafetensors(file).catch(() => undefined);
  if (known) {
    const found = new Map<string, Float32Array>();
    for (const name of known.tensors.keys()) found.set(name, (await readAsFloat32(known, name)).data);
    return found;
  }
  const { method, weights } = recipe;
  const { objective, parameters, frozen } = await trainingGraph(base, { method, weights, still: true });
  const trained = new Set(parameters.map(nameOf));
  const fisher = await fisherDiagonal({
    engine,
    name: 'general',
    loss: objective.loss,
    parameters,
    values,
    frozen: new Map<string, Binding>([...frozen].filter(([name]) => !trained.has(name))),
    samples: texts.map((text) => {
      const rows = [[behindVirtual(base, method, text)]];
      return withAsked(base, method, packedFeeds(rows), [rows])[0]!;
    }),
  });
  await mkdir(dirname(file), { recursive: true });
  await writeSafetensors(
    file,
    Object.fromEntries(
      parameters.map((node) => [
        nameOf(node),
        { dtype: 'float32' as const, shape: node.shape as readonly number[], data: fisher.get(nameOf(node))! as Float32Array<ArrayBuffer> },
      ]),
    ),
  );
  return fisher;
};
