import { cast, constant, gather, multiplyAxes, type Node, neg, reshape, stopGradient, takeAlong, topK, where } from '../../../core/index.ts';

const never = -1e30;

/** A beam for every group (sentence or document) of spans. */
export interface BeamInputs {
  /** [groups, groupSpans] int64 cells of the grid; what is past a group's end does not matter. */
  readonly spans: Node;
  /** [groups, groupSpans] bool: true up to a group's end. */
  readonly spanMask: Node;
  /** [groups, beam] bool: true for the first k ranks, k being the group's beam size. */
  readonly beamMask: Node;
  /** [slots] int64 positions in the flattened [groups, beam] that are within a beam. */
  readonly slots: Node;
}

/**
 * Cells of the k best spans of every group, [slots] int64, best first or sorted by position. Crossing spans are kept: only prediction skips them. No gradient.
 *
 * @param scores  [cells]
 */
export const beamCells = (scores: Node, { spans, spanMask, beamMask, slots }: BeamInputs, order: 'score' | 'position'): Node => {
  const [groups, beam] = beamMask.shape as [string, string];
  const best = topK(where(spanMask, gather(stopGradient(scores), spans), never), beam).indices; // [groups, beam]
  const cells = where(beamMask, takeAlong(spans, best, 1), constant(0, [], 'int64'));
  const chosen = order === 'score' ? cells : sorted(cells, beamMask, beam);
  return gather(reshape(chosen, [multiplyAxes(groups, beam)]), slots);
};

/** Rows in ascending order, what is masked last. Cells are below 2^24, so float32 orders them exactly. */
const sorted = (cells: Node, mask: Node, beam: string): Node => {
  const keys = where(mask, cast(cells, 'float32'), 2 ** 25);
  return takeAlong(cells, topK(neg(keys), beam).indices, 1);
};
