import { type Role, roles } from '../role.ts';

/** Normalised values from which an outcome counts as there. */
const reached = 0.8;

export interface OutcomeLayers {
  /** The last layer at which the target's own answer still comes; 0, where nothing is replaced, if at none. */
  readonly L1: number;
  /** The layer at which the source's request on the target's context comes most. */
  readonly L2: number;
  /** The first layer at which the source's answer comes; none if at no layer. */
  readonly L3: number | null;
}

/**
 * Where one outcome follows the other, from curves of normalised token probability.
 *
 * Source: arXiv 2312.10091 and its code. Different on purpose: there L1 of two families was always averaged with 0.
 *
 * @param layers  ascending, from 1
 * @param curves  per role as many values as layers
 * @throws RangeError where there are no layers or not as many values
 */
export const outcomeLayers = (layers: readonly number[], curves: Readonly<Record<Role, readonly number[]>>): OutcomeLayers => {
  if (layers.length === 0 || roles.some((role) => curves[role].length !== layers.length))
    throw new RangeError(`outcome layers: expected as many values as layers, got ${roles.map((role) => curves[role].length).join(', ')} for ${layers.length}`);
  const { unaffected, request_transfer, output_transfer } = curves;
  return {
    L1: layers[unaffected.findLastIndex((value) => value > reached)] ?? 0,
    L2: layers[request_transfer.indexOf(Math.max(...request_transfer))]!,
    L3: layers[output_transfer.findIndex((value) => value > reached)] ?? null,
  };
};
