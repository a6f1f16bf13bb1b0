import { z } from 'zod';

/** Which linears of every block: all of the feed-forward part, all of attention, both, or by the ends of their sites, `mlp.up`, `attn.q`. */
export const targetsSchema = z.union([z.enum(['mlp', 'attn', 'all']), z.array(z.string().regex(/^(attn|mlp)\.\w+$/)).min(1)]);
export type Targets = z.infer<typeof targetsSchema>;

/** A test on sites of linears in blocks. */
export const targetsPattern = (targets: Targets): RegExp => {
  if (typeof targets !== 'string') return new RegExp(`^blocks\\.\\d+\\.(?:${targets.map((end) => end.replace('.', '\\.')).join('|')})$`);
  return new RegExp(`^blocks\\.\\d+\\.(?:${targets === 'all' ? 'attn|mlp' : targets})\\.\\w+$`);
};
