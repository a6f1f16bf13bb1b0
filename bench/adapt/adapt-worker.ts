// Our side of the benches of adapting as a process; the peer answers the same requests in bench/peers/adapt_peer.py.
import {
  type BaseModel,
  type FrozenWeights,
  lora,
  loramoe,
  type Method,
  packedFeeds,
  stepLengths,
  trainingGraph,
  usuallyRecomputed,
} from '../../src/adapt/index.ts';
import { boundHeap } from '../../src/app/bound-heap.ts';
import { openBase } from '../../src/app/language-model/open-base.ts';
import { nameOf } from '../../src/core/index.ts';
import { writeSafetensors } from '../../src/formats/index.ts';
import { uniformStart } from '../../src/nn/index.ts';
import { type Engine, openEngine, type TensorData } from '../../src/runtime/index.ts';
import { adamwFeeds, momentOf, nextOf, varianceOf } from '../../src/train/adamw.ts';
import { type AdamW, stepProgram } from '../../src/train/index.ts';
import { memory, serve } from '../reader/serve.ts';

interface Learn {
  readonly kind: 'lora' | 'loramoe';
  readonly weights: FrozenWeights;
  readonly options: {
    readonly experts: number;
    readonly rank: number;
    readonly alpha: number;
    readonly groups: readonly number[];
    readonly delta: number;
    readonly strength: number;
  };
  readonly optimiser: AdamW & { readonly learningRate: number };
  /** Of each batch its rows of ids, all learnt, and their kinds. */
  readonly batches: readonly { readonly ids: readonly (readonly number[])[]; readonly kinds: readonly number[] }[];
  /** Gets the values that training begins with. */
  readonly values: string;
}

let base: BaseModel | undefined;
let engine: Engine | undefined;
let turn: ((batch: number) => Promise<number>) | undefined;
let slopes: ((batch: number, names: readonly string[]) => Promise<{ loss: number; gradients: Record<string, number[]> }>) | undefined;

const methodOf = ({ kind, options: { experts, rank, alpha, groups } }: Learn): Method =>
  kind === 'lora' ? lora({ rank, alpha, dropout: 0, targets: 'mlp' }) : loramoe({ experts, rank, alpha, groups: [...groups], dropout: 0 });
const scalars = (values: Readonly<Record<string, number>>): Record<string, TensorData> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { dtype: 'float32', shape: [], data: Float32Array.of(value) }]));

boundHeap(); // as whoever trains does
await serve({
  async open({ model, threads }: { model: string; threads: number }) {
    base = await openBase(model, { threads });
    engine = await openEngine({ threads });
    return { engine: engine.info, tokens: base.source.member.config.vocab };
  },

  tokens: ({ text }: { text: string }) => ({ ids: base!.tokenizer.encode(text) }),

  /** Makes a step ready. Every parameter begins with small random values, so that every gradient is one. */
  async learn(asked: Learn) {
    const { weights, options, optimiser, batches, values } = asked;
    const { strength, delta, groups: sizes } = options;
    const method = methodOf(asked);
    const { objective, parameters, frozen } = await trainingGraph(base!, {
      method,
      weights,
      recomputed: usuallyRecomputed(base!.source.member.config.layers),
      ...(asked.kind === 'loramoe' && { balance: { strength, delta, groups: sizes } }),
    });
    const groups = [{ name: 'all', parameters, learningRate: optimiser.learningRate, weightDecay: 0 }];
    const [rows, length] = [batches[0]!.ids.length, batches[0]!.ids[0]!.length];
    const lengths = stepLengths(rows, length);
    const executable = await engine!.compile(
      stepProgram(method.kind, objective, groups, optimiser),
      new Map([...frozen, ...parameters.map((node) => [nameOf(node), { kind: 'trainable' as const }] as const)]),
      { arena: true, lengths, prepack: weights === 'int8' }, // as a run does
    );
    const first = Object.fromEntries(
      parameters.map((node): [string, TensorData] => {
        const shape = node.shape as readonly number[];
        return [
          nameOf(node),
          {
            dtype: 'float32',
            shape,
            data: uniformStart(
              nameOf(node),
              shape.reduce((a, b) => a * b, 1),
              1,
              0.02,
            ),
          },
        ];
      }),
    );
    await writeSafetensors(values, first);
    const zeros = ({ shape, data }: TensorData): TensorData => ({ dtype: 'float32', shape, data: new Float32Array(data.length) });
    const begin = () => engine!.put(Object.fromEntries(Object.entries(first).flatMap(([name, value]) => [[name, value], [momentOf(name), zeros(value)], [varianceOf(name), zeros(value)]]))); // biome-ignore format: one tensor and its two moments
    await begin();
    const held = Object.keys(first).flatMap((name) => [name, momentOf(name), varianceOf(name)]);
    const resident = Object.fromEntries(held.map((name) => [name, name]));
    const keep = Object.fromEntries(held.map((name) => [nextOf(name), name]));
    const feeds = batches.map(({ ids, kinds }) => {
      const rows = ids.map((own, i) => [{ id: String(i), ids: own, answer: own.map(() => true), kind: kinds[i]! }]);
      const [packed] = packedFeeds(rows as never);
      return { ...packed!, ...scalars({ micro: 1 }) };
    });
    let steps = 0;
    turn = async (batch) => {
      steps++;
      const all: Record<string, TensorData> = {
        ...feeds[batch]!,
        key: { dtype: 'uint32', shape: [1], data: Uint32Array.of(steps) },
        ...scalars(adamwFeeds(groups, optimiser, steps, 1)),
      };
      const given = Object.fromEntries(executable.inputs.flatMap(({ name }) => (all[name] ? [[name, all[name]]] : [])));
      const { loss } = await executable.run(given, { resident, keep });
      return Number(loss!.data[0]);
    };
    // After one step from nothing the first moment is the clipped gradient.
    slopes = async (batch, names) => {
      steps = 0;
      await begin();
      const loss = await turn!(batch);
      const found = await engine!.get(names.map(momentOf));
      steps = 0;
      await begin();
      return { loss, gradients: Object.fromEntries(names.map((name) => [name, Array.from(found[momentOf(name)]!.data, Number)])) };
    };
    const trainable = Object.values(first).reduce((sum, { data }) => sum + data.length, 0);
    return { trainable, nodes: executable.stats.nodes, membership: feeds.map(({ membership }) => Array.from(membership!.data, Number)) };
  },

  gradients: ({ batch, names }: { batch: number; names: readonly string[] }) => slopes!(batch, names),

  async step({ batch }: { batch: number }) {
    const start = performance.now();
    const loss = await turn!(batch);
    return { seconds: (performance.now() - start) / 1000, loss };
  },

  memory,
});
await engine?.[Symbol.asyncDispose]();
