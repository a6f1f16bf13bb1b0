import { ShapeError } from './errors.ts';
import { isInput, isParameter, nameOf } from './leaf.ts';
import { inOrder, type Node } from './node.ts';
import { show } from './strided.ts';

/** What is compiled: named results. Inputs and parameters are found by walking. */
export interface Program {
  readonly name: string;
  readonly outputs: Readonly<Record<string, Node>>;
}

/** Inputs and parameters below the roots, by name. @throws ShapeError when one name stands for different things */
export function leavesOf(roots: readonly Node[]): { readonly inputs: ReadonlyMap<string, Node>; readonly parameters: ReadonlyMap<string, Node> } {
  const inputs = new Map<string, Node>();
  const parameters = new Map<string, Node>();
  for (const node of inOrder(roots)) {
    if (!isInput(node) && !isParameter(node)) continue;
    const name = nameOf(node);
    const before = inputs.get(name) ?? parameters.get(name);
    if (before && (before.op !== node.op || show(before) !== show(node)))
      throw new ShapeError(`program: expected one meaning for ${name}, got ${before.op.name} ${show(before)} and ${node.op.name} ${show(node)}; rename one`);
    (isInput(node) ? inputs : parameters).set(name, node);
  }
  return { inputs, parameters };
}
