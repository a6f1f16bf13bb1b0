import { ConfigError, edit, type Node, NotFoundError, nameOf, parameter } from '../../core/index.ts';
import { int8Product, quantiseInt8, quantiseRows, rowScale } from './int8.ts';
import { linearOf, withProduct } from './linear-of.ts';
import { type NBitsAttrs, nBitsProduct, quantiseBlocks } from './n-bits.ts';

export interface QuantiseOptions {
  /** `'int8'`: weights and activations, whole-number products. 8 or 4: weights only, in blocks. */
  readonly bits: 'int8' | 8 | 4;
  /** Which linears: a test on the site (a linear beside a low-rank branch counts under the site of their sum). Default: all. */
  readonly targets?: RegExp;
  /** Values that share a scale, with 8 or 4 bits: 16, 32, 64, 128 or 256. Default 32. */
  readonly block?: number;
}

/** A float weight that a quantised graph no longer reads, and what it reads instead. */
export interface QuantisedWeight {
  /** Name of the float parameter [out, in]. */
  readonly from: string;
  readonly shape: readonly [number, number];
  /** Values of the parameters that stand in its place, by name. */
  make(
    weight: Float32Array,
  ): Record<string, { readonly dtype: 'int8' | 'uint8' | 'float32'; readonly shape: readonly number[]; readonly data: Int8Array | Uint8Array | Float32Array }>;
}

export interface Quantised {
  readonly roots: Node[];
  readonly weights: readonly QuantisedWeight[];
}

/**
 * Replaces the products of chosen linears by quantised ones; biases stay as they are. Activations that several linears share are quantised once.
 *
 * @returns the rebuilt roots, and for every weight how its new parameters are made from its values
 * @throws NotFoundError where no float linear carries a matching site · ConfigError for a block size that the kernels do not have
 */
export const quantise = (roots: readonly Node[], { bits, targets = /(?:)/, block = 32 }: QuantiseOptions): Quantised => {
  if (![16, 32, 64, 128, 256].includes(block)) throw new ConfigError(`quantise: expected blocks of 16, 32, 64, 128 or 256 values, got ${block}`);
  const weights = new Map<string, QuantisedWeight>();
  const rows = new Map<Node, { quantised: Node; scale: Node }>();
  const rowsOf = (x: Node): { quantised: Node; scale: Node } => {
    const known = rows.get(x);
    if (known) return known;
    const scale = rowScale(x);
    const made = { quantised: quantiseRows(x, scale), scale };
    rows.set(x, made);
    return made;
  };
  const edited = edit(roots, (node) => {
    const linear = node.site !== undefined && targets.test(node.site.replace(/\.base$/, '')) ? linearOf(node) : undefined;
    if (!linear?.weight) return node;
    const { x, out, inner } = linear;
    const from = nameOf(linear.weight);
    const shape = [out, inner] as const;
    if (bits === 'int8') {
      const { quantised, scale } = rowsOf(x);
      const [weight, scales] = [`${from}.int8`, `${from}.int8.scale`];
      weights.set(from, {
        from,
        shape,
        make: (values) => {
          const made = quantiseInt8(values, out, inner);
          return { [weight]: { dtype: 'int8', shape: [inner, out], data: made.values }, [scales]: { dtype: 'float32', shape: [out], data: made.scales } };
        },
      });
      return withProduct(node, linear, int8Product(x, parameter(weight, [inner, out], 'int8'), parameter(scales, [out]), quantised, scale));
    }
    const attrs: NBitsAttrs = { bits, block, inner, out };
    const blocks = Math.ceil(inner / block);
    const bytes = (block * bits) / 8;
    const [weight, scales] = [`${from}.q${bits}`, `${from}.q${bits}.scale`];
    weights.set(from, {
      from,
      shape,
      make: (values) => {
        const made = quantiseBlocks(values, attrs);
        return {
          [weight]: { dtype: 'uint8', shape: [out, blocks, bytes], data: made.values },
          [scales]: { dtype: 'float32', shape: [out, blocks], data: made.scales },
        };
      },
    });
    return withProduct(node, linear, nBitsProduct(x, parameter(weight, [out, blocks, bytes], 'uint8'), parameter(scales, [out, blocks]), attrs));
  });
  if (weights.size === 0)
    throw new NotFoundError(`quantise: expected float linears at sites like ${targets}, got none; they are quantised already, or named otherwise`);
  return { roots: edited, weights: [...weights.values()] };
};
