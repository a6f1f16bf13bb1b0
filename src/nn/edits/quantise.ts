import { ConfigError, constant, edit, max, mul, type Node, NotFoundError, nameOf, parameter, readersOf, rmsNorm } from '../../core/index.ts';
import { type Int8Rows, inTwo, int8Product, quantiseBack, quantiseInt8, quantiseRows, type RowCount, rowMiddles, rowScale, type WeightMost } from './int8.ts';
import { type ActivationRange, int8Linear, quantiseStatic, staticScale } from './int8-static.ts';
import { linearOf, ofInputs, withProduct } from './linear-of.ts';
import { type NBitsAttrs, nBitsProduct, quantiseBlocks } from './n-bits.ts';

export interface QuantiseOptions {
  /** `'int8'`: weights and activations, whole-number products. 8 or 4: weights only, in blocks. */
  readonly bits: 'int8' | 8 | 4;
  /** Which linears: a test on the site (a linear beside a low-rank branch counts under the site of their sum). Default: all. */
  readonly targets?: RegExp;
  /** Values that share a scale, with 8 or 4 bits: 16, 32, 64, 128 or 256. Default 32. */
  readonly block?: number;
  /** With 'int8': ranges of what enters the linears, by the linears' sites. Those have one scale for all inputs (`int8-static.ts`), the others one a row. */
  readonly ranges?: ReadonlyMap<string, ActivationRange>;
  /** With 'int8': linears whose input has its channels divided by a parameter first, and their weights multiplied by it; see `smoothingDivisors`. A test on the site. Default: none. */
  readonly smooth?: RegExp;
  /** With 'int8': where an input to be divided is a product with what a linear gives, and nothing else reads either, that linear gives it divided, at no cost, and its rows without their scales, which are multiplied in after the product: its site and the input's hold other numbers then, and there is no gradient. Default false. */
  readonly fold?: boolean;
  /** With 'int8': linears, by their sites, whose gradients go back through a weight made for it: `whole` numbers, gradients rounded row by row, or the `float` weight as it was. Others use the rounded one. */
  readonly backward?: { readonly whole: RegExp; readonly float?: RegExp };
  /** With 'int8': whether it is few rows or many that a linear mostly gets. Default few. */
  readonly rows?: RowCount;
  /** With 'int8': the largest weight. 127 is for CPUs that add 8-bit products in 32 bits; others cut sums off. Default 63. */
  readonly weightMost?: WeightMost;
  /** With 8 or 4: see `NBitsAttrs`. */
  readonly activations?: NBitsAttrs['activations'];
}

/** A float weight that a quantised graph no longer reads, and what it reads instead. */
export interface QuantisedWeight {
  /** Name of the float parameter [out, in]. */
  readonly from: string;
  readonly shape: readonly [number, number];
  /** The linear's site. */
  readonly site: string;
  /** Name of the parameter that its input is multiplied by where that is smoothed; linears that share an input share it. */
  readonly inverse?: string;
  /**
   * Values of the parameters that stand in its place, by name.
   *
   * @param divisors  [in], for a linear with `inverse`. Without it nothing is divided.
   */
  make(weight: Float32Array, divisors?: Float32Array): Record<string, QuantisedValues>;
}

export interface QuantisedValues {
  readonly dtype: 'int8' | 'uint8' | 'float32';
  readonly shape: readonly number[];
  readonly data: Int8Array | Uint8Array | Float32Array;
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
export const quantise = (
  roots: readonly Node[],
  { bits, targets = /(?:)/, block = 32, ranges, smooth, fold = false, backward, rows: usual, weightMost, activations }: QuantiseOptions,
): Quantised => {
  if (![16, 32, 64, 128, 256].includes(block)) throw new ConfigError(`quantise: expected blocks of 16, 32, 64, 128 or 256 values, got ${block}`);
  const weights = new Map<string, QuantisedWeight>();
  const readers = fold ? readersOf(roots) : undefined;
  const evened = new Map<Node, Evened>();
  const evenedOf = (x: Node, original: Node, from: string): Evened => {
    const known = evened.get(x);
    if (known) return known;
    const inverse = parameter(`${from}.int8.inverse`, [x.shape.at(-1) as number]);
    const own = readers?.get(original) === 1 && original.inputs.every((input) => readers.get(input) === 1);
    const made = { inverse, ...byChannel(x, inverse, own) };
    evened.set(x, made);
    return made;
  };
  const rows = new Map<Node, Int8Rows>();
  const middles = new Map<string, Node>();
  const rowsOf = (x: Node, left?: Node): Int8Rows => {
    const known = rows.get(x);
    if (known) return known;
    const leading = x.shape.slice(0, -1);
    const middle = middles.get(leading.join()) ?? rowMiddles(leading);
    middles.set(leading.join(), middle);
    const scale = rowScale(x, usual);
    const made = { quantised: quantiseRows(x, scale, middle), scale: left ? mul(scale, left) : scale };
    rows.set(x, made);
    return made;
  };
  const fixed = new Map<Node, Fixed>();
  const fixedOf = (x: Node, range: ActivationRange): Fixed => {
    const known = fixed.get(x);
    if (known) return known;
    const { scale, zero, channels } = staticScale(range);
    const inverse = channels
      ? constant(
          Array.from(channels, (by) => 1 / by),
          [channels.length],
        )
      : constant(1);
    const inputScale = constant(scale);
    const made = { quantised: quantiseStatic(channels ? mul(x, inverse) : x, inputScale, zero), inputScale, inverse, zero, channels };
    fixed.set(x, made);
    return made;
  };
  const edited = edit(roots, (node, original) => {
    const linear = node.site !== undefined && targets.test(node.site.replace(/\.base$/, '')) ? linearOf(node) : undefined;
    if (!linear?.weight) return node;
    const { x, out, inner } = linear;
    const site = node.site!.replace(/\.base$/, '');
    const from = nameOf(linear.weight);
    const shape = [out, inner] as const;
    if (bits === 'int8') {
      const [weight, scales] = [`${from}.int8`, `${from}.int8.scale`];
      const range = ranges?.get(node.site!);
      if (range && range.high.length !== inner)
        throw new ConfigError(`quantise: expected a range of ${inner} channels for ${node.site}, got ${range.high.length}; measure the ranges of this model`);
      const own = range && fixedOf(x, range);
      const even = !own && smooth?.test(site) ? evenedOf(x, linearOf(original)!.x, from) : undefined;
      const inverse = even && nameOf(even.inverse);
      const [back, backScale] = [`${from}.int8.back`, `${from}.int8.back.scale`];
      const whole = backward?.whole.test(site) ?? false;
      const backOf = (values: Float32Array): Record<string, QuantisedValues> => {
        const made = quantiseBack(values, inner, weightMost);
        return { [back]: { dtype: 'int8', shape: [out, inner], data: made.values }, [backScale]: { dtype: 'float32', shape: [inner], data: made.scales } };
      };
      weights.set(from, {
        from,
        shape,
        site,
        ...(inverse !== undefined && { inverse }),
        make: (values, divisors) => {
          const made = quantiseInt8(values, out, inner, weightMost, own?.channels ?? divisors);
          const inverses = Float32Array.from({ length: inner }, (_, i) => 1 / (divisors?.[i] ?? 1));
          return {
            [weight]: { dtype: 'int8', shape: [inner, out], data: made.values },
            [scales]: { dtype: 'float32', shape: [out], data: made.scales },
            ...(whole && backOf(values)),
            ...(inverse !== undefined && { [inverse]: { dtype: 'float32', shape: [inner], data: inverses } }),
          };
        },
      });
      const [values, factors] = [parameter(weight, [inner, out], 'int8'), parameter(scales, [out])];
      if (own) return { ...int8Linear(x, values, factors, own, linear.bias), ...(node.site !== undefined && { site: node.site }) };
      return withProduct(
        node,
        linear,
        int8Product(x, values, factors, {
          ...rowsOf(even?.x ?? x, even?.scale),
          inverse: even?.inverse,
          ...(whole && { wayBack: { back: parameter(back, [out, inner], 'int8'), backScale: parameter(backScale, [inner]) } }),
          ...(!whole && backward?.float?.test(site) && { wayBack: { back: linear.weight } }),
        }),
      );
    }
    const attrs: NBitsAttrs = { bits, block, inner, out, ...(activations && { activations }) };
    const blocks = Math.ceil(inner / block);
    const bytes = (block * bits) / 8;
    const [weight, scales] = [`${from}.q${bits}`, `${from}.q${bits}.scale`];
    weights.set(from, {
      from,
      shape,
      site,
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

interface Divided {
  readonly x: Node;
  /** [..., 1]: what the rows of x are still to be multiplied by. */
  readonly scale?: Node;
}

interface Evened extends Divided {
  readonly inverse: Node;
}

/** x · inverse, within the norm or, if asked, the linear where x comes from one that is scaled by channel: then it costs nothing. */
const byChannel = (x: Node, inverse: Node, fold: boolean): Divided => {
  if (x.op.name === 'rmsNorm') return { x: rmsNorm(x.inputs[0]!, mul(x.inputs[1]!, inverse), (x.attrs as { epsilon: number }).epsilon) };
  const at = fold && x.op.name === 'mul' ? x.inputs.findIndex(({ op }) => op.name === 'int8Product') : -1;
  if (at < 0) return { x: mul(x, inverse) };
  const { unscaled, scale } = inTwo(x.inputs[at]!, inverse);
  return { x: { ...x, inputs: x.inputs.with(at, unscaled) }, scale };
};

interface Fixed {
  readonly quantised: Node;
  readonly inputScale: Node;
  readonly inverse: Node;
  readonly zero: number;
  readonly channels: Float32Array | undefined;
}

/** What to compute on example inputs to learn the ranges that `quantise` takes: for every float linear whose site matches, the largest and the smallest value of each channel that enters it, [in] each. */
export const activationRanges = (roots: readonly Node[], targets = /(?:)/): Map<string, { readonly high: Node; readonly low: Node }> =>
  ofInputs(roots, targets, (x, rows) => ({ high: max(x, rows), low: mul(max(mul(x, -1), rows), -1) }));
