// Weights that a file keeps in blocks of few bits, used as they are: nothing is rounded again.
import {
  add,
  cast,
  divideAxis,
  edit,
  gather,
  isParameter,
  matmul,
  mul,
  type Node,
  NotFoundError,
  nameOf,
  parameter,
  reshape,
  ShapeError,
  sub,
  sum,
  unsqueeze,
} from '../../core/index.ts';
import { linearOf, withProduct } from './linear-of.ts';
import { type NBitsAttrs, nBitsProduct } from './n-bits.ts';

/** How a float weight [out, in] is kept: value = scale · code + minimum, a scale and a minimum for every block of a row. */
export interface PackedForm {
  /** Values that share a scale: 16, 32, 64, 128 or 256. */
  readonly block: number;
  /** Codes: 0 to 2^bits − 1 where there are minimums, else −2^(bits − 1) to 2^(bits − 1) − 1. At most 8. */
  readonly bits: number;
  readonly minimums: boolean;
}

export interface PackedValues {
  /** [out, in] */
  readonly codes: Int8Array;
  /** [out, in / block] */
  readonly scales: Float32Array;
  readonly minimums?: Float32Array | undefined;
}

/** A float weight that the edited graph no longer reads, and what it reads instead. */
export interface PackedWeight {
  readonly from: string;
  /** Values of the parameters that stand in its place, by name. */
  make(
    values: PackedValues,
  ): Record<string, { readonly dtype: 'uint8' | 'float32'; readonly shape: readonly number[]; readonly data: Uint8Array | Float32Array }>;
}

/**
 * Lets linears read weights as a file keeps them, and look-ups in a table that is a linear's weight too (in more than four bits). x Wᵀ = x (scale · (code − middle))ᵀ + sums(x) Mᵀ: the kernel knows one middle for all blocks, and what is left of the minimums (M [out, blocks]) is a product with the
 * sums of each block of x, which linears that share an input share.
 *
 * @param forms  by name of the float weight; others stay as they are
 * @returns      the rebuilt roots, and how the new parameters are made
 * @throws NotFoundError where no linear reads a weight of that name · ShapeError where blocks do not divide its rows
 */
export const packed = (
  roots: readonly Node[],
  forms: ReadonlyMap<string, PackedForm>,
  { activations = 'int8' }: Pick<NBitsAttrs, 'activations'> = {},
): { roots: Node[]; weights: PackedWeight[] } => {
  const weights = new Map<string, PackedWeight>();
  const sums = new Map<Node, Map<number, Node>>();
  const sumsOf = (x: Node, block: number): Node => {
    const own = sums.get(x) ?? new Map<number, Node>();
    sums.set(x, own);
    const known = own.get(block) ?? sum(reshape(x, [...x.shape.slice(0, -1), divideAxis(x.shape.at(-1)!, block), block]), [x.shape.length]);
    own.set(block, known);
    return known;
  };
  const names = (from: string, bits: 4 | 8) => ({ weight: `${from}.q${bits}`, scales: `${from}.q${bits}.scale`, rest: `${from}.q${bits}.minimum` });
  /** Rows of a table of bytes, widened after the look-up: the table itself is never a float one. */
  const rowsOf = (node: Node): Node | undefined => {
    const [table, indices] = node.inputs as [Node, Node];
    const form = isParameter(table) && table.shape.length === 2 ? forms.get(nameOf(table)) : undefined;
    if (!form || form.bits <= 4 || form.minimums || (node.attrs as { axis: number }).axis !== 0) return undefined;
    const [out, inner] = table.shape as readonly [number, number];
    const blocks = inner / form.block;
    const { weight, scales } = names(nameOf(table), 8);
    const codes = sub(cast(gather(parameter(weight, [out, blocks, form.block], 'uint8'), indices), 'float32'), 128);
    return reshape(mul(codes, unsqueeze(gather(parameter(scales, [out, blocks]), indices), -1)), [...indices.shape, inner]);
  };
  const edited = edit(roots, (node) => {
    if (node.op.name === 'gather') {
      const rows = rowsOf(node);
      return rows ? { ...rows, ...(node.site !== undefined && { site: node.site }) } : node;
    }
    const linear = linearOf(node);
    const form = linear?.weight && forms.get(nameOf(linear.weight));
    if (!linear?.weight || !form) return node;
    const { x, inner, out } = linear;
    const from = nameOf(linear.weight);
    const { block, minimums } = form;
    if (inner % block !== 0 || form.bits > 8)
      throw new ShapeError(`packed: expected ${from} in blocks of at most 8 bits that divide ${inner}, got blocks of ${block} with ${form.bits} bits`);
    const bits = form.bits <= 4 ? 4 : 8;
    const blocks = inner / block;
    const attrs: NBitsAttrs = { bits, block, inner, out, activations };
    const { weight, scales, rest } = names(from, bits);
    weights.set(from, { from, make: (values) => packedValues(values, form, attrs, { weight, scales, rest }) });
    const product = nBitsProduct(x, parameter(weight, [out, blocks, (block * bits) / 8], 'uint8'), parameter(scales, [out, blocks]), attrs);
    const whole = minimums ? add(product, matmul(sumsOf(x, block), parameter(rest, [out, blocks]), { transposeB: true })) : product;
    return withProduct(node, linear, whole);
  });
  const lost = [...forms.keys()].filter((name) => !weights.has(name));
  if (lost.length > 0) throw new NotFoundError(`packed: expected linears that read ${lost.slice(0, 5).join(', ')}, got none`);
  return { roots: edited, weights: [...weights.values()] };
};

const packedValues = (
  { codes, scales, minimums }: PackedValues,
  form: PackedForm,
  { bits, block, inner, out }: NBitsAttrs,
  names: { weight: string; scales: string; rest: string },
): ReturnType<PackedWeight['make']> => {
  const blocks = inner / block;
  const bytes = new Uint8Array((codes.length * bits) / 8);
  // Codes that begin at 0 do so in four bits too; in a byte they are counted from its middle, like signed ones.
  const shift = bits === 8 ? 128 : form.minimums ? 0 : 8;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]! + shift;
    if (bits === 8) bytes[i] = code;
    else bytes[i >> 1]! |= code << (4 * (i % 2));
  }
  const middle = bits === 4 && form.minimums ? 8 : 0;
  return {
    [names.weight]: { dtype: 'uint8', shape: [out, blocks, (block * bits) / 8], data: bytes },
    [names.scales]: { dtype: 'float32', shape: [out, blocks], data: scales },
    ...(form.minimums && { [names.rest]: { dtype: 'float32', shape: [out, blocks], data: minimums!.map((minimum, i) => minimum + middle * scales[i]!) } }),
  };
};
