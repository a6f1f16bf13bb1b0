import {
  add,
  addAxes,
  concat,
  constant,
  div,
  gather,
  matmul,
  max,
  maximum,
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
 * @param table  the graph's `widthTable`
 */
export const spanScores = (states: WordStates, table: Node, config: ReaderConfig, dropout?: Dropout): SpanScores => {
  const { ffn, widths } = config;
  const words = states.first.shape[0]!;
  const hidden = lastLength('spanScores', states.first);
  const wide = heads.length * ffn;
  const project = (name: string, x: Node) => matmul(x, parameter(`spans.${name}.weight`, [wide, hidden]), { transposeB: true }); // [words, wide]
  const start = project('start', states.first);
  const end = project('end', states.last);
  const head = project('head', states.sums);
  const byWidth = linear(table, parameter('spans.up.weight', [wide, config.features]), parameter('spans.up.bias', [wide])); // [widths, wide]

  const reach = (x: Node) => pad(x, 0, 0, widths - 1);
  const [ends, heights, weights] = [reach(end), reach(head), reach(states.weights)];
  const rows: Node[] = [];
  let [sum, weight]: [Node, Node] = [head, states.weights];
  for (let k = 0; k < widths; k++) {
    const shifted = (x: Node) => slice(x, 0, k, addAxes(words, k));
    if (k > 0) {
      sum = add(sum, shifted(heights));
      weight = add(weight, shifted(weights));
    }
    const attended = div(sum, maximum(weight, leastWeight));
    const width = gather(byWidth, constant([k], [1], 'int64')); // [1, wide]
    rows.push(unsqueeze(add(add(start, shifted(ends)), add(attended, width)), 1));
  }
  const cells = multiplyAxes(words, widths);
  const first = drop('spans.up', relu(reshape(concat(rows, 1), [cells, wide])), dropout);
  const parts = split(
    first,
    1,
    heads.map(() => ffn),
  );
  const scored = heads.map((name, i) => {
    const inner = drop(`spans.${name}.inner`, relu(dense(`spans.${name}.inner`, parts[i]!, ffn)), dropout);
    return dense(`spans.${name}.out`, inner, name === 'entity' ? entityTypes.length : 1);
  });
  const [entity, relationMention, coreferenceMention] = [scored[0]!, squeeze(scored[1]!, 1), squeeze(scored[2]!, 1)];
  return { entity, relationMention, coreferenceMention, relationBeam: add(relationMention, max(entity, [1])) };
};

/** Label scores with the null label's 0 in front: [..., labels] → [..., labels + 1]. */
export const withNull = (scores: Node): Node => pad(scores, -1, 1, 0);

/** What the entity scorer believes of some cells: probabilities of null and the types, [slots, 7]. */
export const beliefsOf = (entity: Node, cells: Node): Node => softmax(withNull(gather(entity, cells)));
