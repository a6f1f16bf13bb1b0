import { type Axis, cast, input, type Node, sum } from '../core/index.ts';

/** What a cache of keys and values depends on. */
export interface CacheShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Keys (turned by their positions) and values of earlier tokens, a layer each [batch, kvHeads, kvSeq, headDim] float32, and which slots hold a token: [batch, kvSeq] bool. Slots are in the order of the text; free ones may lie anywhere. */
export interface Past {
  readonly keys: readonly Node[];
  readonly values: readonly Node[];
  readonly mask: Node;
  /** [batch] int64: how many slots hold a token, where those are the first ones and all new places hold a token too: attention is then one operator, `groupedAttention`. */
  readonly counts?: Node | undefined;
  /** With `counts`: new rows are written into `keys` and `values` where they lie, by every block but one that computes `rowsOnly`; see `GroupedAttention`. */
  readonly inPlace?: boolean | undefined;
}

export interface CausalInputs {
  /** [batch, seq] int64 */
  readonly ids: Node;
  /** [batch, seq] int64: how many tokens of the text come before; anything below the longest text's length where there is no token. */
  readonly positions: Node;
  /** [batch, seq] bool: true where there is a token; padding may lie on either side. Without it all are tokens. */
  readonly mask?: Node | undefined;
  /** [batch, seq] int64: several texts in a row, one after another, each with a number of its own and positions from 0; a token sees only its own text. Padding is a text that nobody reads. */
  readonly segments?: Node | undefined;
  /** Attention is computed for the queries of so many parts of `seq` one after another, each against the keys before its end: what no query may see is not computed. The sites of scores and pattern are not there then. `seq` is a multiple of it, or where the cache is `dense` at least its square. Default 1. */
  readonly parts?: number | undefined;
  readonly past?: Past | undefined;
  /** [rows] int64: the places in the flattened [batch, seq] that logits are wanted for, the others cost a vocabulary each. Without it: all. */
  readonly rows?: Node | undefined;
  /** Of one text: the last block computes those rows only, beside the keys and values of all. Its sites from `attn.z` on are [1, rows, …] then. Asks for `Past.counts`. Default false. */
  readonly rowsOnly?: boolean | undefined;
}

/**
 * Inputs of a causal program under the names everyone uses: `ids`, `positions`, `mask`, `segments`, `rows`, and of a cache `past.mask`, `past.keys.N`, `past.values.N`.
 *
 * @param options.seq   new tokens: a name (default 'seq'), or a number for a program of one length, 1 for decoding
 * @param options.past  length of the cache: a name or a number; without it there is none
 * @param options.dense whether the slots of the cache that hold a token are the first ones: see `Past.counts`. Default false.
 * @param options.inPlace  see `Past`. Default false.
 * @param options.mask  whether there is padding among the new tokens. Default true.
 * @param options.segments whether rows hold several texts. Default false.
 * @param options.parts of attention: see `CausalInputs`
 * @param options.rows  whether logits are wanted for chosen rows only. Default false.
 * @param options.rowsOnly  see `CausalInputs`
 */
export const causalInputs = (
  { layers, kvHeads, headDim }: CacheShape,
  {
    batch = 'batch',
    seq = 'seq',
    past,
    dense = false,
    inPlace = false,
    mask = true,
    segments = false,
    parts,
    rows = false,
    rowsOnly = false,
  }: {
    batch?: Axis;
    seq?: Axis;
    past?: Axis;
    dense?: boolean;
    inPlace?: boolean;
    mask?: boolean;
    segments?: boolean;
    parts?: number;
    rows?: boolean;
    rowsOnly?: boolean;
  } = {},
): CausalInputs => {
  const cache = (kind: string) => Array.from({ length: layers }, (_, layer) => input(`past.${kind}.${layer}`, [batch, kvHeads, past!, headDim]));
  return {
    ids: input('ids', [batch, seq], 'int64'),
    positions: input('positions', [batch, seq], 'int64'),
    ...(mask && { mask: input('mask', [batch, seq], 'bool') }),
    ...(segments && { segments: input('segments', [batch, seq], 'int64') }),
    ...(parts !== undefined && { parts }),
    ...(past !== undefined && { past: pastOf(cache('keys'), cache('values'), input('past.mask', [batch, past], 'bool'), { dense, inPlace }) }),
    ...(rows && { rows: input('rows', ['rows'], 'int64') }),
    ...(rowsOnly && { rowsOnly }),
  };
};

const pastOf = (
  keys: readonly Node[],
  values: readonly Node[],
  mask: Node,
  { dense, inPlace }: { readonly dense: boolean; readonly inPlace: boolean },
): Past => ({
  keys,
  values,
  mask,
  ...(dense && { counts: sum(cast(mask, 'int64'), 1), inPlace }),
});
