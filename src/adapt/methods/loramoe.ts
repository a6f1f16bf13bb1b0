import { z } from 'zod';
import { add, ConfigError, inOrder, isParameter, matmul, mul, type Node, nameOf, parameter, slice, softmax } from '../../core/index.ts';
import { besideLinears, expertBranch, uniformStart } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { ownValues } from '../own-values.ts';
import { targetsPattern, targetsSchema } from '../targets.ts';

const schema = z
  .strictObject({
    experts: z.number().int().min(1).max(256).default(6),
    /** Of each expert. */
    rank: z.number().int().min(1).max(1024).default(4),
    /** The branch is scaled by alpha / rank. */
    alpha: z.number().positive().default(32),
    /** Share of what enters an expert that is dropped in training, in [0, 1). */
    dropout: z.number().min(0).lt(1).default(0.05),
    /** Every expert drops what it likes, as in the original, or all drop the same, which costs less. */
    dropoutMasks: z.enum(['expert', 'shared']).default('shared'),
    targets: targetsSchema.default('mlp'),
    /** Sizes of the groups of experts, first expert first; kind k of sample belongs to group k. Default: two halves. */
    groups: z.array(z.number().int().min(1)).min(1).optional(),
  })
  .transform(({ groups, ...rest }) => ({ ...rest, groups: groups ?? halves(rest.experts) }));
export type LoraMoeOptions = z.input<typeof schema>;

const halves = (experts: number): number[] => (experts === 1 ? [1] : [Math.ceil(experts / 2), Math.floor(experts / 2)]);
const kind = 'loramoe';

/**
 * A mixture of low-rank experts beside every feed-forward linear, mixed by a softmax of a router's scores. Which experts serve which kind of sample is left to training: see `balanceLoss`. The router looks at its
 * input, so no weight can hold what it does.
 *
 * Source: arXiv:2312.09979. First values as published: A and router uniform within ±1 / √in, B zero.
 */
export const loramoe = (given: LoraMoeOptions = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const { experts, rank, alpha, dropout: rate, dropoutMasks: masks, groups } = options;
  if (groups.reduce((a, b) => a + b, 0) !== experts)
    throw new ConfigError(`${kind}: expected groups that add up to ${experts} experts, got ${groups.join(' + ')}; name a size for each group`);
  return {
    kind,
    options,
    apply(roots, { key } = {}) {
      const shares = new Map<string, Node>();
      const adapted = besideLinears(kind, roots, targetsPattern(options.targets), (linear) => {
        const made = expertBranch(kind, linear, { experts, rank, alpha, ...(key && { dropout: { rate, key, masks } }) });
        shares.set(linear.site, made.shares);
        return add(linear.base, made.branch);
      });
      return { roots: adapted, parameters: inOrder(adapted).filter((node) => isParameter(node) && /\.loramoe\.(a|b|route)$/.test(nameOf(node))), shares };
    },
    start: (node, seed) => Promise.resolve(startOfExperts(node, seed)),
    // For one row at a time: weights as plain products read them, A and the router in one, alpha in B, and a softmax over every score written `rank` times, which gives each of an expert's values its share / rank at once.
    async settle(own) {
      const values = new Map<string, { shape: readonly number[]; data: Float32Array }>();
      const wide = experts * rank;
      for (const name of own.keys()) {
        if (!name.endsWith(`.${kind}.route`)) continue;
        const site = name.slice(0, -`.${kind}.route`.length);
        const [a, b, route] = ownValues(own, `${site}.${kind}`, ['a', 'b', 'route'])!;
        const [inner, out] = [route.length / experts, b.length / wide];
        const put = (part: string, shape: readonly [number, number], value: (row: number, column: number) => number): void => {
          const data = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => value(Math.floor(i / shape[1]), i % shape[1]));
          values.set(`${site}.${kind}.${part}`, { shape, data });
        };
        put('narrow', [inner, 2 * wide], (i, r) => (r < wide ? a[r * inner + i]! : route[Math.floor((r - wide) / rank) * inner + i]!));
        put('widen', [wide, out], (r, o) => alpha * b[o * wide + r]!);
      }
      return {
        values,
        apply: (roots) =>
          besideLinears(kind, roots, targetsPattern(options.targets), ({ site, x, inner, out, base }) => {
            const part = (name: string, rows: number, columns: number): Node => parameter(`${site}.${kind}.${name}`, [rows, columns]);
            const both = matmul(x, part('narrow', inner, 2 * wide));
            const mixed = mul(slice(both, -1, 0, wide), softmax(slice(both, -1, wide, 2 * wide)));
            return add(base, matmul(mixed, part('widen', wide, out)));
          }),
      };
    },
    unmergeable: 'its router looks at what enters the linear, and no weight can do that',
  };
};

/** First values of an expert branch's parameter: B zero, the others uniform within ±1 / √in. */
export const startOfExperts = (node: Node, seed: number): Float32Array => {
  const [rows, columns] = node.shape as readonly [number, number];
  return nameOf(node).endsWith('.b') ? new Float32Array(rows * columns) : uniformStart(nameOf(node), rows * columns, seed, columns ** -0.5);
};
