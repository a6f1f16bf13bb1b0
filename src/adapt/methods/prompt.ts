import { z } from 'zod';
import {
  add,
  cast,
  constant,
  edit,
  gather,
  greaterOrEqual,
  input,
  isParameter,
  matmul,
  type Node,
  NotFoundError,
  nameOf,
  oneHot,
  parameter,
  reshape,
  sub,
  tanh,
  unsqueeze,
  where,
} from '../../core/index.ts';
import { uniformStart } from '../../nn/index.ts';
import { hashOf } from '../../train/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { parametersNamed } from '../own-values.ts';

const schema = z.strictObject({
  /** How many virtual tokens there are. */
  tokens: z.number().int().min(1).max(4096).default(20),
  /** The rows are made for each text, from the program input `instance` [batch, width] float32, by a network with `inner` values between its two layers. Width: default that of the model. */
  instance: z.strictObject({ inner: z.number().int().min(1).default(64), width: z.number().int().min(1).optional() }).optional(),
});
export type PromptOptions = z.input<typeof schema>;

const kind = 'prompt';
const words = 'embed.word.weight';

/**
 * Virtual tokens: the ids `vocab`, `vocab + 1`, … mean trained rows of `embed.prompt.table` [tokens, hidden], and whoever runs the model puts them before a text, with positions of their own. Ids of words mean what they did, and
 * no virtual token is ever predicted. No program input is added.
 *
 * With `instance` a row is that of the table and what a network makes of the text's vector: U tanh(D v), parameters `embed.prompt.down` [inner, width] and `embed.prompt.up` [tokens · hidden, inner]; U starts at zero. The vector is
 * fed as `instance` [batch, width], one for each row of the batch, at every run of the program, when decoding too: the state of an encoder, say, or the mean of the text's word vectors.
 *
 * Source: arXiv:2104.08691, the rows starting as those of words; by instance: arXiv:2204.04497 in a plainer form.
 */
export const prompt = (given: PromptOptions = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const { instance } = options;
  return {
    kind,
    options,
    apply(roots) {
      let found = false;
      const edited = edit(roots, (node) => {
        if (node.op.name !== 'gather' || !isParameter(node.inputs[0]!) || nameOf(node.inputs[0]) !== words) return node;
        found = true;
        return withVirtual(node, options);
      });
      if (!found) throw new NotFoundError(`${kind}: expected rows of ${words} being looked up, got none; apply it before other edits of the table`);
      return { roots: edited, parameters: parametersNamed(edited, /^embed\.prompt\.(table|down|up)$/), shares: new Map() };
    },
    async start(node, seed, base) {
      const [rows, columns] = node.shape as readonly [number, number];
      const name = nameOf(node);
      if (name.endsWith('.up')) return new Float32Array(rows * columns);
      if (name.endsWith('.down')) return uniformStart(name, rows * columns, seed, columns ** -0.5);
      const table = await base(words);
      const starts = Array.from({ length: rows }, (_, row) => (hashOf(seed, row) % (table.length / columns)) * columns);
      return Float32Array.from(starts.flatMap((at) => [...table.subarray(at, at + columns)]));
    },
    virtualTokens: options.tokens,
    ...(instance && { inputs: ['instance'] }),
    unmergeable: `its rows are ${instance ? 'made for every text' : 'tokens'} and stand before the text; they are part of no weight`,
  };
};

/** The look-up of words with the virtual ones beside it: [batch, seq, hidden]. */
const withVirtual = (lookup: Node, { tokens, instance }: z.output<typeof schema>): Node => {
  const [table, ids] = lookup.inputs as [Node, Node];
  const [vocab, hidden] = table.shape as readonly [number, number];
  const virtual = greaterOrEqual(ids, constant(vocab, [], ids.dtype));
  const known = gather(table, where(virtual, constant(0, [], ids.dtype), ids));
  const own = parameter('embed.prompt.table', [tokens, hidden]);
  const rank = where(virtual, sub(ids, constant(vocab, [], ids.dtype)), constant(0, [], ids.dtype));
  const rows = instance ? matmul(oneHot(rank, tokens), ofInstance(own, ids.shape[0]!, instance)) : gather(own, rank);
  return { ...where(unsqueeze(virtual, -1), cast(rows, lookup.dtype), known), ...(lookup.site !== undefined && { site: lookup.site }) };
};

/** Rows for each text, [batch, tokens, hidden]. */
const ofInstance = (table: Node, batch: Node['shape'][number], { inner, width }: NonNullable<z.output<typeof schema>['instance']>): Node => {
  const [tokens, hidden] = table.shape as readonly [number, number];
  const vector = input('instance', [batch, width ?? hidden]);
  const narrow = tanh(matmul(vector, parameter('embed.prompt.down', [inner, width ?? hidden]), { transposeB: true }));
  const made = matmul(narrow, parameter('embed.prompt.up', [tokens * hidden, inner]), { transposeB: true });
  return add(table, reshape(made, [batch, tokens, hidden]));
};
