import {
  type Axis,
  add,
  addAxes,
  concat,
  constant,
  div,
  divideAxis,
  expand,
  gather,
  matmul,
  max,
  maximum,
  mul,
  multiplyAxes,
  type Node,
  pad,
  parameter,
  relu,
  reshape,
  slice,
  softmax,
  split,
  squeeze,
  unsqueeze,
} from '../../../core/index.ts';
import { type Dropout, dense, drop, lastLength, linear } from '../../../nn/index.ts';
import { entityTypes } from '../labels.ts';
import type { ReaderConfig } from '../reader-config.ts';
import type { WordStates } from './word-states.ts';

/** Scores of every cell of the grid: cell w · widths + k is the span of words w … w + k. Cells that leave their sentence hold no meaning. */
export interface SpanScores {
  /** [cells, 6] phi_e; null scores 0. */
  readonly entity: Node;
  /** [cells] phi_mr. */
  readonly relationMention: Node;
  /** [cells] phi_mc. */
  readonly coreferenceMention: Node;
  /** [cells] phi_mr + the best phi_e: what a sentence's relation beam is chosen by. */
  readonly relationBeam: Node;
}

const heads = ['entity', 'relationMention', 'coreferenceMention'] as const;

/** Smallest divisor of the head attention: below it, every weight of a word underflowed. */
export const leastWeight = 1e-30;

/** The embedding of span widths, [widths, features]. One node for a whole graph: a gradient is that of a node, not of a name. */
export const widthTable = ({ widths, features }: ReaderConfig): Node => parameter('spans.width.weight', [widths, features]);

/**
 * Three scorers over all spans at once. The first layer is factored: W g = Ws h_start + We h_end + Wh (Σ e h / Σ e) + Ww[width], so words are projected
 * once and spans are sums at hidden width; `factored first layer = unfactored` is a law of the tests.
 *
 * The sums of a block of words are one product: a cell's row of `places` says which rows of `parts` it adds up. Nothing of the size of all spans is written before that.
 *
 * @param states  of words in whole blocks of `widths`
 * @param table   the graph's `widthTable`
 */
export const spanScores = (states: WordStates, table: Node, config: ReaderConfig, dropout?: Dropout): SpanScores => {
  const { ffn, widths } = config;
  const words = states.first.shape[0]!;
  const blocks = divideAxis(words, widths);
  const hidden = lastLength('spanScores', states.first);
  const wide = heads.length * ffn;
  const cells = multiplyAxes(words, widths);
  const project = (name: string, x: Node) => byHead(matmul(x, parameter(`spans.${name}.weight`, [wide, hidden]), { transposeB: true }), ffn);
  const starts = project('start', states.first);
  const ends = project('end', states.last);
  const sums = project('head', states.sums);
  const byWidth = byHead(linear(table, parameter('spans.up.weight', [wide, config.features]), parameter('spans.up.bias', [wide])), ffn); // [widths, ffn]

  // A block and the block after it, into which its spans reach.
  const block = (x: Node) => reshape(x, [blocks, widths, ffn]);
  const next = (x: Node) => block(slice(pad(x, 0, 0, widths), 0, widths, addAxes(words, widths)));
  const places = placesOf(states.weights, widths, blocks);
  const scored = heads.map((name, i) => {
    const [start, end, sum, width] = [starts[i]!, ends[i]!, sums[i]!, byWidth[i]!];
    const parts = concat([block(sum), next(sum), block(end), next(end), block(start), expand(unsqueeze(width, 0), [blocks, widths, ffn])], 1);
    const first = drop(`spans.${name}.up`, relu(reshape(matmul(places, parts), [cells, ffn])), dropout);
    const inner = drop(`spans.${name}.inner`, relu(dense(`spans.${name}.inner`, first, ffn)), dropout);
    return dense(`spans.${name}.out`, inner, name === 'entity' ? entityTypes.length : 1);
  });
  const [entity, relationMention, coreferenceMention] = [scored[0]!, squeeze(scored[1]!, 1), squeeze(scored[2]!, 1)];
  return { entity, relationMention, coreferenceMention, relationBeam: add(relationMention, max(entity, [1])) };
};

/** [rows, heads · ffn] → one [rows, ffn] a head. */
const byHead = (x: Node, ffn: number): Node[] =>
  split(
    x,
    1,
    heads.map(() => ffn),
  );

/**
 * [blocks, widths², 6 · widths]: for the cell of word i and width k of a block, 1 / Σ e over the span at rows i … i + k of the sums (a block's and the next one's), 1 at row i + k of
 * the ends (likewise), at row i of the starts and at row k of the widths.
 *
 * @param weights  [words, 1] Σ e of a word
 */
const placesOf = (weights: Node, widths: number, blocks: Axis): Node => {
  const words = weights.shape[0]!;
  const reaching = pad(weights, 0, 0, widths - 1);
  const totals = [weights];
  for (let k = 1; k < widths; k++) totals.push(add(totals[k - 1]!, slice(reaching, 0, k, addAxes(words, k))));
  const inverse = div(1, reshape(maximum(concat(totals, 1), leastWeight), [blocks, widths * widths, 1]));
  const pattern = (columns: number, at: (i: number, k: number, column: number) => boolean): Node =>
    constant(
      Array.from({ length: widths * widths * columns }, (_, at1) => {
        const cell = Math.floor(at1 / columns);
        return Number(at(Math.floor(cell / widths), cell % widths, at1 % columns));
      }),
      [1, widths * widths, columns],
    );
  const inSpan = pattern(2 * widths, (i, k, column) => column >= i && column <= i + k);
  const others = pattern(4 * widths, (i, k, column) => column === i + k || column === 2 * widths + i || column === 3 * widths + k);
  return concat([mul(inverse, inSpan), expand(others, [blocks, widths * widths, 4 * widths])], 2);
};

/** Label scores with the null label's 0 in front: [..., labels] → [..., labels + 1]. */
export const withNull = (scores: Node): Node => pad(scores, -1, 1, 0);

/** What the entity scorer believes of some cells: probabilities of null and the types, [slots, 7]. */
export const beliefsOf = (entity: Node, cells: Node): Node => softmax(withNull(gather(entity, cells)));
