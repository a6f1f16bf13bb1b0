import { sameShape } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { requireFloat } from '../leaf.ts';
import { defineOp, type Emit, type Node } from '../node.ts';
import { show } from '../strided.ts';
import { reshape, slice } from './move.ts';
import { add, mul, neg, sub } from './pointwise.ts';
import { sum } from './reduce.ts';

/** Which two numbers of a head turn together: number i and number i + headDim/2 (`half`), or 2i and 2i + 1 (`interleaved`). */
export type PairForm = 'half' | 'interleaved';

interface RotateAttrs {
  readonly form: PairForm;
}

const op = defineOp<RotateAttrs>({
  name: 'rotatePairs',
  infer: ([x, cosine, sine]) => {
    requireFloat('rotatePairs', x!);
    const half = cosine!.shape[2];
    const [batch, seq] = isBeside(x!) ? x!.shape : [x!.shape[0], x!.shape[2]];
    const width = x!.shape.at(-1);
    const fits =
      typeof width === 'number' && typeof half === 'number' && (isBeside(x!) ? width % (2 * half) === 0 : x!.shape.length === 4 && width === 2 * half);
    if (!fits || !sameShape(cosine!.shape, [batch!, seq!, half]) || !sameShape(sine!.shape, cosine!.shape))
      throw new ShapeError(
        `rotatePairs: expected x [batch, heads, seq, headDim] or [batch, seq, heads·headDim] with an even headDim, cosines and sines [batch, seq, headDim / 2], got ${show(x!)}, ${show(cosine!)} and ${show(sine!)}`,
      );
    return x!;
  },
  // Back is a turn the other way. Of the angles: Σ over heads of what each pair makes of its cosine and its sine.
  grad: ({ inputs: [x, cosine, sine], attrs }, d): Node[] => {
    const headDim = 2 * (cosine!.shape[2] as number);
    const [first, second] = pairsOf(headsOf(x!, headDim), attrs.form);
    const [dFirst, dSecond] = pairsOf(headsOf(d, headDim), attrs.form);
    const heads = isBeside(x!) ? [2] : [1];
    return [
      rotatePairs(d, cosine!, neg(sine!), attrs.form),
      sum(add(mul(dFirst, first), mul(dSecond, second)), heads),
      sum(sub(mul(dSecond, first), mul(dFirst, second)), heads),
    ];
  },
  lower: (emit, { inputs: [, angles], attrs: { form } }, [values, cosine, sine]) =>
    emit.node('RotaryEmbedding', [values!, ...tablesOf(emit, angles!, cosine!, sine!)], { interleaved: form === 'interleaved' ? 1 : 0 }, 'com.microsoft'),
  reference: ([x, cosine, sine], { form }, shape) => {
    const [, seq, half] = cosine!.shape as readonly [number, number, number];
    const headDim = 2 * half;
    const heads = shape.length === 3 ? (shape[2] as number) / headDim : (shape[1] as number);
    const data = new Float64Array(x!.data.length);
    for (let at = 0; at < data.length / headDim; at++) {
      const angle = (shape.length === 3 ? Math.floor(at / heads) : Math.floor(at / (heads * seq)) * seq + (at % seq)) * half;
      for (let i = 0; i < half; i++) {
        const [a, b] = form === 'half' ? [i, i + half] : [2 * i, 2 * i + 1];
        const [first, second] = [x!.data[at * headDim + a]!, x!.data[at * headDim + b]!];
        const [c, s] = [cosine!.data[angle + i]!, sine!.data[angle + i]!];
        data[at * headDim + a] = first * c - second * s;
        data[at * headDim + b] = second * c + first * s;
      }
    }
    return { shape, data };
  },
});

const tables = new WeakMap<Emit, Map<string, readonly string[]>>();

/** Positions and tables as the kernel wants them: it looks angles up by position. Ours are there already, a row for each token, so a token's position is its row. Made once for all layers. */
const tablesOf = (emit: Emit, { shape: [batch, seq, half] }: Node, cosine: string, sine: string): readonly string[] => {
  const known = tables.get(emit) ?? new Map<string, readonly string[]>();
  tables.set(emit, known);
  const key = `${cosine} ${sine}`;
  const found = known.get(key);
  if (found) return found;
  const count = emit.node('Squeeze', [emit.node('Mul', [emit.shape([batch!]), emit.shape([seq!])]), emit.constant('int64', [1], [0])]);
  const numbers = emit.node('Range', [emit.constant('int64', [], [0]), count, emit.constant('int64', [], [1])]);
  const rows = emit.shape([-1, half!]);
  const made = [emit.node('Reshape', [numbers, emit.shape([batch!, seq!])]), ...[cosine, sine].map((table) => emit.node('Reshape', [table, rows]))];
  known.set(key, made);
  return made;
};

/** Whether heads lie side by side: [batch, seq, heads·headDim]. */
const isBeside = (x: Node): boolean => x.shape.length === 3;

/** With an axis for the heads. */
const headsOf = (x: Node, headDim: number): Node => (isBeside(x) ? reshape(x, [...x.shape.slice(0, 2), (x.shape[2] as number) / headDim, headDim]) : x);

/** The two numbers of every pair: headDim / 2 each in place of headDim. */
const pairsOf = (x: Node, form: PairForm): readonly [Node, Node] => {
  const headDim = x.shape[3] as number;
  if (form === 'half') return [slice(x, 3, 0, headDim / 2), slice(x, 3, headDim / 2, headDim)];
  const pairs = reshape(x, [...x.shape.slice(0, 3), headDim / 2, 2]);
  const one = (i: number): Node => reshape(slice(pairs, 4, i, i + 1), [...x.shape.slice(0, 3), headDim / 2]);
  return [one(0), one(1)];
};

/**
 * Turns pairs of numbers: (a, b) → (a cos − b sin, b cos + a sin), by an angle for each token and pair.
 *
 * @param x       [batch, heads, seq, headDim] or [batch, seq, heads·headDim]
 * @param cosine  [batch, seq, headDim / 2], as is `sine`
 */
export const rotatePairs = (x: Node, cosine: Node, sine: Node, form: PairForm): Node => op([x, cosine, sine], { form });
