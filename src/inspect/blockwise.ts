// A model opened up at its residual stream: block by block, where what is between two blocks is ours to read and to write, and all blocks in one call, a third quicker, where vectors of last tokens are all that is read and written.
// Everything is a cut of the model's one graph, so any family and any edit of it works.
import {
  type Axis,
  addAxes,
  ConfigError,
  concat,
  edit,
  equal,
  input,
  logSumExp,
  type Node,
  named,
  type Program,
  reshape,
  slice,
  sub,
  takeAlong,
  topK,
  where,
} from '../core/index.ts';
import { blockSite, type CausalInputs, capture, causalInputs, replace, siteOf } from '../nn/index.ts';
import type { Binding, Engine, Executable, TensorData } from '../runtime/index.ts';

/** What a model must say of itself: the language models of `models/` do. */
export interface InspectedModel {
  readonly name: string;
  readonly config: {
    readonly layers: number;
    readonly hidden: number;
    readonly vocab: number;
    readonly kvHeads: number;
    readonly headDim: number;
    readonly positions: number;
    /** How many tokens back a token sees, where that is bounded in some layers. */
    readonly window?: number | undefined;
  };
  readonly build: (inputs: CausalInputs) => { readonly logits: Node; readonly keys: readonly Node[]; readonly values: readonly Node[] };
}

/** Tokens that go through a block: what was cached of one text, and new tokens that each see it and themselves, or one another too. */
export interface BlockInput {
  /** [seq, hidden]: what enters the block. */
  readonly stream: Float32Array;
  /** [seq]: places of the new tokens in the text. */
  readonly positions: readonly number[];
  /** Each new token sees of the new ones itself alone: variants of one token. Default false. */
  readonly apart?: boolean;
  /** Keys and values of earlier tokens, [kvHeads, length, headDim]. */
  readonly past?: { readonly keys: Float32Array; readonly values: Float32Array } | undefined;
}

export interface BlockOutput {
  /** [seq, hidden] */
  readonly stream: Float32Array;
  /** [kvHeads, seq, headDim], values alike. */
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/** The beginning of a text, and what was cached of the part before it: a block each, [kvHeads, length, headDim]. */
export interface TextInput {
  readonly ids: readonly number[];
  /** Places in the text. */
  readonly positions: readonly number[];
  readonly past?: CachedText | undefined;
}

export interface CachedText {
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
}

export interface TextOutput {
  /** The residual stream at the last token, [hidden] each: what enters the first block, then what leaves each. */
  readonly last: readonly Float32Array[];
  /** A block each, [kvHeads, seq, headDim], values alike. */
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
}

/** Variants of a text's last token, each of which has a vector of its own after some blocks. */
export interface VariantsInput {
  /** The last token and its place. */
  readonly id: number;
  readonly position: number;
  /** Of all tokens before it. */
  readonly past: CachedText;
  /** `layer`: 1 to the number of blocks less one, so many are behind. */
  readonly variants: readonly { readonly layer: number; readonly vector: Float32Array }[];
}

export interface Scored {
  /** [rows][wanted]: natural logarithms of the probabilities of the tokens asked for. */
  readonly logprobs: readonly (readonly number[])[];
  /** [rows]: the likeliest tokens, the best first. */
  readonly best: readonly (readonly { readonly id: number; readonly logprob: number }[])[];
}

export interface Blockwise extends AsyncDisposable {
  readonly config: InspectedModel['config'];
  /** [seq, hidden]: what enters the first block. */
  embed(ids: readonly number[], positions: readonly number[]): Promise<Float32Array>;
  /** @param block  from 0 */
  block(block: number, given: BlockInput): Promise<BlockOutput>;
  /** Tokens through all blocks. */
  read(given: TextInput): Promise<TextOutput>;
  /** All variants go through all blocks, those too below their vector's: a call for each block costs more. @returns [variants, hidden]: what leaves the last block */
  lastTokens(given: VariantsInput): Promise<Float32Array>;
  /**
   * @param stream  [rows, hidden]: what leaves the last block
   * @param wanted  as many tokens for each row
   * @param top     how many of the likeliest tokens, at most 10
   */
  score(stream: Float32Array, wanted: readonly (readonly number[])[], top: number): Promise<Scored>;
}

const mostNamed = 10; // likeliest tokens that can be told

/** The whole model as one program: what edits and kinds of weights are put on before it is cut. */
export const inspectedProgram = ({ name, config, build }: InspectedModel): Program => {
  const { logits, keys, values } = build(causalInputs(config, { batch: 1, past: 'kvSeq', mask: false, segments: true }));
  const each = (kind: string, nodes: readonly Node[]) => nodes.map((node, layer): [string, Node] => [`${kind}.${layer}`, node]);
  return { name: `${name}/inspected`, outputs: Object.fromEntries([['logits', logits], ...each('keys', keys), ...each('values', values)]) };
};

/**
 * Cuts a program at what enters its blocks. What is cut out is compiled when it is first asked for.
 *
 * @param program  from `inspectedProgram`, edited or not
 * @throws NotFoundError where a family has no site between its blocks; what is asked of it throws as `engine.compile` and `Executable.run`
 */
export const openBlockwise = (engine: Engine, { name, config }: InspectedModel, program: Program, bindings: ReadonlyMap<string, Binding>): Blockwise => {
  const { layers, hidden, kvHeads, headDim, vocab } = config;
  const { logits } = program.outputs as { readonly logits: Node };
  const opened: Promise<Executable>[] = [];
  /** Cuts and compiles at the first call. */
  const lazily = (what: string, outputs: () => Program['outputs']): (() => Promise<Executable>) => {
    let executable: Promise<Executable> | undefined;
    return () => {
      if (!executable) {
        executable = engine.compile({ name: `${name}/${what}`, outputs: outputs() }, bindings, { arena: true });
        opened.push(executable);
      }
      return executable;
    };
  };
  const leaving = Array.from({ length: layers }, (_, block) => blockSite(block, 'resid.post'));
  const entering = leaving.map((_, block) => `blocks.${block}.resid.pre`);
  const cached = leaving.flatMap((_, block) => [program.outputs[`keys.${block}`]!, program.outputs[`values.${block}`]!]);
  const captured = capture([logits], ['embed', ...leaving]);
  const embedded = lazily('embed', () => ({ embed: captured['embed']! }));
  const blocks = leaving.map((site, block) =>
    lazily(`block ${block}`, () => {
      const { roots } = replace([captured[site]!, ...cached.slice(2 * block, 2 * block + 2)], [entering[block]!]);
      return { stream: roots[0]!, keys: roots[1]!, values: roots[2]! };
    }),
  );
  const whole = lazily('blocks', () => allBlocks(captured, leaving, cached));
  const head = lazily('head', () => headOutputs(reshape(replace([logits], leaving.slice(-1)).roots[0]!, ['seq', vocab]), Math.min(mostNamed, vocab)));
  const int64 = (shape: number[], values: readonly number[]): TensorData => ({ dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) });
  const floats = (shape: number[], data: Float32Array): TensorData => ({ dtype: 'float32', shape, data });
  const lengthOf = (past: Float32Array | undefined): number => (past ? past.length / (kvHeads * headDim) : 0);
  const pastOf = (past: Float32Array | undefined): TensorData => floats([1, kvHeads, lengthOf(past), headDim], past ?? new Float32Array());
  const maskOf = (past: Float32Array | undefined): TensorData => ({ dtype: 'bool', shape: [1, lengthOf(past)], data: new Uint8Array(lengthOf(past)).fill(1) });
  const segmentsOf = (seq: number, apart: boolean): TensorData => int64([1, seq], Array.from({ length: seq }, (_, i) => (apart ? i : 0))); // biome-ignore format: one call
  const through = async ({ ids, positions, past, apart, joins, vectors }: BlocksInput, fetch: readonly string[]) => {
    const seq = ids.length;
    const cache = leaving.flatMap((_, block) => [[`past.keys.${block}`, pastOf(past?.keys[block])] as const, [`past.values.${block}`, pastOf(past?.values[block])] as const]); // biome-ignore format: pairs
    return await runWith(
      await whole(),
      {
        ids: int64([1, seq], ids),
        positions: int64([1, seq], positions),
        segments: segmentsOf(seq, apart),
        joins: int64([1, seq, 1], joins),
        vectors: floats([1, seq, hidden], vectors),
        'past.mask': maskOf(past?.keys[0]),
        ...Object.fromEntries(cache),
      },
      fetch,
    );
  };
  const cachedNames = ['keys', 'values'].map((kind) => leaving.map((_, block) => `${kind}.${block}`)) as [string[], string[]];
  return {
    config,
    async read({ ids, positions, past }) {
      const unpatched = { joins: ids.map(() => 0), vectors: new Float32Array(ids.length * hidden) };
      const found = await through({ ids, positions, past, apart: false, ...unpatched }, ['last', ...cachedNames.flat()]);
      const last = found['last']!.data as Float32Array;
      const [keys, values] = cachedNames.map((names) => names.map((each) => found[each]!.data as Float32Array)) as [Float32Array[], Float32Array[]];
      return { last: Array.from({ length: layers + 1 }, (_, i) => last.slice(i * hidden, (i + 1) * hidden)), keys, values };
    },
    async lastTokens({ id, position, past, variants }) {
      const joins = variants.map(({ layer }) => layer);
      const strange = joins.find((layer) => !(Number.isInteger(layer) && layer > 0 && layer < layers));
      if (strange !== undefined) throw new ConfigError(`inspect ${name}: expected variants after 1 to ${layers - 1} blocks, got ${strange}`);
      const vectors = new Float32Array(variants.length * hidden);
      for (const [i, { vector }] of variants.entries()) vectors.set(vector, i * hidden);
      const each = (value: number): number[] => variants.map(() => value);
      const { stream } = await through({ ids: each(id), positions: each(position), past, apart: true, joins, vectors }, ['stream']);
      return stream!.data as Float32Array;
    },
    async embed(ids, positions) {
      const shape = [1, ids.length];
      const { embed } = await runWith(await embedded(), { ids: int64(shape, ids), positions: int64(shape, positions) });
      return embed!.data as Float32Array;
    },
    async block(block, { stream, positions, apart = false, past }) {
      const seq = positions.length;
      const found = await runWith(await blocks[block]!(), {
        [`patch.${siteOf(entering[block]!)}`]: { dtype: 'float32', shape: [1, seq, hidden], data: stream },
        positions: int64([1, seq], positions),
        segments: segmentsOf(seq, apart),
        'past.mask': maskOf(past?.keys),
        [`past.keys.${block}`]: pastOf(past?.keys),
        [`past.values.${block}`]: pastOf(past?.values),
      });
      return { stream: found['stream']!.data as Float32Array, keys: found['keys']!.data as Float32Array, values: found['values']!.data as Float32Array };
    },
    async score(stream, wanted, top) {
      const rows = stream.length / hidden;
      const asked = wanted[0]?.length ?? 0;
      // A gather of nothing is refused by some kernels.
      const ids = asked > 0 ? wanted.flat() : Array<number>(rows).fill(0);
      const found = await runWith(await head(), {
        [`patch.${leaving.at(-1)!}`]: { dtype: 'float32', shape: [1, rows, hidden], data: stream },
        wanted: int64([rows, ids.length / rows], ids),
      });
      const [logprobs, best, bestIds] = ['logprobs', 'best', 'ids'].map((output) => found[output]!.data) as [Float32Array, Float32Array, BigInt64Array];
      const each = best.length / rows;
      return {
        logprobs: Array.from({ length: rows }, (_, r) => Array.from(logprobs.subarray(r * asked, (r + 1) * asked))),
        best: Array.from({ length: rows }, (_, r) =>
          Array.from({ length: Math.min(top, each) }, (_, i) => ({ id: Number(bestIds[r * each + i]), logprob: best[r * each + i]! })),
        ),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const executable of await Promise.allSettled(opened)) if (executable.status === 'fulfilled') await executable.value[Symbol.asyncDispose]();
    },
  };
};

interface BlocksInput extends TextInput {
  readonly apart: boolean;
  /** After how many blocks each token gets a vector of its own, 0 for never. */
  readonly joins: readonly number[];
  /** [seq, hidden] */
  readonly vectors: Float32Array;
}

/**
 * The blocks as one program. After each but the last a token may get a vector of its own: `joins` [1, seq, 1] says after how many blocks, `vectors` [1, seq, hidden] which.
 *
 * @returns `last` [1, layers + 1, hidden], `stream` [1, seq, hidden] after the last block, and what is cached
 */
const allBlocks = (captured: Readonly<Record<string, Node>>, leaving: readonly string[], cached: readonly Node[]): Program['outputs'] => {
  const streams = ['embed', ...leaving].map((site) => captured[site]!);
  const { shape, dtype } = streams[0]!;
  const joins = input('joins', [...shape.slice(0, 2), 1], 'int64');
  const vectors = input('vectors', shape, dtype);
  const after = new Map(leaving.slice(0, -1).map((site, block) => [site, block + 1]));
  const edited = edit([...streams, ...cached], (node) => {
    const layer = node.site === undefined ? undefined : after.get(node.site);
    return layer === undefined ? node : named(node.site!, where(equal(joins, layer), vectors, node));
  });
  const [seen, kept] = [edited.slice(0, streams.length), edited.slice(streams.length)];
  const [, seq] = shape as [Axis, Axis];
  const lastOf = seen.map((stream) => slice(stream, 1, addAxes(seq, -1), seq));
  return {
    last: concat(lastOf, 1),
    stream: seen.at(-1)!,
    ...Object.fromEntries(kept.map((node, i) => [`${i % 2 === 0 ? 'keys' : 'values'}.${i >> 1}`, node])),
  };
};

const headOutputs = (scores: Node, top: number): Program['outputs'] => {
  const whole = logSumExp(scores, -1, { keepDims: true });
  const { values, indices } = topK(scores, top);
  return { logprobs: sub(takeAlong(scores, input('wanted', ['seq', 'asked'], 'int64'), -1), whole), best: sub(values, whole), ids: indices };
};

/** A run with those of the feeds that the program has: a cut may need less than the whole. */
const runWith = (program: Executable, feeds: Readonly<Record<string, TensorData>>, fetch?: readonly string[]): Promise<Record<string, TensorData>> =>
  program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]!])), fetch ? { fetch } : {});
