import { z } from 'zod';
import { inOrder, isParameter, type Node, NotFoundError, nameOf, UnsupportedError } from '../../core/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';

const schema = z.strictObject({
  /** Of the blocks: `attn`, `mlp` (linears), `norm`. Outside them: `embed` (tables of words and positions; of a tied model the head too), `head` (the last norm, and a head of its own). */
  parts: z
    .array(z.enum(['attn', 'mlp', 'norm', 'embed', 'head']))
    .min(1)
    .default(['attn', 'mlp', 'norm']),
  /** Biases too. */
  biases: z.boolean().default(true),
  /** Numbers of the blocks that are trained. Default: all. */
  blocks: z.array(z.number().int().min(0)).min(1).optional(),
});
export type FullOptions = z.input<typeof schema>;
type Part = z.output<typeof schema>['parts'][number];

const kind = 'full';

/**
 * Full fine-tuning, of chosen parts: the graph stays as it is, parameters of the base are trained under their own names, and the adapter is their new values, which take the place of the old.
 *
 * @throws NotFoundError where the model has none of the parts · UnsupportedError where they are not float32: what is packed cannot be trained
 */
export const full = (given: FullOptions = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const { parts, biases, blocks } = options;
  const chosen = (name: string): boolean => {
    const block = /^blocks\.(\d+)\./.exec(name)?.[1];
    return parts.includes(partOf(name)) && (biases || !name.endsWith('.bias')) && (block === undefined || !blocks || blocks.includes(Number(block)));
  };
  return {
    kind,
    options,
    apply(roots) {
      const parameters = inOrder(roots).filter((node) => isParameter(node) && chosen(nameOf(node)));
      const packed = parameters.find(isPacked);
      if (packed)
        throw new UnsupportedError(
          `${kind}: expected float32 weights, got ${nameOf(packed)} ${packed.dtype}, which is quantised; train the model as it was, or put a lora beside it`,
        );
      if (parameters.length === 0) throw new NotFoundError(`${kind}: expected parameters of ${parts.join(', ')} in the blocks asked for, got none`);
      return { roots: [...roots], parameters, shares: new Map() };
    },
    start: (node, _seed, base) => base(nameOf(node)),
    merge: (site, weight, own) => own.get(`${site}.weight`) ?? weight,
  };
};

const partOf = (name: string): Part => {
  if (name.startsWith('embed.')) return 'embed';
  if (!name.startsWith('blocks.')) return 'head';
  return /norm\d*\.\w+$/i.test(name) ? 'norm' : name.includes('.attn.') ? 'attn' : 'mlp';
};

const isPacked = (node: Node): boolean => node.dtype !== 'float32' || /\.(int8|q4|q8)\./.test(nameOf(node));
