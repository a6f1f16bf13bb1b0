import {
  type Axis,
  add,
  axisLength,
  concat,
  constant,
  div,
  equal,
  matmul,
  maximum,
  mul,
  type Node,
  reshape,
  ShapeError,
  sizeOf,
  square,
  sub,
  sum,
  unsqueeze,
  where,
} from '../../core/index.ts';

export interface BalanceOptions {
  /** Strength of the preference, in [0, 1]: how much of a sample's kind the experts of one group are to have. */
  readonly delta: number;
  /** `variance/mean²`: what the authors' code divides by, free of lengths. `variance/mean`: as printed. Default `variance/mean²`. */
  readonly form?: 'variance/mean²' | 'variance/mean';
  /**
   * `faithful`: 1 + δ where expert and sample are of one kind. Evening out the products then leaves such experts *less*: (1 − δ) / 2 of two equal groups. `intended`: 1 − δ there, and they have more. With two kinds
   * it is the same but for the names of the groups; with more it is not. Default `faithful`.
   */
  readonly sign?: 'faithful' | 'intended';
  /** Whether the terms of the linears are added up, as in the authors' code, or averaged. Default `sum`. */
  readonly modules?: 'sum' | 'mean';
  /** Divisor of the variance of K values: K − 1 (`unbiased`, the default) or K. */
  readonly variance?: 'unbiased' | 'population';
  /** Sizes of the groups of experts, first expert first. */
  readonly groups: readonly number[];
}

export interface BalanceInputs {
  /** Of every linear: what its router gave the tokens, [batch, seq, experts]. */
  readonly shares: readonly Node[];
  /** [samples, batch, seq] float32: how much a token counts for a sample: 1 / length makes samples of all lengths alike, 1 adds the tokens up; 0 where it is no token of it. */
  readonly membership: Node;
  /** [samples] int64: kind of each sample, a number of a group; any other number favours none. */
  readonly kinds: Node;
}

/**
 * The localized balancing constraint: with Q[m, n] what expert n gets of sample m and I = 1 ± δ by whether the two are of one kind, the dispersion of Z = I ∘ Q over all samples and experts, for every linear.
 *
 * @returns  scalar, without its factor β
 * @throws ShapeError where the groups do not add up to the experts
 * Source: arXiv:2312.09979.
 */
export const balanceLoss = (
  { shares, membership, kinds }: BalanceInputs,
  { delta, form = 'variance/mean²', sign = 'faithful', modules = 'sum', variance = 'unbiased', groups }: BalanceOptions,
): Node => {
  const experts = groups.reduce((a, b) => a + b, 0);
  const odd = shares.find(({ shape }) => shape.at(-1) !== experts);
  if (shares.length === 0 || odd)
    throw new ShapeError(
      `balanceLoss: expected shares of ${experts} experts, as many as the groups ${groups.join(' + ')}, got ${odd ? `[${odd.shape.join(', ')}]` : 'none'}`,
    );
  const [samples, ...rows] = membership.shape as readonly [Axis, Axis, Axis];
  const tokens = sizeOf(rows);
  const side = concat(
    shares.map((own) => reshape(own, [tokens, experts])),
    1,
  );
  const received = reshape(matmul(reshape(membership, [samples, tokens]), side), [samples, shares.length, experts]);
  const groupOf = constant(
    groups.flatMap((size, group) => Array.from({ length: size }, () => group)),
    [1, experts],
    'int64',
  );
  const same = equal(unsqueeze(kinds, 1), groupOf); // [samples, experts]
  const known = equal(unsqueeze(kinds, 1), constant([...groups.keys()], [1, groups.length], 'int64')); // [samples, groups]
  const [matched, other] = sign === 'faithful' ? [1 + delta, 1 - delta] : [1 - delta, 1 + delta];
  const wanted = where(same, constant(matched), where(equal(sum(asFloat(known), [1], { keepDims: true }), constant(0)), constant(1), constant(other)));
  const z = mul(received, unsqueeze(wanted, 1)); // [samples, linears, experts]
  const count = mul(axisLength(samples), experts);
  const mean = div(sum(z, [0, 2], { keepDims: true }), count); // [1, linears, 1]
  const squares = sum(square(sub(z, mean)), [0, 2], { keepDims: true });
  const spread = div(squares, variance === 'unbiased' ? maximum(sub(count, 1), constant(1)) : count);
  const terms = div(spread, form === 'variance/mean²' ? add(square(mean), 1e-10) : add(mean, 1e-10));
  const total = sum(terms, [0, 1, 2]);
  return modules === 'sum' ? total : div(total, shares.length);
};

const asFloat = (x: Node): Node => where(x, constant(1), constant(0));
