import { add, ConfigError, input, mul, type Node, nameOf, parameter, square, sub, sum } from '../../core/index.ts';
import { type Binding, type TensorData, tensorOf } from '../../runtime/index.ts';

/** Under which name a program reads what a parameter is held to, and how much its change matters. */
export const anchorOf = (name: string): string => `anchor:${name}`;
export const fisherOf = (name: string): string => `fisher:${name}`;

export interface PullOptions {
  /** λ: the penalty is ½ λ Σ F (θ − θ*)². */
  readonly strength: number;
  /** Scalar by which it is scaled besides: where a step is cut into parts that add up, the share of this part, see `partInput`. Default: all of it. */
  readonly share?: Node;
}

/** Input `micro`, []: the share of this part of a step. */
export const partInput = (): Node => input('micro', []);

/**
 * Elastic weight consolidation: ½ λ Σ F (θ − θ*)², which holds every parameter to where it began by what the Fisher information says it matters. θ* and F are parameters `anchor:NAME` and `fisher:NAME` of the graph, bound as
 * constants (`pullBindings`), or the anchor of a weight of the base to where that weight lies. What an adapter brings begins at the values of its `start`.
 *
 * @param parameters  what is trained, or a part of it
 * @returns scalar
 * @throws ConfigError for a strength that is not positive, or without parameters
 * Source: arXiv:1612.00796.
 */
export const ewcPenalty = (parameters: readonly Node[], options: PullOptions): Node =>
  pull('ewc', parameters, options, (change, node) => mul(square(change), parameter(fisherOf(nameOf(node)), shapeOf(node), node.dtype)));

/** ½ λ Σ (θ − θ*)²: the same where all parameters matter alike. Only `anchor:NAME` is read. Source: arXiv:1802.01483 (L2-SP). */
export const l2SpPenalty = (parameters: readonly Node[], options: PullOptions): Node => pull('l2-sp', parameters, options, square);

const pull = (where: string, parameters: readonly Node[], { strength, share }: PullOptions, squared: (change: Node, node: Node) => Node): Node => {
  if (!(strength > 0) || !Number.isFinite(strength))
    throw new ConfigError(`${where}: expected a strength above 0, got ${strength}; leave the penalty out for none`);
  if (parameters.length === 0) throw new ConfigError(`${where}: expected parameters to hold, got none; name what is trained`);
  const terms = parameters.map((node) => {
    const change = sub(node, parameter(anchorOf(nameOf(node)), shapeOf(node), node.dtype));
    return sum(
      squared(change, node),
      node.shape.map((_, axis) => axis),
    );
  });
  const penalty = mul(
    terms.reduce((a, b) => add(a, b)),
    strength / 2,
  );
  return share ? mul(penalty, share) : penalty;
};

const shapeOf = (node: Node): readonly number[] => node.shape as readonly number[];

/**
 * Constants for the penalties over `parameters`.
 *
 * @param anchors  by parameter name: what each is held to
 * @param fisher   by parameter name, for `ewcPenalty`
 * @throws ConfigError where a value is missing or of another length
 */
export const pullBindings = (
  parameters: readonly Node[],
  anchors: ReadonlyMap<string, Float32Array>,
  fisher?: ReadonlyMap<string, Float32Array>,
): Map<string, Binding> => {
  const constantOf = (node: Node, values: ReadonlyMap<string, Float32Array>, what: string): { kind: 'constant'; value: TensorData } => {
    const data = values.get(nameOf(node));
    const size = shapeOf(node).reduce((a, b) => a * b, 1);
    if (data?.length !== size)
      throw new ConfigError(`pullBindings: expected ${size} values of ${what} for ${nameOf(node)}, got ${data?.length ?? 'none'}; they are of another model`);
    return { kind: 'constant', value: tensorOf('float32', shapeOf(node), data) };
  };
  return new Map(
    parameters.flatMap((node) => [
      [anchorOf(nameOf(node)), constantOf(node, anchors, 'the start')] as const,
      ...(fisher ? [[fisherOf(nameOf(node)), constantOf(node, fisher, 'Fisher information')] as const] : []),
    ]),
  );
};
