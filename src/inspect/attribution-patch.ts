import { type Axis, gradients, input, mul, type Node, reshape, sub, sum, transpose, unsqueeze } from '../core/index.ts';
import { capture, derivedFrom, siteLayout, siteOf, sitesIn } from '../nn/index.ts';

export interface Attribution {
  /** For each site what patching each place would add to the metric, [batch, rows]; [batch, heads, rows] where the site has heads. */
  readonly effects: Readonly<Record<string, Node>>;
  /** For each site the input that takes what the site computes in the source's run. */
  readonly inputs: ReadonlyMap<string, string>;
}

/**
 * What patching would do to a metric, at every place of many sites at once: to first order it is (source − target) · gradient of the metric. One run of this graph on the target, beside one run of `capture` on the source,
 * stands for as many patched runs as there are places and heads. It is exact as far as the model is linear between the two; `patch` says what is true.
 *
 * @param metric  of the target's run: a number, or one for each text, since texts do not see one another
 * @param sites   names, as for `capture`
 * @throws NotFoundError for a site the metric does not depend on · UnsupportedError as `capture`
 * Source: A. Syed, C. Rager, A. Conmy, "Attribution patching outperforms automated circuit discovery", arXiv:2310.10348.
 */
export const attributionPatch = (metric: Node, sites: readonly string[]): Attribution => {
  const known = sitesIn([metric]);
  const values = capture([metric], sites);
  // What a head adds to attn.out has the gradient of attn.out.
  const whole = sites.map((site) => known.get(siteOf(site)) ?? known.get(derivedFrom(site)!)!);
  const slopes = gradients(sum(metric, [...metric.shape.keys()]), whole);
  const inputs = new Map(sites.map((site) => [site, `source.${site}`]));
  const effects = sites.map((site, i): [string, Node] => {
    const value = values[site]!;
    const slope = slopes[i]!.shape.length === value.shape.length ? slopes[i]! : unsqueeze(slopes[i]!, 1);
    const each = mul(sub(input(inputs.get(site)!, value.shape, value.dtype), value), slope);
    const { form, heads } = siteLayout('attributionPatch', known, siteOf(site), value);
    if (form !== 'beside') return [site, sum(each, [-1])];
    const [batch, seq, width] = each.shape as readonly [Axis, Axis, number];
    return [site, transpose(sum(reshape(each, [batch, seq, heads!, width / heads!]), [-1]), [0, 2, 1])];
  });
  return { effects: Object.fromEntries(effects), inputs };
};
