// A model run block by block: between two blocks the residual stream is ours to read and to write. Every block is a cut of the model's one graph, so any family and any edit of it works.
import { input, logSumExp, type Node, type Program, reshape, sub, takeAlong, topK } from '../core/index.ts';
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
  /**
   * @param stream  [rows, hidden]: what leaves the last block
   * @param wanted  as many tokens for each row
   * @param top     how many of the likeliest tokens, at most 10
   */
  score(stream: Float32Array, wanted: readonly (readonly number[])[], top: number): Promise<Scored>;
}

const named = 10; // likeliest tokens that can be told

/** The whole model as one program: what edits and kinds of weights are put on before it is cut. */
export const inspectedProgram = ({ name, config, build }: InspectedModel): Program => {
  const { logits, keys, values } = build(causalInputs(config, { batch: 1, past: 'kvSeq', mask: false, segments: true }));
  const each = (kind: string, nodes: readonly Node[]) => nodes.map((node, layer): [string, Node] => [`${kind}.${layer}`, node]);
  return { name: `${name}/inspected`, outputs: Object.fromEntries([['logits', logits], ...each('keys', keys), ...each('values', values)]) };
};

/**
 * Cuts a program at what enters its blocks.
 *
 * @param program  from `inspectedProgram`, edited or not
 * @throws as `engine.compile` · NotFoundError where a family has no site between its blocks
 */
export const openBlockwise = async (
  engine: Engine,
  { name, config }: InspectedModel,
  program: Program,
  bindings: ReadonlyMap<string, Binding>,
): Promise<Blockwise> => {
  const { layers, hidden, kvHeads, headDim, vocab } = config;
  const { logits } = program.outputs as { readonly logits: Node };
  await using opened = new AsyncDisposableStack();
  const compile = async (what: string, outputs: Program['outputs']): Promise<Executable> =>
    opened.use(await engine.compile({ name: `${name}/${what}`, outputs }, bindings, { arena: true }));
  const entering = (block: number): string => `blocks.${block}.resid.pre`;
  const embedded = await compile('embed', capture([logits], ['embed']));
  const blocks: Executable[] = [];
  for (let block = 0; block < layers; block++) {
    const stream = capture([logits], [blockSite(block, 'resid.post')])[blockSite(block, 'resid.post')]!;
    const { roots } = replace([stream, program.outputs[`keys.${block}`]!, program.outputs[`values.${block}`]!], [entering(block)]);
    blocks.push(await compile(`block ${block}`, { stream: roots[0]!, keys: roots[1]!, values: roots[2]! }));
  }
  const last = blockSite(layers - 1, 'resid.post');
  const scores = reshape(replace([logits], [last]).roots[0]!, ['seq', vocab]);
  const head = await compile('head', headOutputs(scores, Math.min(named, vocab)));
  const int64 = (shape: number[], values: readonly number[]): TensorData => ({ dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) });
  const held = opened.move();
  return {
    config,
    async embed(ids, positions) {
      const shape = [1, ids.length];
      const { embed } = await runWith(embedded, { ids: int64(shape, ids), positions: int64(shape, positions) });
      return embed!.data as Float32Array;
    },
    async block(block, { stream, positions, apart = false, past }) {
      const seq = positions.length;
      const length = past ? past.keys.length / (kvHeads * headDim) : 0;
      const cached = (values: Float32Array | undefined): TensorData => ({
        dtype: 'float32',
        shape: [1, kvHeads, length, headDim],
        data: values ?? new Float32Array(),
      });
      const found = await runWith(blocks[block]!, {
        [`patch.${siteOf(entering(block))}`]: { dtype: 'float32', shape: [1, seq, hidden], data: stream },
        positions: int64([1, seq], positions),
        segments: int64([1, seq], apart ? positions.map((_, i) => i) : positions.map(() => 0)),
        'past.mask': { dtype: 'bool', shape: [1, length], data: new Uint8Array(length).fill(1) },
        [`past.keys.${block}`]: cached(past?.keys),
        [`past.values.${block}`]: cached(past?.values),
      });
      return { stream: found['stream']!.data as Float32Array, keys: found['keys']!.data as Float32Array, values: found['values']!.data as Float32Array };
    },
    async score(stream, wanted, top) {
      const rows = stream.length / hidden;
      const asked = wanted[0]?.length ?? 0;
      // A gather of nothing is refused by some kernels.
      const ids = asked > 0 ? wanted.flat() : Array<number>(rows).fill(0);
      const found = await runWith(head, {
        [`patch.${last}`]: { dtype: 'float32', shape: [1, rows, hidden], data: stream },
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
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
};

const headOutputs = (scores: Node, top: number): Program['outputs'] => {
  const whole = logSumExp(scores, -1, { keepDims: true });
  const { values, indices } = topK(scores, top);
  return { logprobs: sub(takeAlong(scores, input('wanted', ['seq', 'asked'], 'int64'), -1), whole), best: sub(values, whole), ids: indices };
};

/** A run with those of the feeds that the program has: a cut may need less than the whole. */
const runWith = (program: Executable, feeds: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>> =>
  program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]!])));
