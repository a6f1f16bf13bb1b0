import { type Axis, matmul, type Node, reshape, transpose, UnsupportedError } from '../../core/index.ts';
import { derivedFrom } from '../sites.ts';
import { linearOf } from './linear-of.ts';
import { siteLayout } from './site-layout.ts';

/**
 * What each head adds to the output of attention: z_h W_O[h], without bias. Their sum over heads and the bias is `attn.out`.
 *
 * @param site  `blocks.N.attn.headOut`, of a graph that has its `attn.out`
 * @returns     [batch, heads, seq, hidden]
 * @throws UnsupportedError where `attn.out` is no linear with a float weight: quantised, beside an adapter, or edited already
 */
export const headOut = (where: string, known: ReadonlyMap<string, Node>, site: string, out: Node = known.get(derivedFrom(site)!)!): Node => {
  const linear = linearOf(out);
  if (!linear?.weight)
    throw new UnsupportedError(
      `${where}: expected an output linear with a float weight for ${site}, got ${out.op.name}; take it before edits of attn.out, with float32 weights and an adapter merged`,
    );
  const { heads } = siteLayout(where, known, site, out);
  const [batch, seq, width] = linear.x.shape as readonly [Axis, Axis, number];
  const headDim = width / heads!;
  const z = transpose(reshape(linear.x, [batch, seq, heads!, headDim]), [0, 2, 1, 3]); // [batch, heads, seq, headDim]
  const weight = transpose(reshape(linear.weight, [linear.out, heads!, headDim]), [1, 2, 0]); // [heads, headDim, hidden]
  return matmul(z, weight);
};
