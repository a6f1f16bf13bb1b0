import {
  type Axis,
  addAxes,
  defineOp,
  type Emit,
  gradients,
  iota,
  isInput,
  less,
  type Node,
  reshape,
  ShapeError,
  show,
  type Tensor,
  transpose,
  unsqueeze,
} from '../core/index.ts';
import { attendTo } from './attend-to.ts';
import { causalBias } from './causal-bias.ts';

export interface GroupedAttention {
  readonly heads: number;
  readonly kvHeads: number;
  /** Factor on the products of queries and keys. */
  readonly scale: number;
  /** See `causalBias`. */
  readonly window?: number | undefined;
  /** The queries of so many parts of `seq` meet the keys before the part's end only, one part after another: (parts + 1) / (2 · parts) of the products of the new tokens are left. seq is at least the square of it. Default 1. */
  readonly parts?: number | undefined;
  /** Where the new rows of keys and values go: into the cache where it lies, two program inputs that a run overwrites; they have room for them, kvSeq of at least counts + seq. Default: nowhere, the cache is only read. */
  readonly inPlace?: boolean | undefined;
}

const apart = (x: Node, heads: number): Node => {
  const [batch, seq, width] = x.shape as readonly [Axis, Axis, number];
  return transpose(reshape(x, [batch, seq, heads, width / heads]), [0, 2, 1, 3]);
};

interface PartEnd {
  /** int32 [batch]: the last token's place among those that the text has by the part's end. */
  readonly last: string;
  /** int32: slots of the cache by then. */
  readonly length: string;
}
const knownEnds = new WeakMap<Emit, Map<string, readonly PartEnd[]>>();

/** Where parts end, worked out once for all layers. */
const partEnds = (
  emit: Emit,
  {
    seq,
    kvSeq,
    counts,
    parts,
    inPlace,
  }: { readonly seq: Axis; readonly kvSeq: Axis; readonly counts: string; readonly parts: number; readonly inPlace: boolean },
): readonly PartEnd[] => {
  const known = knownEnds.get(emit) ?? new Map<string, readonly PartEnd[]>();
  knownEnds.set(emit, known);
  const key = [seq, kvSeq, counts, parts, inPlace].join();
  const found = known.get(key);
  if (found) return found;
  const number = (value: number): string => emit.constant('int64', [], [value]);
  const int32 = (value: string): string => emit.node('Cast', [value], { to: 6 });
  const part = parts === 1 ? undefined : emit.node('Div', [emit.axis(addAxes(seq, parts - 1)), number(parts)]); // as `Split` cuts: the last one is shorter
  const made = Array.from({ length: parts }, (_, i): PartEnd => {
    const end = i === parts - 1 ? emit.axis(seq) : emit.node('Mul', [part!, number(i + 1)]);
    const last = emit.node('Add', [counts, emit.node('Sub', [end, number(1)])]);
    // Where there is less room than promised nothing beyond it is written.
    if (inPlace) return { last: int32(emit.node('Min', [last, emit.node('Sub', [emit.axis(kvSeq), number(1)])])), length: int32(emit.axis(kvSeq)) };
    return { last: int32(last), length: int32(emit.node('Add', [emit.axis(kvSeq), end])) };
  });
  known.set(key, made);
  return made;
};

const op = defineOp<GroupedAttention>({
  name: 'groupedAttention',
  infer: ([q, k, v, keys, values, counts], { heads, kvHeads, inPlace }) => {
    const [batch, seq, width] = q!.shape as readonly [Axis, Axis, number];
    const headDim = width / heads;
    const fits = (x: Node, shape: readonly Axis[]): boolean => x.shape.length === shape.length && x.shape.every((axis, i) => axis === shape[i]);
    const kvSeq = keys!.shape[2]!;
    if (
      ![k!, v!].every((x) => fits(x, [batch, seq, kvHeads * headDim])) ||
      ![keys!, values!].every((x) => fits(x, [batch, kvHeads, kvSeq, headDim])) ||
      !fits(counts!, [batch])
    )
      throw new ShapeError(
        `groupedAttention: expected q [batch, seq, heads*headDim], k and v [batch, seq, kvHeads*headDim], a cache [batch, kvHeads, kvSeq, headDim] twice and counts [batch], got ${[q, k, v, keys, values, counts].map((x) => show(x!)).join(', ')}`,
      );
    if (inPlace && !(isInput(keys!) && isInput(values!)))
      throw new ShapeError(`groupedAttention: expected a cache of program inputs, which are overwritten, got ${show(keys!)} and ${show(values!)}`);
    return { shape: q!.shape, dtype: 'float32' };
  },
  // The same from smaller ops, and their gradients.
  grad: ({ inputs, attrs: { heads, kvHeads, scale, window } }, d) => {
    const [q, k, v, keys, values, counts] = inputs as readonly [Node, Node, Node, Node, Node, Node];
    const [batch, seq] = q.shape as readonly [Axis, Axis, number];
    const held = less(unsqueeze(iota(keys.shape[2]!), 0), unsqueeze(counts, 1));
    const bias = causalBias({ batch, seq, past: held, window });
    const mixed = attendTo({ queries: apart(q, heads), keys: apart(k, kvHeads), values: apart(v, kvHeads), past: { keys, values }, bias, scale });
    return [...gradients(reshape(transpose(mixed, [0, 2, 1, 3]), q.shape), [q, k, v, keys, values], d), undefined];
  },
  lower: (emit, { inputs, attrs: { heads, kvHeads, scale, window, parts = 1, inPlace = false } }, [q, k, v, keys, values, counts]) => {
    const [x, , , past] = inputs as readonly [Node, Node, Node, Node];
    const ends = partEnds(emit, { seq: x.shape[1]!, kvSeq: past.shape[2]!, counts: counts!, parts, inPlace });
    const inParts = (of: string): readonly string[] => (parts === 1 ? [of] : emit.nodes('Split', [of], parts, { axis: 1, num_outputs: parts }));
    const [queries, newKeys, newValues] = [inParts(q!), inParts(k!), inParts(v!)];
    // It takes the grown cache for as long as the one given, and lays one where the other was: behind a shape that it cannot work out it does not.
    const hidden = parts === 1 || inPlace ? undefined : emit.node('Max', [emit.shape(past.shape), emit.constant('int64', [1], [0])]);
    let cache = [keys!, values!].map((of) => (hidden === undefined ? of : emit.node('Reshape', [of, hidden], { allowzero: 1 })));
    const mixed = ends.map(({ last, length }, i) => {
      // Without its two other results, the cache with the new rows, it reads memory that nobody wrote.
      const [out, ...grown] = emit.nodes(
        'GroupQueryAttention',
        [queries[i]!, newKeys[i]!, newValues[i]!, ...cache, last, length],
        3,
        { num_heads: heads, kv_num_heads: kvHeads, scale: { float: scale }, ...(window !== undefined && { local_window_size: window }) },
        'com.microsoft',
      );
      if (inPlace) for (const [of, value] of grown.entries()) emit.overwrite([keys!, values!][of]!, value);
      cache = grown;
      return out!;
    });
    return parts === 1 ? mixed[0]! : emit.node('Concat', mixed, { axis: 1 });
  },
  reference: ([q, k, v, keys, values, counts], { heads, kvHeads, scale, window = Number.POSITIVE_INFINITY }, shape) => {
    const [batch, seq, width] = shape as readonly [number, number, number];
    const headDim = width / heads;
    const kvSeq = keys!.shape[2]!;
    const data = new Float64Array(batch * seq * width);
    for (let b = 0; b < batch; b++)
      for (let head = 0; head < heads; head++) {
        const own = Math.floor(head / (heads / kvHeads));
        const held = counts!.data[b]!;
        // Place of the first number of the j-th key or value this text has, and the tensor it lies in.
        const at = (j: number, cache: Tensor, fresh: Tensor): [Tensor['data'], number] =>
          j < held ? [cache.data, ((b * kvHeads + own) * kvSeq + j) * headDim] : [fresh.data, ((b * seq + j - held) * kvHeads + own) * headDim];
        for (let i = 0; i < seq; i++) {
          const query = ((b * seq + i) * heads + head) * headDim;
          const first = Math.max(0, held + i + 1 - window);
          const scores = Array.from({ length: held + i + 1 - first }, (_, j) => {
            const [from, place] = at(first + j, keys!, k!);
            let sum = 0;
            for (let c = 0; c < headDim; c++) sum += q!.data[query + c]! * from[place + c]!;
            return sum * scale;
          });
          const most = Math.max(...scores);
          const weights = scores.map((score) => Math.exp(score - most));
          const total = weights.reduce((a, w) => a + w, 0);
          for (const [j, weight] of weights.entries()) {
            const [from, place] = at(first + j, values!, v!);
            for (let c = 0; c < headDim; c++) data[query + c]! += (weight / total) * from[place + c]!;
          }
        }
      }
    return { shape, data };
  },
});

/**
 * Causal attention of new tokens to themselves and to a cache as one operator: no score is written out. All new places hold a token, and a text's cached tokens are the first of its slots.
 * onnxruntime's takes either one text, or one new token of each of several.
 *
 * @param q       [batch, seq, heads*headDim]
 * @param k       [batch, seq, kvHeads*headDim], v alike
 * @param past    keys and values [batch, kvHeads, kvSeq, headDim]; counts [batch] int64, how many slots hold a token
 * @returns       [batch, seq, heads*headDim]
 */
export const groupedAttention = (q: Node, k: Node, v: Node, past: { readonly keys: Node; readonly values: Node; readonly counts: Node }, options: GroupedAttention): Node =>
  op([q, k, v, past.keys, past.values, past.counts], options); // biome-ignore format: one call
