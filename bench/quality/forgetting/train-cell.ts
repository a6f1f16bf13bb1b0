import { join } from 'node:path';
import {
  type BaseModel,
  expertUse,
  firstValues,
  generalReplayPath,
  openHeldOut,
  readSamples,
  recipeOf,
  saveAdapter,
  type TokenText,
  tokenise,
  trainAdapter,
  trainingGraph,
} from '../../../src/adapt/index.ts';
import { nameOf, sizeOf } from '../../../src/core/index.ts';
import { openEngine, type TensorData } from '../../../src/runtime/index.ts';
import type { Cell } from './cells.ts';
import { type Kind, kinds, type Mix } from './data.ts';

/** What training alone says. */
export interface Trained {
  readonly adapter: string;
  readonly trainable: number;
  readonly steps: number;
  /** Of one epoch. */
  readonly tokens: number;
  readonly seconds: number;
  /** Loss of the last samples. */
  readonly dev: number;
  /** Loss of the tests' texts, in nats a label, beside float weights. */
  readonly losses: Readonly<Record<Kind, number>>;
  /** Mean share of every expert, of texts of each kind. */
  readonly experts?: Readonly<Record<Kind, readonly number[]>>;
}

/** Trains a cell in its folder, where it goes on after an interruption, and writes the adapter there. */
export const trainCell = async (base: BaseModel, mix: Mix, { recipe: asked, size, seed }: Cell, folder: string, threads: number): Promise<Trained> => {
  const recipe = recipeOf(asked, { exactBytes: true, model: base.source.member.config });
  const { method } = recipe;
  const { kl, ewc } = recipe.against;
  const learnt = mix.training(size, seed);
  const share = (of: number): number => (total(learnt) * of) / (1 - of);
  const texts = [...learnt, ...(await generalTexts(base, 'replay', share(recipe.replay)))];
  if (kl) texts.push(...(await generalTexts(base, 'kept', share(kl.share))).map((text) => ({ ...text, keep: true })));
  const general = ewc ? await generalTexts(base, 'general', Number.POSITIVE_INFINITY) : [];
  await using engine = await openEngine({ process: true, threads, cacheBytes: 1 });
  const own = { base, engine, recipe };
  const started = performance.now();
  await using judge = await openHeldOut({ ...own, texts: mix.dev });
  const trained = await trainAdapter({ ...own, texts, general, judge, folder });
  const seconds = (performance.now() - started) / 1000;
  const { parameters } = await trainingGraph(base, { method, weights: recipe.weights });
  const adapter = join(folder, 'adapter');
  await saveAdapter(adapter, {
    method,
    values: trained.values,
    source: base.source,
    base: { name: base.name, sha256: base.sha256 },
    training: { data: {}, steps: trained.step, seed, heldOutLoss: -trained.best!.score },
  });
  const values = Object.fromEntries(
    parameters.map((node): [string, TensorData] => {
      const name = nameOf(node);
      return [name, { dtype: 'float32', shape: node.shape as readonly number[], data: trained.values.get(name)! }];
    }),
  );
  const { texts: testTexts } = mix.tests;
  const use = await expertUse({ ...own, texts: [...testTexts.task, ...testTexts.knowledge], values: trained.values });
  return {
    adapter,
    trainable: parameters.reduce((sum, { shape }) => sum + (sizeOf(shape) as number), 0),
    steps: trained.step,
    tokens: total(texts),
    seconds,
    dev: -trained.best!.score,
    losses: await lossesOf(own, mix, values),
    ...(use && { experts: byKind((kind) => (use.byKind.get(kinds.indexOf(kind)) ?? []).map((share) => Math.round(share * 1e4) / 1e4)) }),
  };
};

/** What the tests' texts cost before any training. */
export const baseLosses = async (base: BaseModel, mix: Mix, threads: number): Promise<Trained['losses']> => {
  const recipe = recipeOf(
    { method: 'lora', options: { rank: 1 }, weights: 'f32', length: 256, rows: 2 },
    { exactBytes: true, model: base.source.member.config },
  );
  await using engine = await openEngine({ process: true, threads, cacheBytes: 1 });
  const { parameters } = await trainingGraph(base, { method: recipe.method, weights: 'f32' });
  return await lossesOf({ base, engine, recipe }, mix, await firstValues(base, recipe, parameters));
};

type Own = Pick<Parameters<typeof openHeldOut>[0], 'base' | 'engine' | 'recipe'>;

const lossesOf = async ({ base, engine, recipe }: Own, { tests }: Mix, values: Readonly<Record<string, TensorData>>): Promise<Trained['losses']> => {
  const lossOf = async (kind: Kind) => {
    await using judge = await openHeldOut({ base, engine, recipe: { ...recipe, weights: 'f32' }, texts: tests.texts[kind] });
    return (await judge.given(values)).loss;
  };
  return { task: await lossOf('task'), knowledge: await lossOf('knowledge') };
};

const byKind = <T>(value: (kind: Kind) => T): Record<Kind, T> => ({ task: value('task'), knowledge: value('knowledge') });

const total = (texts: readonly TokenText[]): number => texts.reduce((sum, { ids }) => sum + ids.length, 0);

/** General samples of our own, as often as so many tokens need; each once for a number without end. */
const generalTexts = async (base: BaseModel, name: string, tokens: number): Promise<TokenText[]> => {
  if (tokens === 0) return [];
  const { samples } = await readSamples(generalReplayPath);
  const { texts } = await tokenise(samples, { tokenizer: base.tokenizer, chatTemplate: undefined, length: 256, tooLong: 'refuse' });
  const found: TokenText[] = [];
  for (let i = 0, sum = 0; sum < tokens && (tokens < Number.POSITIVE_INFINITY || i < texts.length); i++) {
    const text = texts[i % texts.length]!;
    found.push({ ...text, id: `${name} ${i}` });
    sum += text.ids.length;
  }
  return found;
};
