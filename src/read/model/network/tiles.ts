import { gather, type Node, unsqueeze } from '../../../core/index.ts';

/**
 * Pairs are scored in square tiles: 4 slots against 4 slots of one beam. A tile gathers each slot once for four pairs, which makes the gathering
 * and above all its gradient a quarter of what single pairs would need, at the price of some cells past a beam's end.
 */
export const tileSize = 4;

/** One side of the tiles along rows, the other along columns: [tiles, 4, 1, width] and [tiles, 1, 4, width]. */
export const alongRows = (x: Node, slots: Node): Node => unsqueeze(gather(x, slots, 0, { few: true }), 2);
export const alongColumns = (x: Node, slots: Node): Node => unsqueeze(gather(x, slots, 0, { few: true }), 1);
