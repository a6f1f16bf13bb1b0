// A model whose blocks tell what each of their components makes, and let it be replaced. Beside `openBlockwise`, whose programs give no more than the sweep needs.
import { edit, gradients, input, type Node, type Program, reshape, sum, takeAlong, UnsupportedError } from '../../core/index.ts';
import {
  blockSite,
  capture,
  keyFactors as choiceOf,
  type EditChoice,
  editFeeds,
  type OpenedEdit,
  patch,
  replace,
  siteOf,
  sitesIn,
  weighKeys,
} from '../../nn/index.ts';
import type { Binding, Engine, Executable, TensorData } from '../../runtime/index.ts';
import type { BlockInput, BlockOutput, Blockwise, InspectedModel } from '../blockwise.ts';
import { frozenNorm } from './frozen-norm.ts';

/** A model whose heads are known. */
export interface HeadedModel extends InspectedModel {
  readonly config: InspectedModel['config'] & { readonly heads: number };
}

export interface PartsInput extends BlockInput {
  /** [kvSeq], the cached tokens first: factors on what all new tokens attend to each, rows divided by what is then left. See `weighKeys`. */
  readonly keyFactors?: Float32Array | undefined;
  /** [heads, seq, kvSeq], the cached tokens first: attention weights in the place of the model's. */
  readonly pattern?: Float32Array | undefined;
  /** [seq, heads*headDim]: mixed values in the place of the model's, before the output linear. */
  readonly z?: Float32Array | undefined;
  /** [seq, hidden]: what attention adds, in the place of the model's. */
  readonly attention?: Float32Array | undefined;
}

export interface PartsOutput extends BlockOutput {
  /** [heads, seq, kvSeq] */
  readonly pattern: Float32Array;
  /** [seq, heads*headDim] */
  readonly z: Float32Array;
  /** [seq, hidden]: what attention adds to the residual stream, after its norm where there is one. */
  readonly attention: Float32Array;
  /** [seq, hidden]: what the feed-forward part adds. */
  readonly mlp: Float32Array;
}

export interface Parts extends AsyncDisposable {
  readonly blocks: Blockwise;
  readonly config: HeadedModel['config'];
  /** Whether the feed-forward part of a block reads what its attention has added; else both read the same. */
  readonly sequential: boolean;
  /** @param block  from 0 */
  block(block: number, given: PartsInput): Promise<PartsOutput>;
  /** What attention adds to the residual stream where it has mixed these values: [rows, heads*headDim] → [rows, hidden]. Norms after it are computed anew. */
  added(block: number, z: Float32Array): Promise<Float32Array>;
  /** The same for parts of mixed values, a norm after it dividing by what it divides the whole by. @param whole  [heads*headDim] */
  shares(block: number, parts: Float32Array, whole: Float32Array): Promise<Float32Array>;
  /** The last norm: [rows, hidden] → [rows, hidden]. */
  final(streams: Float32Array): Promise<Float32Array>;
  /** What parts of a residual stream add to its last norm, dividing by what that divides the whole by. @param whole  [hidden] */
  finalShares(parts: Float32Array, whole: Float32Array): Promise<Float32Array>;
  /** Rows of the head's weight, [tokens, hidden]: a token's logit is the product of its row and the last norm. */
  directions(tokens: readonly number[]): Promise<Float32Array>;
}

/**
 * Cuts a program as `openBlockwise` does, with more to be seen and replaced in each block.
 *
 * @param program  from `inspectedProgram`, edited or not; its weights should be float32, else parts sum to the whole only as nearly as products of rounded numbers do
 * @param blocks   the same program, cut
 * @throws as `engine.compile` · NotFoundError, UnsupportedError where a family lacks the sites
 */
export const openParts = async (
  engine: Engine,
  { name, config }: HeadedModel,
  program: Program,
  bindings: ReadonlyMap<string, Binding>,
  blocks: Blockwise,
): Promise<Parts> => {
  const { layers, hidden, heads, kvHeads, headDim, vocab } = config;
  const { logits } = program.outputs as { readonly logits: Node };
  const known = sitesIn([logits]);
  await using opened = new AsyncDisposableStack();
  // Weights stay mapped: they are held packed beside this already.
  const compile = async (what: string, outputs: Program['outputs']): Promise<Executable> =>
    opened.use(await engine.compile({ name: `${name}/${what}`, outputs }, bindings, { arena: true, prepack: false }));
  const entering = (block: number): string => siteOf(`blocks.${block}.resid.pre`);
  const siteAt = (block: number, site: 'attn' | 'mlp'): string =>
    known.has(blockSite(block, `${site}.add`)) ? blockSite(block, `${site}.add`) : blockSite(block, site === 'attn' ? 'attn.out' : 'mlp.down');
  const wide: Executable[] = [];
  const patches: (readonly OpenedEdit[])[] = [];
  const outs: { readonly added: Executable; readonly shares: Executable | undefined }[] = [];
  for (let block = 0; block < layers; block++) {
    const [patternSite, zSite, attention, mlp, post] = [blockSite(block, 'attn.pattern'), blockSite(block, 'attn.z'), siteAt(block, 'attn'), siteAt(block, 'mlp'), blockSite(block, 'resid.post')]; // biome-ignore format: names
    const { roots: cut } = replace([known.get(post)!, program.outputs[`keys.${block}`]!, program.outputs[`values.${block}`]!], [entering(block)]);
    const weighed = weighKeys(cut, { blocks: [block] });
    const { roots, edits } = patch(weighed.roots, [patternSite, zSite, attention]);
    patches.push([...weighed.edits, ...edits]);
    const seen = capture(roots, [patternSite, zSite, attention, mlp]);
    wide.push(await compile(`parts ${block}`, { stream: roots[0]!, keys: roots[1]!, values: roots[2]!, pattern: seen[patternSite]!, z: seen[zSite]!, attention: seen[attention]!, mlp: seen[mlp]! })); // biome-ignore format: one call
    const added = await compile(`added ${block}`, { added: replace([known.get(attention)!], [zSite]).roots[0]! });
    outs.push({ added, shares: attention.endsWith('.add') ? await compile(`shares ${block}`, { shares: sharesOf(known, block) }) : undefined });
  }
  const final = known.get('final')!;
  const last = blockSite(layers - 1, 'resid.post');
  const rows = (title: string, width: number): Node => input(title, [1, 'rows', width]);
  const head = {
    final: await compile('final', { final: replace([final], [last]).roots[0]! }),
    shares: await compile('final shares', { shares: frozenNorm(final, rows('parts', hidden), rows('whole', hidden)) }),
    directions: await compile('directions', { directions: directionsOf(logits, vocab) }),
  };
  const held = opened.move();
  const run = async (executable: Executable, feeds: Readonly<Record<string, TensorData>>, output: string): Promise<Float32Array> =>
    (await executable.run(feedsOf(executable, feeds)))[output]!.data as Float32Array;
  const rowsOf = (data: Float32Array, width: number): TensorData => ({ dtype: 'float32', shape: [1, data.length / width, width], data });
  /** The whole beside each of its parts. */
  const repeated = (whole: Float32Array, count: number): TensorData => {
    const data = new Float32Array(count * whole.length);
    for (let i = 0; i < count; i++) data.set(whole, i * whole.length);
    return rowsOf(data, whole.length);
  };
  const mixed = heads * headDim;
  return {
    blocks,
    config,
    sequential: known.has(blockSite(0, 'resid.mid')),
    async block(block, { stream, positions, apart = false, past, keyFactors, pattern, z, attention }) {
      const seq = positions.length;
      const length = past ? past.keys.length / (kvHeads * headDim) : 0;
      const int64 = (values: readonly number[]): TensorData => ({ dtype: 'int64', shape: [1, values.length], data: BigInt64Array.from(values, BigInt) });
      const cached = (values: Float32Array | undefined): TensorData => ({
        dtype: 'float32',
        shape: [1, kvHeads, length, headDim],
        data: values ?? new Float32Array(),
      });
      const feeds: Record<string, TensorData> = {
        [`patch.${entering(block)}`]: rowsOf(stream, hidden),
        positions: int64(positions),
        segments: int64(apart ? [...positions.keys()] : positions.map(() => 0)),
        'past.mask': { dtype: 'bool', shape: [1, length], data: new Uint8Array(length).fill(1) },
        [`past.keys.${block}`]: cached(past?.keys),
        [`past.values.${block}`]: cached(past?.values),
      };
      const choice = (shape: readonly number[], data: Float32Array | undefined): EditChoice | null => (data ? { values: { shape, data } } : null);
      const chosen = [
        keyFactors ? choiceOf(keyFactors) : null,
        choice([1, heads, seq, length + seq], pattern),
        choice([1, seq, mixed], z),
        choice([1, seq, hidden], attention),
      ];
      Object.assign(feeds, editFeeds(patches[block]!, { seq, kvSeq: length }, chosen));
      const found = await wide[block]!.run(feedsOf(wide[block]!, feeds));
      return Object.fromEntries(Object.entries(found).map(([key, { data }]) => [key, data as Float32Array])) as unknown as PartsOutput;
    },
    added: (block, z) => run(outs[block]!.added, { [`patch.${blockSite(block, 'attn.z')}`]: rowsOf(z, mixed) }, 'added'),
    async shares(block, parts, whole) {
      const { added, shares } = outs[block]!;
      const own = { [`patch.${blockSite(block, 'attn.z')}`]: rowsOf(parts, mixed) };
      if (!shares) return run(added, own, 'added');
      return run(shares, { ...own, whole: repeated(whole, parts.length / mixed) }, 'shares');
    },
    final: (streams) => run(head.final, { [`patch.${last}`]: rowsOf(streams, hidden) }, 'final'),
    finalShares: (parts, whole) => run(head.shares, { parts: rowsOf(parts, hidden), whole: repeated(whole, parts.length / hidden) }, 'shares'),
    async directions(tokens) {
      const wanted: TensorData = { dtype: 'int64', shape: [1, tokens.length, 1], data: BigInt64Array.from(tokens, BigInt) };
      return run(head.directions, { wanted, 'patch.final': rowsOf(new Float32Array(tokens.length * hidden), hidden) }, 'directions');
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
};

/** Of a family with a norm after attention. */
const sharesOf = (known: ReadonlyMap<string, Node>, block: number): Node => {
  const [norm, out, zSite] = [known.get(blockSite(block, 'attn.add'))!, known.get(blockSite(block, 'attn.out'))!, blockSite(block, 'attn.z')];
  if (norm.inputs[0] !== out)
    throw new UnsupportedError(`parts: block ${block}: expected a norm of the output linear of attention, got another node at its site`);
  const z = known.get(zSite)!;
  const whole = edit([out], (node) => (node.site === zSite ? input('whole', z.shape) : node))[0]!;
  return frozenNorm(norm, replace([out], [zSite]).roots[0]!, whole);
};

/** The head is linear: the gradient of a token's logit for what the head reads is that token's row of its weight, whatever edits the head carries. */
const directionsOf = (logits: Node, vocab: number): Node => {
  const { roots, inputs } = replace([logits], ['final']);
  const scores = reshape(roots[0]!, [1, 'seq', vocab]);
  const read = sitesIn(roots).get('final')!;
  if (inputs.get('final') === undefined) throw new UnsupportedError('parts: expected a site final');
  return gradients(sum(takeAlong(scores, input('wanted', [1, 'seq', 1], 'int64'), -1), [0, 1, 2]), [read])[0]!;
};

/** Those of the feeds that the program has: a cut may need less than the whole. */
const feedsOf = (program: Executable, feeds: Readonly<Record<string, TensorData>>): Record<string, TensorData> =>
  Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]!]));
