// The vocabulary of sites. A site is the stable public name of a node: inspection, adapters and quantisation address nodes by it and never by position.

interface SiteMeaning {
  /** Axes of the node, in the words of the house. */
  readonly axes: readonly string[];
  readonly meaning: string;
}

/** Sites of a block, under the prefix `blocks.N.`; a family that lacks one leaves it out, none gives a name another meaning. */
export const blockSites = {
  'attn.q': { axes: ['batch', 'seq', 'hidden'], meaning: 'queries, heads side by side, bias added' },
  'attn.k': { axes: ['batch', 'kvSeq', 'hidden'], meaning: 'keys, heads side by side' },
  'attn.v': { axes: ['batch', 'kvSeq', 'hidden'], meaning: 'values, heads side by side' },
  'attn.scores': { axes: ['batch', 'heads', 'seq', 'kvSeq'], meaning: 'scaled products of queries and keys, mask added' },
  'attn.pattern': { axes: ['batch', 'heads', 'seq', 'kvSeq'], meaning: 'attention weights; each row sums to one' },
  'attn.z': { axes: ['batch', 'seq', 'hidden'], meaning: 'mixed values, heads side by side, before the output linear' },
  'attn.out': { axes: ['batch', 'seq', 'hidden'], meaning: 'what attention adds to the residual stream' },
  'resid.mid': { axes: ['batch', 'seq', 'hidden'], meaning: 'residual stream after attention (after its norm where the norm comes last)' },
  'mlp.up': { axes: ['batch', 'seq', 'ffn'], meaning: 'first linear of the feed-forward part, before the activation' },
  'mlp.act': { axes: ['batch', 'seq', 'ffn'], meaning: 'after the activation' },
  'mlp.down': { axes: ['batch', 'seq', 'hidden'], meaning: 'what the feed-forward part adds to the residual stream' },
  'resid.post': { axes: ['batch', 'seq', 'hidden'], meaning: 'residual stream after the block: input of the next one' },
} as const satisfies Readonly<Record<string, SiteMeaning>>;

/** Sites of a whole model. */
export const modelSites = {
  embed: { axes: ['batch', 'seq', 'hidden'], meaning: 'what enters the first block' },
} as const satisfies Readonly<Record<string, SiteMeaning>>;

export type BlockSite = keyof typeof blockSites;

/** `blockSite(3, 'attn.q')` is `'blocks.3.attn.q'`. */
export const blockSite = (block: number, site: BlockSite): string => `blocks.${block}.${site}`;

/** Number of the block a site lies in, or undefined: `'blocks.3.attn.q'` → 3. */
export const blockOf = (site: string): number | undefined => {
  const found = /^blocks\.(\d+)\./.exec(site);
  return found ? Number(found[1]) : undefined;
};
