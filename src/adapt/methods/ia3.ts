import { z } from 'zod';
import { add, ConfigError, matmul, mul, type Node, parameter, UnsupportedError } from '../../core/index.ts';
import { besideLinears, type LinearAt } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { parametersNamed } from '../own-values.ts';
import { targetsPattern } from '../targets.ts';

const sites = z.array(z.string().regex(/^(attn|mlp)\.\w+$/));
const schema = z.strictObject({
  /** Linears whose results are scaled, before their biases. */
  outputs: sites.default(['attn.k', 'attn.v']),
  /** Linears whose inputs are scaled. */
  inputs: sites.default(['mlp.down']),
});
export type Ia3Options = z.input<typeof schema>;

const kind = 'ia3';

/**
 * Learned factors, one a channel: of keys, of values and of what enters the last feed-forward linear; `SITE.ia3.factors` [out] or [in], all 1 at the start. Thousands of parameters, and nothing left of them once merged.
 *
 * Source: arXiv:2205.05638, whose model has no biases. Where there is one it is not scaled, so that a weight alone holds the factors.
 */
export const ia3 = (given: Ia3Options = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const { outputs, inputs } = options;
  const both = outputs.filter((site) => inputs.includes(site));
  if (outputs.length + inputs.length === 0 || both.length > 0)
    throw new ConfigError(
      `${kind}: expected linears under outputs or inputs, each under one, got ${both.length > 0 ? `${both.join(', ')} under both` : 'none'}`,
    );
  const entering = targetsPattern(inputs);
  return {
    kind,
    options,
    apply(roots) {
      const adapted = besideLinears(kind, roots, targetsPattern([...outputs, ...inputs]), (linear) =>
        (entering.test(linear.site) ? scaleInput : scaleOutput)(linear),
      );
      return { roots: adapted, parameters: parametersNamed(adapted, /\.ia3\.factors$/), shares: new Map() };
    },
    start: ({ shape }) => Promise.resolve(new Float32Array(shape[0] as number).fill(1)),
    merge(site, weight, own) {
      const factors = own.get(`${site}.ia3.factors`);
      if (!factors) return weight;
      const enters = entering.test(site);
      const inner = enters ? factors.length : weight.length / factors.length;
      return weight.map((value, i) => value * factors[enters ? i % inner : Math.floor(i / inner)]!);
    },
  };
};

const factorsOf = (site: string, count: number): Node => parameter(`${site}.ia3.factors`, [count]);

const scaleOutput = ({ site, product, bias, out }: LinearAt): Node => {
  const scaled = mul({ ...product, site: `${site}.base` }, factorsOf(site, out));
  return bias ? add(scaled, bias) : scaled;
};

const scaleInput = ({ site, x, weight, bias, inner }: LinearAt): Node => {
  if (!weight)
    throw new UnsupportedError(
      `${kind}: expected a float weight at ${site}, got a quantised one, whose input is packed already; adapt first and quantise then`,
    );
  const product = matmul(mul(x, factorsOf(site, inner)), weight, { transposeB: true });
  return bias ? add(product, bias) : product;
};
