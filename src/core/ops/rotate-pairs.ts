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
    const [batch, , seq, headDim] = x!.shape;
    const angles = [batch!, seq!, Number(headDim) / 2];
    if (x!.shape.length !== 4 || typeof headDim !== 'number' || headDim % 2 !== 0 || !sameShape(cosine!.shape, angles) || !sameShape(sine!.shape, angles))
      throw new ShapeError(
        `rotatePairs: expected x [batch, heads, seq, headDim] with an even headDim, cosines and sines [batch, seq, headDim / 2], got ${show(x!)}, ${show(cosine!)} and ${show(sine!)}`,
      );
    return x!;
  },
  // Back is a turn the other way. Of the angles: Σ over heads of what each pair makes of its cosine and its sine.
  grad: ({ inputs: [x, cosine, sine], attrs }, d): Node[] => {
    const [first, second] = pairsOf(x!, attrs.form);
    const [dFirst, dSecond] = pairsOf(d, attrs.form);
    return [
      rotatePairs(d, cosine!, neg(sine!), attrs.form),
      sum(add(mul(dFirst, first), mul(dSecond, second)), [1]),
      sum(sub(mul(dSecond, first), mul(dFirst, second)), [1]),
    ];
  },
  lower: (emit, { inputs: [x], attrs: { form } }, [values, cosine, sine]) =>
    emit.node('RotaryEmbedding', [values!, ...tablesOf(emit, x!, cosine!, sine!)], { interleaved: form === 'interleaved' ? 1 : 0 }, 'com.microsoft'),
  reference: ([x, cosine, sine], { form }, shape) => {
    const [, heads, seq, headDim] = shape as readonly [number, number, number, number];
    const half = headDim / 2;
    const data = new Float64Array(x!.data.length);
    for (let at = 0; at < data.length / headDim; at++) {
      const angle = (Math.floor(at / (heads * seq)) * seq + (at % seq)) * half;
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
const tablesOf = (emit: Emit, { shape: [batch, , seq, headDim] }: Node, cosine: string, sine: string): readonly string[] => {
  const known = tables.get(emit) ?? new Map<string, readonly string[]>();
  tables.set(emit, known);
  const key = `${cosine} ${sine}`;
  const found = known.get(key);
  if (found) return found;
  const count = emit.node('Squeeze', [emit.node('Mul', [emit.shape([batch!]), emit.shape([seq!])]), emit.constant('int64', [1], [0])]);
  const numbers = emit.node('Range', [emit.constant('int64', [], [0]), count, emit.constant('int64', [], [1])]);
  const rows = emit.shape([-1, Number(headDim) / 2]);
  const made = [emit.node('Reshape', [numbers, emit.shape([batch!, seq!])]), ...[cosine, sine].map((table) => emit.node('Reshape', [table, rows]))];
  known.set(key, made);
  return made;
};

/** The two numbers of every pair: [batch, heads, seq, headDim / 2] each. */
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
 * @param x       [batch, heads, seq, headDim]
 * @param cosine  [batch, seq, headDim / 2], as is `sine`
 */
export const rotatePairs = (x: Node, cosine: Node, sine: Node, form: PairForm): Node => op([x, cosine, sine], { form });
