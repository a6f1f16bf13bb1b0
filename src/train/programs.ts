import { add, gradients, inOrder, input, isParameter, mul, type Node, nameOf, type Program } from '../core/index.ts';
import { type AdamW, adamwOutputs, gradientOf, nextOf, type ParameterGroup } from './adamw.ts';

export interface Objective {
  /** Scalar to minimise, already divided by what it is a mean over; several micro-batches add up. */
  readonly loss: Node;
  /** Scalars that are reported besides; added up over micro-batches like the loss. */
  readonly metrics: Readonly<Record<string, Node>>;
}

/** A step in one call: losses, gradients, clipping and update. */
export const stepProgram = (name: string, { loss, metrics }: Objective, groups: readonly ParameterGroup[], adamw: AdamW): Program => ({
  name: `${name}/step`,
  outputs: { loss, ...metrics, ...adamwOutputs(groups, gradientsOf(loss, groups), adamw) },
});

/** Gradients of one micro-batch, added to those held (`held` = 0 begins anew). */
export const accumulateProgram = (name: string, { loss, metrics }: Objective, groups: readonly ParameterGroup[]): Program => {
  const held = input('held', []);
  const outputs: Record<string, Node> = { loss, ...metrics };
  for (const [parameter, gradient] of gradientsOf(loss, groups))
    outputs[nextOf(gradientOf(parameter))] = add(mul(input(gradientOf(parameter), gradient.shape as readonly number[]), held), gradient);
  return { name: `${name}/accumulate`, outputs };
};

/** The update from gradients held. */
export const applyProgram = (name: string, groups: readonly ParameterGroup[], adamw: AdamW): Program => {
  const held = groups.flatMap(({ parameters }) =>
    parameters.map((node) => [nameOf(node), input(gradientOf(nameOf(node)), node.shape as readonly number[])] as const),
  );
  return { name: `${name}/apply`, outputs: adamwOutputs(groups, new Map(held), adamw) };
};

const gradientsOf = (loss: Node, groups: readonly ParameterGroup[]): Map<string, Node> => {
  const parameters = groups.flatMap((group) => group.parameters);
  const own = new Set(parameters);
  const names = new Set(parameters.map(nameOf));
  const twice = inOrder([loss]).find((node) => isParameter(node) && names.has(nameOf(node)) && !own.has(node));
  if (twice || names.size < own.size)
    throw new Error(
      `internal: the parameter ${twice ? nameOf(twice) : 'of some name'} is several nodes; a gradient is that of a node, so build each parameter once`,
    );
  const found = gradients(loss, parameters);
  return new Map(parameters.map((node, i) => [nameOf(node), found[i]!]));
};
