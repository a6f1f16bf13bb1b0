import { z } from 'zod';
import { add, cast, constant, gather, greaterOrEqual, input, matmul, type Node, nameOf, parameter, reshape, rmsNorm, scaleAxis, squeeze, tanh, unsqueeze, where } from '../../core/index.ts'; // biome-ignore format: one line
import { uniformStart } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { parametersNamed } from '../own-values.ts';
import { rowsOfWords } from './prompt.ts';
import { withVirtualRows } from './virtual-rows.ts';

const schema = z.strictObject({
  /** How many virtual tokens a text has. */
  tokens: z.number().int().min(1).max(4096).default(20),
  /** Values between the two layers of the network that makes them. */
  inner: z.number().int().min(1).max(4096).default(64),
  /** Tokens of what is asked, from its beginning, that they are made of. A conversation whose beginning is this long keeps its virtual tokens, and what was computed of it, as it goes on. */
  asked: z.number().int().min(1).max(4096).default(128),
});
export type InstancePromptOptions = z.input<typeof schema>;

const kind = 'instance-prompt';
const epsilon = 1e-6;

/**
 * Virtual tokens that are made for each text, of what is asked: a row is that of `embed.instance.table` [tokens, hidden], and what a network makes of the text. It reads the mean of the word vectors of the first `asked` tokens of the
 * prompt, brought to length √hidden: U tanh(D v), parameters `embed.instance.down` [inner, hidden] and `embed.instance.up` [tokens · hidden, inner]; U starts at zero.
 *
 * The tokens stand in the program input `asked` [instances, words] int64, −1 behind the last; virtual token i of instance k has the id `vocab + tokens · k + i`. A run without virtual tokens, as decoding is, takes any one instance.
 *
 * Source: arXiv:2204.04497 with the mean of word vectors for a sentence's, in a plainer form; rows start as in `prompt`.
 */
export const instancePrompt = (given: InstancePromptOptions = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const { tokens, inner } = options;
  return {
    kind,
    options,
    apply(roots) {
      const edited = withVirtualRows(kind, roots, (table) => rowsOf(vectorOf(table), { tokens, inner }));
      return { roots: edited, parameters: parametersNamed(edited, /^embed\.instance\.(table|down|up)$/), shares: new Map() };
    },
    start(node, seed, base) {
      const [name, [rows, columns]] = [nameOf(node), node.shape as readonly [number, number]];
      if (name.endsWith('.table')) return rowsOfWords(node, seed, base);
      return Promise.resolve(name.endsWith('.up') ? new Float32Array(rows * columns) : uniformStart(name, rows * columns, seed, columns ** -0.5));
    },
    virtualTokens: tokens,
    askedTokens: options.asked,
    unmergeable: 'its rows are made for every text and stand before it; they are part of no weight',
  };
};

/** What is asked as a vector, [instances, hidden]. */
const vectorOf = (table: Node): Node => {
  const asked = input('asked', ['instances', 'words'], 'int64');
  const none = constant(0, [], 'int64');
  const there = greaterOrEqual(asked, none);
  const words = gather(table, where(there, asked, none));
  const sum = squeeze(matmul(unsqueeze(cast(there, 'float32'), 1), cast(words, 'float32')), 1);
  const hidden = table.shape[1] as number;
  return rmsNorm(sum, constant(new Float32Array(hidden).fill(1)), epsilon); // the sum for the mean: they differ in length only
};

/** Rows of all instances, one after another: [instances · tokens, hidden]. */
const rowsOf = (vector: Node, { tokens, inner }: { readonly tokens: number; readonly inner: number }): Node => {
  const hidden = vector.shape[1] as number;
  const narrow = tanh(matmul(vector, parameter('embed.instance.down', [inner, hidden]), { transposeB: true }));
  const made = matmul(narrow, parameter('embed.instance.up', [tokens * hidden, inner]), { transposeB: true });
  const own = add(reshape(made, [vector.shape[0]!, tokens, hidden]), parameter('embed.instance.table', [tokens, hidden]));
  return reshape(own, [scaleAxis(vector.shape[0]!, tokens), hidden]);
};
