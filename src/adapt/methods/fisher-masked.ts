import { z } from 'zod';
import { add, ConfigError, constant, matmul, type Node, parameter, reshape, scatterAdd } from '../../core/index.ts';
import { besideLinears } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { parametersNamed } from '../own-values.ts';
import { placesOf } from './places-text.ts';

const schema = z.strictObject({
  /** By site of a linear: which entries of its weight [out, in] are trained, as `placesText` writes them. */
  entries: z.record(z.string().min(1), z.string().min(1)).refine((entries) => Object.keys(entries).length > 0, 'expected at least one linear'),
});
export type FisherMaskedOptions = z.input<typeof schema>;

const kind = 'fisher-masked';

/**
 * A partial update: of chosen linears only chosen entries are trained, those that `fisherEntries` finds to matter most for a task. What they change by is `SITE.fisher.delta` [entries], zero at the start; the places are constants of
 * the graph, so neither optimiser nor file holds more than what is trained. The change is a product of its own beside the linear's: a base may be quantised, at the price of that product.
 *
 * Source: arXiv:2111.09839, there with a mask as large as the weights.
 */
export const fisherMasked = (given: FisherMaskedOptions): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const places = new Map(Object.entries(options.entries).map(([site, text]) => [site, placesOf(`${kind} ${site}`, text)]));
  const targets = new RegExp(`^(?:${[...places.keys()].map((site) => site.replaceAll('.', '\\.')).join('|')})$`);
  return {
    kind,
    options,
    apply(roots) {
      const left = new Set(places.keys());
      const adapted = besideLinears(kind, roots, targets, ({ site, x, inner, out, base }) => {
        left.delete(site);
        const own = places.get(site)!;
        if (own.at(-1)! >= inner * out)
          throw new ConfigError(`${kind}: expected entries below ${inner * out} at ${site}, got ${own.at(-1)}; they are of another model`);
        const delta = parameter(`${site}.fisher.delta`, [own.length]);
        const change = reshape(scatterAdd(constant(own, [own.length], 'int64'), delta, inner * out), [out, inner]);
        return add(base, matmul(x, change, { transposeB: true }));
      });
      if (left.size > 0) throw new ConfigError(`${kind}: expected linears at ${[...left].join(', ')}, got none there; the entries are of another model`);
      return { roots: adapted, parameters: parametersNamed(adapted, /\.fisher\.delta$/), shares: new Map() };
    },
    start: ({ shape }: Node) => Promise.resolve(new Float32Array(shape[0] as number)),
    merge(site, weight, own) {
      const delta = own.get(`${site}.fisher.delta`);
      const at = places.get(site);
      if (!delta || !at) return weight;
      if (delta.length !== at.length)
        throw new ConfigError(`${kind}: expected ${at.length} changes at ${site}, got ${delta.length}; the values are of other entries`);
      const merged = weight.slice();
      for (const [i, place] of at.entries()) merged[place]! += delta[i]!;
      return merged;
    },
  };
};
