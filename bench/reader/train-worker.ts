// Our side of `bench train-reader` as a process; the peer answers the same requests in bench/peers/reader_peer.py.
import { gradients, inOrder, isParameter, type Node, nameOf } from '../../src/core/index.ts';
import { parseGold } from '../../src/evaluate/index.ts';
import { readAsFloat32, writeSafetensors } from '../../src/formats/index.ts';
import { bertWeightNames, locateWeights } from '../../src/models/index.ts';
import { type Encoder, encoderFolder, encoderValues, openEncoder, wordTable, wordTableBinding } from '../../src/read/model/encoder.ts';
import { goldRows } from '../../src/read/model/gold-rows.ts';
import { initialValues } from '../../src/read/model/initial-values.ts';
import { type Rates, trainingGraph } from '../../src/read/model/network/training-graph.ts';
import { groupsOf } from '../../src/read/model/parameter-groups.ts';
import { typicalLengths } from '../../src/read/model/train-reader.ts';
import { type GoldRow, trainingFeeds } from '../../src/read/model/training-batch.ts';
import { trainingConfig } from '../../src/read/model/training-config.ts';
import { type Binding, type Engine, type Executable, openEngine, type TensorData } from '../../src/runtime/index.ts';
import { adamwFeeds, momentOf, nextOf, varianceOf } from '../../src/train/adamw.ts';
import { readBy } from '../../src/train/bound-programs.ts';
import { stepProgram } from '../../src/train/index.ts';
import { memory, serve } from './serve.ts';
import { sizesOf } from './sizes.ts';

const config = trainingConfig({});
const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clipNorm: config.clipNorm };
const isEncoder = (name: string): boolean => /^(embed|blocks)\./.test(name);
const still: Rates = { encoder: 0, tokens: 0, hidden: 0 };

interface Side {
  readonly encoder: Encoder;
  readonly engine: Engine;
}
let side: Side | undefined;
const opened = (): Side => {
  if (!side) throw new Error('expected the request open first');
  return side;
};

const graphOf = ({ encoder }: Side, rates: Rates) => {
  const graph = trainingGraph(encoder.config, config.reader, config.weights, rates);
  const parameters = inOrder([graph.loss]).filter(isParameter);
  const table = parameters.find((node) => nameOf(node) === wordTable)!;
  return { graph, table, trained: parameters.filter((node) => node !== table) };
};

const firstValues = async ({ encoder }: Side, trained: readonly Node[]): Promise<Record<string, TensorData>> => ({
  ...(await encoderValues(encoder, trained)),
  ...initialValues(
    trained.filter((node) => !isEncoder(nameOf(node))),
    config.seed,
  ),
});

const bindingsOf = ({ encoder }: Side, table: Node, trained: readonly Node[]): Map<string, Binding> =>
  new Map([[wordTable, wordTableBinding(encoder, table)], ...trained.map((node): [string, Binding] => [nameOf(node), { kind: 'trainable' }])]);

const rowsOf = ({ encoder }: Side, lines: string): GoldRow[] => goldRows(parseGold(lines, 'bench'), encoder.tokenizer, config.reader.window);

const feedsOf = ({ encoder }: Side, rows: readonly GoldRow[], program: Executable): Record<string, TensorData> =>
  readBy(program, {
    ...trainingFeeds(rows, config.reader, encoder.special),
    lossScale: { dtype: 'float32', shape: [], data: Float32Array.of(1 / rows.length) },
  });

const scalars = (values: Readonly<Record<string, number>>): Record<string, TensorData> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { dtype: 'float32', shape: [], data: Float32Array.of(value) }]));
const step = (value: number): TensorData => ({ dtype: 'uint32', shape: [1], data: Uint32Array.of(value) });
const zeros = ({ shape, data }: TensorData): TensorData => ({ dtype: 'float32', shape, data: new Float32Array(data.length) });

let turn: ((rows: readonly GoldRow[]) => Promise<number>) | undefined;
const prepared: GoldRow[][] = [];

await serve({
  async open({ threads }: { threads: number }) {
    side = { encoder: await openEncoder(), engine: await openEngine({ threads }) };
    return {
      engine: side.engine.info,
      tokenizer: `${encoderFolder()}/tokenizer.json`,
      sizes: sizesOf(side.encoder.config, config.reader),
      rates: config.dropout,
      weights: [config.weights.entity, config.weights.relation, config.weights.coreference],
      optimiser: { encoderRate: config.encoderRate, headRate: config.headRate, decay: config.weightDecay, clip: config.clipNorm },
    };
  },

  /** Writes every parameter as it is before the first step, float32, under our names. */
  async export({ file }: { file: string }) {
    const us = opened();
    const { table, trained } = graphOf(us, still);
    const { weights, config: encoder } = us.encoder;
    const name = locateWeights(weights, bertWeightNames(encoder), [table]).get(wordTable)!;
    await writeSafetensors(file, { ...(await firstValues(us, trained)), [wordTable]: await readAsFloat32(weights, name) });
  },

  /** Losses and gradients without dropout; the gradients go to a file. */
  async check({ lines, gradients: file }: { lines: string; gradients: string }) {
    const us = opened();
    const { graph, table, trained } = graphOf(us, still);
    const found = gradients(graph.loss, trained);
    const slopes = Object.fromEntries(trained.map((node, i) => [`slope:${nameOf(node)}`, found[i]!]));
    await using program = await us.engine.compile(
      { name: 'reader/check', outputs: { loss: graph.loss, ...graph.parts, ...slopes } },
      bindingsOf(us, table, trained),
    );
    const results = await program.run({ ...feedsOf(us, rowsOf(us, lines), program), ...(await firstValues(us, trained)) });
    await writeSafetensors(file, Object.fromEntries(trained.map((node) => [nameOf(node), results[`slope:${nameOf(node)}`]!])));
    const value = (output: string): number => Number(results[output]!.data[0]);
    return { loss: value('loss'), losses: [value('entity'), value('relation'), value('coreference')] };
  },

  /** Makes the training step of `lyceum read train` ready. */
  async learn({ batches }: { batches: readonly string[] }) {
    const us = opened();
    const { graph, table, trained } = graphOf(us, config.dropout);
    const groups = groupsOf(trained, config);
    const program = stepProgram('reader', { loss: graph.loss, metrics: graph.parts }, groups, adamw);
    const executable = await us.engine.compile(program, bindingsOf(us, table, trained), { arena: true, lengths: typicalLengths });
    const values = await firstValues(us, trained);
    const state = Object.fromEntries(Object.entries(values).flatMap(([name, value]) => [[name, value], [momentOf(name), zeros(value)], [varianceOf(name), zeros(value)]])); // biome-ignore format: one tensor and its two moments
    await us.engine.put(state);
    const resident = Object.fromEntries(Object.keys(state).map((name) => [name, name]));
    const keep = Object.fromEntries(Object.keys(state).map((name) => [nextOf(name), name]));
    prepared.push(...batches.map((lines) => rowsOf(us, lines)));
    let steps = 0;
    turn = async (rows) => {
      steps++;
      const results = await executable.run(
        { ...feedsOf(us, rows, executable), key: step(steps), ...scalars(adamwFeeds(groups, adamw, steps, 1)) },
        { resident, keep },
      );
      return Number(results.loss!.data[0]);
    };
    return executable.stats;
  },

  async step({ batch }: { batch: number }) {
    const start = performance.now();
    const loss = await turn!(prepared[batch]!);
    return { seconds: (performance.now() - start) / 1000, loss };
  },

  memory,
});
await side?.engine[Symbol.asyncDispose]();
