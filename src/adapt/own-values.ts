import { inOrder, isParameter, type Node, NotFoundError, nameOf } from '../core/index.ts';

/** The parameters below the roots whose names match, inputs first. */
export const parametersNamed = (roots: readonly Node[], names: RegExp): Node[] =>
  inOrder(roots).filter((node) => isParameter(node) && names.test(nameOf(node)));

/**
 * Values of an adapter's parameters at one linear, `PREFIX.PART` each, in the order of the parts.
 *
 * @returns  undefined where the adapter has nothing there
 * @throws NotFoundError where it has some of the parts only
 */
export const ownValues = <const P extends readonly string[]>(
  own: ReadonlyMap<string, Float32Array>,
  prefix: string,
  parts: P,
): { [K in keyof P]: Float32Array } | undefined => {
  const found = parts.map((part) => own.get(`${prefix}.${part}`));
  if (found.every((values) => values === undefined)) return undefined;
  const missing = parts.filter((_, i) => found[i] === undefined);
  if (missing.length > 0)
    throw new NotFoundError(`${prefix}: expected values of ${parts.join(', ')}, got none of ${missing.join(', ')}; the adapter's file is a part of one`);
  return found as { [K in keyof P]: Float32Array };
};
