import {
  add,
  axisLength,
  cast,
  concat,
  constant,
  div,
  floor,
  gather,
  gatherSum,
  lessOrEqual,
  matmul,
  maximum,
  minimum,
  mul,
  type Node,
  squeeze,
  sub,
  tanh,
  unsqueeze,
} from '../../../core/index.ts';
import { dense } from '../../../nn/index.ts';
import type { ReaderConfig } from '../reader-config.ts';
import { leastWeight } from './span-scores.ts';
import type { WordInputs, WordStates } from './word-states.ts';

/** Spans of a beam. */
export interface SpanVectors {
  /** [slots, 3 · hidden + features]: state of the first subword, of the last, attended head, width embedding. */
  readonly vectors: Node;
  /** [slots] int64 flat positions of the first and the last subword. */
  readonly firstToken: Node;
  readonly lastToken: Node;
  /** [slots] int64 first and last word. */
  readonly firstWord: Node;
  readonly lastWord: Node;
}

/**
 * Whole vectors of chosen spans.
 *
 * @param cells  [slots] int64 cells of the grid
 * @param table  the graph's `widthTable`
 */
export const spanVectors = (
  cells: Node,
  states: Pick<WordStates, 'tokens' | 'sums' | 'weights'>,
  { wordFirst, wordLast }: WordInputs,
  table: Node,
): SpanVectors => {
  const widths = table.shape[0] as number;
  const last = sub(axisLength(wordFirst.shape[0]!, 'int64'), constant(1, [], 'int64'));
  // A cell's number stays below 2^24, so the division is exact in float32 where widths is a power of two, and half a cell off a whole number otherwise.
  const firstWord = cast(floor(mul(add(cast(cells, 'float32'), 0.5), 1 / widths)), 'int64');
  const width = sub(cells, mul(firstWord, constant(widths, [], 'int64')));
  const lastWord = minimum(add(firstWord, width), last);
  const steps = constant(
    Array.from({ length: widths }, (_, k) => k),
    [1, widths],
    'int64',
  );
  const inSpan = unsqueeze(cast(lessOrEqual(steps, unsqueeze(width, 1)), 'float32'), 1); // [slots, 1, widths]
  const within = minimum(add(unsqueeze(firstWord, 1), steps), last); // [slots, widths]
  const total = matmul(inSpan, gather(states.weights, within)); // [slots, 1, 1]
  const head = gatherSum(states.sums, within, squeeze(div(inSpan, maximum(total, leastWeight)), 1));
  const [firstToken, lastToken] = [gather(wordFirst, firstWord), gather(wordLast, lastWord)];
  return {
    vectors: concat([gather(states.tokens, firstToken), gather(states.tokens, lastToken), head, gather(table, width)], 1),
    firstToken,
    lastToken,
    firstWord,
    lastWord,
  };
};

/** A span in a role (`relations.subject`, `relations.object`, `coreference.mention`): tanh of a linear of its vector, [slots, projection]. */
export const roleOf = (role: string, { vectors }: Pick<SpanVectors, 'vectors'>, { projection }: ReaderConfig): Node => tanh(dense(role, vectors, projection));
