// The vocabulary of sites. A site is the stable public name of a node: inspection, adapters and quantisation address nodes by it and never by position.

interface SiteMeaning {
  /** Axes of the node, in the words of the house. */
  readonly axes: readonly string[];
  readonly meaning: string;
}

/** Sites of a block, under the prefix `blocks.N.`; a family that lacks one leaves it out, none gives a name another meaning. */
export const blockSites = {
  'attn.in': { axes: ['batch', 'seq', 'hidden'], meaning: 'what the linears of attention read, where a norm stands between them and the residual stream' },
  'attn.q': { axes: ['batch', 'seq', 'heads*headDim'], meaning: 'queries, heads side by side, bias added' },
  'attn.k': { axes: ['batch', 'kvSeq', 'kvHeads*headDim'], meaning: 'keys, heads side by side' },
  'attn.v': { axes: ['batch', 'kvSeq', 'kvHeads*headDim'], meaning: 'values, heads side by side' },
  'attn.qTurned': { axes: ['batch', 'heads', 'seq', 'headDim'], meaning: 'queries after their norm and rotary embedding' },
  'attn.kTurned': { axes: ['batch', 'kvHeads', 'seq', 'headDim'], meaning: 'keys after their norm and rotary embedding: what a cache keeps' },
  'attn.scores': { axes: ['batch', 'heads', 'seq', 'kvSeq'], meaning: 'scaled products of queries and keys, mask added; keys of a cache first' },
  'attn.pattern': { axes: ['batch', 'heads', 'seq', 'kvSeq'], meaning: 'attention weights; each row sums to one' },
  'attn.z': { axes: ['batch', 'seq', 'heads*headDim'], meaning: 'mixed values, heads side by side, before the output linear' },
  'attn.out': { axes: ['batch', 'seq', 'hidden'], meaning: 'output linear of attention: what it adds to the residual stream, unless there is attn.add' },
  'attn.add': { axes: ['batch', 'seq', 'hidden'], meaning: 'what attention adds to the residual stream, where a norm follows its output linear' },
  'resid.mid': { axes: ['batch', 'seq', 'hidden'], meaning: 'residual stream after attention (after its norm where the norm comes last)' },
  'mlp.in': { axes: ['batch', 'seq', 'hidden'], meaning: 'what the feed-forward part reads, where a norm stands between it and the residual stream' },
  'mlp.gate': { axes: ['batch', 'seq', 'ffn'], meaning: 'linear whose activation is multiplied with mlp.up' },
  'mlp.up': { axes: ['batch', 'seq', 'ffn'], meaning: 'first linear of the feed-forward part, before the activation; beside a gate it has none' },
  'mlp.act': { axes: ['batch', 'seq', 'ffn'], meaning: 'after the activation, and the product where there is a gate: what mlp.down reads' },
  'mlp.down': {
    axes: ['batch', 'seq', 'hidden'],
    meaning: 'last linear of the feed-forward part: what it adds to the residual stream, unless there is mlp.add',
  },
  'mlp.add': { axes: ['batch', 'seq', 'hidden'], meaning: 'what the feed-forward part adds to the residual stream, where a norm follows its last linear' },
  'resid.post': { axes: ['batch', 'seq', 'hidden'], meaning: 'residual stream after the block: input of the next one' },
} as const satisfies Readonly<Record<string, SiteMeaning>>;

/** Sites of a block that no node computes: derived when they are asked for. */
export const derivedSites = {
  'attn.headOut': {
    axes: ['batch', 'heads', 'seq', 'hidden'],
    meaning: 'what each head adds to attn.out: its part of attn.z through its columns of the output linear, without bias',
  },
} as const satisfies Readonly<Record<string, SiteMeaning>>;

/** Sites of a whole model. */
export const modelSites = {
  embed: { axes: ['batch', 'seq', 'hidden'], meaning: 'what enters the first block' },
  final: { axes: ['batch', 'seq', 'hidden'], meaning: 'residual stream after the last norm: what the head reads' },
  logits: { axes: ['batch', 'seq', 'vocab'], meaning: 'scores of the next token; [batch, vocab] where one row of each text was chosen' },
} as const satisfies Readonly<Record<string, SiteMeaning>>;

export type BlockSite = keyof typeof blockSites;

/** Axes of a site in the words of the house; undefined for what the vocabulary does not know. */
export const axesOf = (site: string): readonly string[] | undefined => {
  const known: Readonly<Record<string, SiteMeaning>> = { ...modelSites, ...blockSites, ...derivedSites };
  return known[site.replace(/^blocks\.\d+\./, '')]?.axes;
};

/** `blockSite(3, 'attn.q')` is `'blocks.3.attn.q'`. */
export const blockSite = (block: number, site: BlockSite): string => `blocks.${block}.${site}`;

/** Number of the block a site lies in, or undefined: `'blocks.3.attn.q'` → 3. */
export const blockOf = (site: string): number | undefined => {
  const found = /^blocks\.(\d+)\./.exec(site);
  return found ? Number(found[1]) : undefined;
};

/** The site a node carries, for a site as a user may say it: `blocks.N.resid.pre`, what enters a block, is `resid.post` of the block before, or `embed`. Any other comes back as it is. */
export const siteOf = (said: string): string => {
  const block = said.endsWith('.resid.pre') ? blockOf(said) : undefined;
  return block === undefined ? said : block === 0 ? 'embed' : blockSite(block - 1, 'resid.post');
};

/** The site whose node a derived one is a part of: `'blocks.3.attn.headOut'` → `'blocks.3.attn.out'`. Undefined for any other. */
export const derivedFrom = (site: string): string | undefined => (site.endsWith('.attn.headOut') ? site.replace(/headOut$/, 'out') : undefined);
