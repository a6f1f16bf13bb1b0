// What all causal language models have in common: their inputs, the cache, and the way from ids to logits. A family adds its embedding, its block and its last norm.
import { type Axis, ConfigError, gather, inOrder, isParameter, type Node, named, parameter, reshape, ShapeError, sizeOf } from '../core/index.ts';
import { blockSite, type CausalInputs, type CausalPast, dense, linear } from '../nn/index.ts';

/** What every family's config says. */
export interface CausalConfig {
  readonly vocab: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** The longest text it was trained for. */
  readonly positions: number;
  /** Whether the head's weight is the table of words. */
  readonly tied: boolean;
}

/** Most numbers of a head: far beyond any model, and tables of rotary embeddings stay small. */
const headDimLimit = 2 ** 14;

/**
 * The config itself.
 *
 * @param turns  whether heads turn as a whole: two numbers turn together
 * @throws ConfigError where heads do not fit one another
 */
export const checkedHeads = <C extends CausalConfig>(where: string, config: C, { turns = false }: { readonly turns?: boolean } = {}): C => {
  const { heads, kvHeads, headDim } = config;
  const refuse = (expected: string): never => {
    throw new ConfigError(`${where}: expected ${expected}, got ${heads} heads of ${headDim} and ${kvHeads} of keys; the file is damaged or of another model`);
  };
  if (!Number.isInteger(headDim) || heads % kvHeads !== 0) refuse('heads that divide the hidden axis and heads of keys that divide the heads');
  if (headDim > headDimLimit) refuse(`heads of at most ${headDimLimit} numbers`);
  if (turns && headDim % 2 !== 0) refuse('heads of an even number of numbers, which turn in pairs');
  return config;
};

export interface CausalModel {
  /** [batch, seq, vocab], or [rows, vocab] with `rows`. Rows of padding hold no meaning. */
  readonly logits: Node;
  /** [batch, seq, hidden], after the last norm; [1, rows, hidden] with `rowsOnly`. */
  readonly hidden: Node;
  /** Of the new tokens, a layer each [batch, kvHeads, seq, headDim], keys turned by their positions: what the caller writes into the cache. */
  readonly keys: readonly Node[];
  readonly values: readonly Node[];
  /** [batch, seq, hidden], what enters the first block. */
  readonly embeddings: Node;
  readonly parameters: readonly Node[];
}

export interface CausalParts {
  /** What enters the first block, from the rows of the table of words [batch, seq, hidden]. */
  readonly embed?: (words: Node) => Node;
  /** @param rows  [rows] int64, the places of `stream` that are computed, where not all are: see `atRows` */
  readonly block: (layer: number, stream: Node, past: CausalPast | undefined, rows: Node | undefined) => { stream: Node; keys: Node; values: Node };
  /** The last norm. */
  readonly final: (stream: Node) => Node;
}

/**
 * A causal model of its parts. Sites: `embed`, `blocks.N.resid.post`, `final`, `logits`; parameters `embed.word.weight` and, unless tied, `logits.weight`.
 *
 * @param parts  called when the inputs have been checked
 * @throws ShapeError for inputs that do not fit the config or each other
 */
export const causalModel = (where: string, config: CausalConfig, inputs: CausalInputs, parts: () => CausalParts): CausalModel => {
  checkInputs(where, config, inputs);
  const { embed = (words) => words, block, final } = parts();
  const { ids, past, rows, rowsOnly = false } = inputs;
  const table = parameter('embed.word.weight', [config.vocab, config.hidden]);
  const embeddings = named('embed', embed(gather(table, ids)));
  const keys: Node[] = [];
  const values: Node[] = [];
  let stream = embeddings;
  for (let layer = 0; layer < config.layers; layer++) {
    const own = past && { keys: past.keys[layer]!, values: past.values[layer]!, counts: past.counts, inPlace: past.inPlace };
    const made = block(layer, stream, own, rowsOnly && layer === config.layers - 1 ? rows : undefined);
    keys.push(made.keys);
    values.push(made.values);
    stream = named(blockSite(layer, 'resid.post'), made.stream);
  }
  const hidden = named('final', final(stream));
  const flat = rows && reshape(hidden, [sizeOf(hidden.shape.slice(0, 2)), config.hidden]);
  const read = flat ? (rowsOnly ? flat : gather(flat, rows)) : hidden;
  const logits = config.tied ? named('logits', linear(read, table)) : dense('logits', read, config.vocab, { bias: false });
  return { logits, hidden, keys, values, embeddings, parameters: inOrder([logits]).filter(isParameter) };
};

const checkInputs = (
  where: string,
  { layers, kvHeads, headDim, positions: longest }: CausalConfig,
  { ids, positions, mask, segments, past, rows }: CausalInputs,
): void => {
  const [batch, seq] = ids.shape;
  const check = (name: string, node: Node, shape: readonly (Axis | undefined)[], dtype: Node['dtype']) => {
    if (node.dtype !== dtype || node.shape.length !== shape.length || node.shape.some((axis, i) => axis !== shape[i]))
      throw new ShapeError(`${where}: expected ${name} ${dtype} [${shape.join(', ')}], got ${node.dtype} [${node.shape.join(', ')}]; see causalInputs`);
  };
  if (ids.shape.length !== 2 || ids.dtype !== 'int64')
    throw new ShapeError(`${where}: expected ids int64 [batch, seq], got ${ids.dtype} [${ids.shape.join(', ')}]; see causalInputs`);
  check('positions', positions, [batch, seq], 'int64');
  if (mask) check('mask', mask, [batch, seq], 'bool');
  if (segments) check('segments', segments, [batch, seq], 'int64');
  if (rows) check('rows', rows, [rows.shape[0]], 'int64');
  if (typeof seq === 'number' && seq > longest) throw new ShapeError(`${where}: expected at most ${longest} tokens, got ${seq}; read the text in windows`);
  if (!past) return;
  const kvSeq = past.mask.shape[1];
  check('past.mask', past.mask, [batch, kvSeq], 'bool');
  for (const kind of ['keys', 'values'] as const) {
    if (past[kind].length !== layers) throw new ShapeError(`${where}: expected past.${kind} of ${layers} layers, got ${past[kind].length}; see causalInputs`);
    for (const [i, node] of past[kind].entries()) check(`past.${kind}.${i}`, node, [batch, kvHeads, kvSeq, headDim], 'float32');
  }
};
