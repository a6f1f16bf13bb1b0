import type { Axis, Node, Shape } from '../../core/index.ts';
import { UnsupportedError } from '../../core/index.ts';
import { axesOf } from '../sites.ts';

/** Where the places and heads of a site lie. */
export interface SiteLayout {
  /**
   * `rows` [..., rows, width] without heads; `beside` [batch, seq, heads*width]; `apart` [batch, heads, seq, width]; `pairs` [batch, heads, seq, keys], of scores and patterns.
   */
  readonly form: 'rows' | 'beside' | 'apart' | 'pairs';
  readonly heads: number | undefined;
  /** Of the numbers that one choice is made for: [..., rows, 1], [batch, heads, seq, 1], or [batch, heads, seq, keys]. */
  readonly choice: Shape;
}

/**
 * Layout of a site, by the axes that the vocabulary gives it; what the vocabulary does not know has rows.
 *
 * @param known  sites of the graph: how many heads lie side by side is read off scores and turned queries and keys
 * @param node   what the site computes (of `attn.headOut`: `attn.out`)
 * @throws UnsupportedError where heads lie side by side and nothing says how many
 */
export const siteLayout = (where: string, known: ReadonlyMap<string, Node>, site: string, { shape }: Node): SiteLayout => {
  const axes = axesOf(site);
  const last = axes?.at(-1);
  const heads = axes?.find((axis) => /^(kvH|h)eads\b/.test(axis));
  if (heads === undefined) return { form: 'rows', heads: undefined, choice: [...shape.slice(0, -1), 1] };
  if (last === 'kvSeq') return { form: 'pairs', heads: shape[1] as number, choice: shape };
  if (last === 'headDim' || shape.length === 4) return { form: 'apart', heads: shape[1] as number, choice: [...shape.slice(0, -1), 1] };
  const count = headsOf(known, site, heads.startsWith('kv'));
  if (count === undefined)
    throw new UnsupportedError(
      `${where}: expected a graph that has ${site.replace(/[^.]+$/, 'scores')}, to know the heads of ${site}; attention in parts or as one operator has none`,
    );
  const [batch, seq] = shape as readonly [Axis, Axis];
  return { form: last === 'hidden' ? 'apart' : 'beside', heads: count, choice: [batch, count, seq, 1] };
};

const headsOf = (known: ReadonlyMap<string, Node>, site: string, ofKeys: boolean): number | undefined => {
  const names = ofKeys ? ['kTurned', 'scores'] : ['qTurned', 'scores', 'pattern'];
  return names.map((name) => known.get(site.replace(/[^.]+$/, name))?.shape[1]).find((heads) => typeof heads === 'number');
};
