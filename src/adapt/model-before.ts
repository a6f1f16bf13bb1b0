import { type Node, nameOf } from '../core/index.ts';
import type { Binding, Engine, TensorData } from '../runtime/index.ts';
import type { BaseModel } from './base-model.ts';
import { type PackedFeeds, packedFeeds, type TokenText } from './data/index.ts';
import { firstValues, type Start } from './first-values.ts';
import { untouched } from './method.ts';
import type { Recipe } from './recipe.ts';
import { type TrainingGraph, type TrainingGraphOptions, trainingGraph } from './training-graph.ts';
import { behindVirtual, withAsked } from './virtual-tokens.ts';

/** The model as a training finds it, to be asked. */
export interface ModelBefore extends AsyncDisposable {
  /** A text as it reads it. */
  asRead(text: TokenText): TokenText;
  /** @param rows  texts as it reads them · @param more  adds to their feeds */
  run(rows: readonly (readonly TokenText[])[], more?: (feeds: PackedFeeds) => PackedFeeds): Promise<Readonly<Record<string, TensorData>>>;
}

export interface ModelBeforeOptions {
  readonly base: BaseModel;
  readonly engine: Engine;
  readonly recipe: Pick<Recipe, 'method' | 'weights' | 'seed'>;
  /** What an earlier training ended with is on it. Default: it is the base. */
  readonly start: Start | undefined;
  readonly graph?: Pick<TrainingGraphOptions, 'forwardOnly' | 'preferences'>;
  readonly name: string;
  readonly outputs: (graph: TrainingGraph) => Readonly<Record<string, Node>>;
  readonly lengths: Readonly<Record<string, number>>;
}

const heldAs = (parameter: string): string => `before:${parameter}`;

/** Opens the model as it is before it is trained. @throws as `firstValues` */
export const openBefore = async ({ base, engine, recipe, start, graph: more, name, outputs, lengths }: ModelBeforeOptions): Promise<ModelBefore> => {
  const method = start ? recipe.method : untouched;
  const graph = await trainingGraph(base, { method, weights: recipe.weights, still: true, ...more });
  const values = await firstValues(base, { ...recipe, method }, graph.parameters, start);
  const trainable = graph.parameters.map((node): [string, Binding] => [nameOf(node), { kind: 'trainable' }]);
  const program = await engine.compile({ name, outputs: outputs(graph) }, new Map([...graph.frozen, ...trainable]), { lengths });
  const names = Object.keys(values);
  await engine.put(Object.fromEntries(names.map((own) => [heldAs(own), values[own]!])));
  const resident = Object.fromEntries(names.map((own) => [own, heldAs(own)]));
  const fed = program.inputs.map((one) => one.name).filter((own) => !(own in resident));
  return {
    asRead: (text) => behindVirtual(base, method, text),
    run(rows, more = (feeds) => feeds) {
      const feeds = more(withAsked(base, method, packedFeeds(rows), [rows])[0]!);
      return program.run(Object.fromEntries(fed.map((own) => [own, feeds[own]!])), { resident });
    },
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await engine.drop(names.map(heldAs));
    },
  };
};
