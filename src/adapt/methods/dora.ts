import { z } from 'zod';
import { add, div, matmul, maximum, mul, type Node, nameOf, parameter, sqrt, square, stopGradient, sum, UnsupportedError } from '../../core/index.ts';
import { besideLinears, type Dropout, drop, type LinearAt, lowRankStart, mergeLowRank } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { ownValues, parametersNamed } from '../own-values.ts';
import { targetsPattern } from '../targets.ts';
import { lowRankOptions } from './low-rank-options.ts';

const schema = z.strictObject(lowRankOptions({ rank: 8, alpha: 16, targets: 'all' }));
export type DoraOptions = z.input<typeof schema>;

const kind = 'dora';
/** Below this a row counts as zero: a row of zeros stays one. */
const leastSquare = 1e-30;

/**
 * Length and direction of every row of a weight, trained apart: m ∘ (W x + s · B A x) / ‖W + s · B A‖ + b, the norms taken of rows [out] and without a gradient of their own. Parameters as LoRA's, and
 * `SITE.lora.magnitude` [out], which starts as the norms of W. At the start the model computes what it did to rounding, not to the bit.
 *
 * The norms need W as floats whatever it is multiplied as: a base that is quantised already is refused, one quantised afterwards keeps its float weights beside the others. Once trained they are numbers, m / ‖W + s · B A‖ as
 * `SITE.lora.length` [out], and any base will do.
 *
 * Source: arXiv:2402.09353.
 */
export const dora = (given: DoraOptions = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const { rank, alpha, dropout: rate } = options;
  return {
    kind,
    options,
    apply(roots, { key } = {}) {
      const adapted = besideLinears(kind, roots, targetsPattern(options.targets), (linear) => branch(linear, rank, alpha / rank, key && { rate, key }));
      return { roots: adapted, parameters: parametersNamed(adapted, /\.lora\.(a|b|magnitude)$/), shares: new Map() };
    },
    async start(node, seed, base) {
      const name = nameOf(node);
      const site = name.replace(/\.lora\.\w+$/, '');
      return name.endsWith('.magnitude') ? rowNorms(await base(`${site}.weight`), node.shape[0] as number) : lowRankStart(node, seed);
    },
    async settle(own, base) {
      const values = new Map<string, { shape: readonly number[]; data: Float32Array }>();
      for (const site of [...own.keys()].flatMap((name) => (name.endsWith('.lora.magnitude') ? [name.slice(0, -'.lora.magnitude'.length)] : []))) {
        const [a, b, magnitude] = ownValues(own, `${site}.lora`, ['a', 'b', 'magnitude'])!;
        const norms = rowNorms(mergeLowRank(await base(`${site}.weight`), a, b, { rank, alpha }), magnitude.length);
        const length = magnitude.map((value, row) => (norms[row] === 0 ? 0 : value / norms[row]!));
        values.set(`${site}.lora.a`, { shape: [rank, a.length / rank], data: a });
        values.set(`${site}.lora.b`, { shape: [magnitude.length, rank], data: b });
        values.set(`${site}.lora.length`, { shape: [magnitude.length], data: length });
      }
      return {
        values,
        apply: (roots) =>
          besideLinears(kind, roots, targetsPattern(options.targets), ({ site, x, product, bias, inner, out }) => {
            const narrow = matmul(x, parameter(`${site}.lora.a`, [rank, inner]), { transposeB: true });
            const added = matmul(narrow, parameter(`${site}.lora.b`, [out, rank]), { transposeB: true, scale: alpha / rank });
            const scaled = mul(add({ ...product, site: `${site}.base` }, added), parameter(`${site}.lora.length`, [out]));
            return bias ? add(scaled, bias) : scaled;
          }),
      };
    },
    merge(site, weight, own) {
      const found = ownValues(own, `${site}.lora`, ['a', 'b', 'magnitude']);
      if (!found) return weight;
      const [a, b, magnitude] = found;
      const turned = mergeLowRank(weight, a, b, { rank, alpha });
      const norms = rowNorms(turned, magnitude.length);
      const inner = turned.length / magnitude.length;
      return turned.map((value, i) => {
        const row = Math.floor(i / inner);
        return norms[row] === 0 ? 0 : (value * magnitude[row]!) / norms[row]!;
      });
    },
  };
};

const branch = ({ site, x, product, weight, bias, inner, out }: LinearAt, rank: number, scale: number, dropout: Dropout | undefined): Node => {
  if (!weight)
    throw new UnsupportedError(
      `${kind}: expected a float weight at ${site}, got a quantised one; the norms of its rows are needed: adapt first and quantise then, or use lora`,
    );
  const a = parameter(`${site}.lora.a`, [rank, inner]);
  const b = parameter(`${site}.lora.b`, [out, rank]);
  const magnitude = parameter(`${site}.lora.magnitude`, [out]);
  const added = matmul(matmul(drop(`${site}.lora`, x, dropout), a, { transposeB: true }), b, { transposeB: true, scale });
  const length = div(magnitude, stopGradient(sqrt(maximum(squaredNorms(weight, a, b, scale), leastSquare)))); // [out]
  const scaled = mul(add({ ...product, site: `${site}.base` }, added), length);
  return bias ? add(scaled, bias) : scaled;
};

/** ‖W + s B A‖² of rows, [out]; nothing as large as W is made but its squares. */
const squaredNorms = (weight: Node, a: Node, b: Node, scale: number): Node => {
  const across = sum(mul(matmul(weight, a, { transposeB: true }), b), [1]); // W_o · (B A)_o
  const own = sum(mul(matmul(b, matmul(a, a, { transposeB: true })), b), [1]); // ‖(B A)_o‖²
  return add(sum(square(weight), [1]), add(mul(across, 2 * scale), mul(own, scale * scale)));
};

const rowNorms = (weight: Float32Array, rows: number): Float32Array => {
  const inner = weight.length / rows;
  return Float32Array.from({ length: rows }, (_, row) => {
    let total = 0;
    for (let i = row * inner; i < (row + 1) * inner; i++) total += weight[i]! ** 2;
    return Math.sqrt(total);
  });
};
