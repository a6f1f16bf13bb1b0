import {
  add,
  concat,
  constant,
  div,
  input,
  matmul,
  minimum,
  mul,
  type Node,
  nameOf,
  type Program,
  parameter,
  reshape,
  sizeOf,
  slice,
  sqrt,
  square,
  sub,
  sum,
} from '../core/index.ts';

/** Parameters that share a learning rate and a weight decay. */
export interface ParameterGroup {
  readonly name: string;
  readonly parameters: readonly Node[];
  /** At the top of the schedule. */
  readonly learningRate: number;
  readonly weightDecay: number;
}

export interface AdamW {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Gradients are scaled down to this global norm. */
  readonly clipNorm: number;
}

export const defaultAdamW: AdamW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clipNorm: 1 };

/** Names of the tensors of a run that stay with the engine. */
export const momentOf = (name: string): string => `m:${name}`;
export const varianceOf = (name: string): string => `v:${name}`;
export const gradientOf = (name: string): string => `g:${name}`;
export const averageOf = (name: string): string => `average:${name}`;
/** Program output that takes a tensor's place. */
export const nextOf = (name: string): string => `next:${name}`;

const shapeOf = (node: Node): readonly number[] => node.shape as readonly number[];
const scalar = (name: string): Node => input(name, []);

/**
 * One update of AdamW (arXiv:1711.05101) as outputs of a program: every parameter and its two moments anew, and the global norm of the gradients before clipping.
 * Scalars that change with the step are inputs (see `adamwFeeds`).
 *
 * @param gradients  of a parameter, by its name
 */
export const adamwOutputs = (
  groups: readonly ParameterGroup[],
  gradients: ReadonlyMap<string, Node>,
  { beta1, beta2, clipNorm }: AdamW,
): Record<string, Node> => {
  // The last parameters come first, as their gradients do: each is there before the next is begun, and what it alone reads is done with.
  const packs = groups.flatMap((group) => packsOf(group.parameters).map((pack) => ({ group, pack }))).toReversed();
  const packed = packs.map(({ pack }) =>
    pack.join(
      pack.parameters.map((weight) => {
        const gradient = gradients.get(nameOf(weight));
        if (!gradient) throw new Error(`internal: no gradient for ${nameOf(weight)}`);
        return gradient;
      }),
    ),
  );
  // A dot product of each gradient with itself is one pass; squaring and summing would be two.
  const squares = packed.map((g) => {
    const row = reshape(g, [1, sizeOf(g.shape)]);
    return matmul(row, row, { transposeB: true });
  });
  const norm = sqrt(sum(concat(squares, 0), [0, 1]));
  const scale = minimum(div(constant(clipNorm), add(norm, 1e-6)), constant(1));
  const least = scalar('least');
  const outputs: Record<string, Node> = { gradientNorm: norm };
  packs.forEach(({ group, pack: { parameters, join, part } }, i) => {
    const [rate, kept] = [scalar(`rate:${group.name}`), scalar(`kept:${group.name}`)];
    const held = (nameFor: (name: string) => string): Node => join(parameters.map((weight) => input(nameFor(nameOf(weight)), shapeOf(weight))));
    // Both moments are held as plain decayed sums, without their (1 − β): what is left out is a scalar of the step, so each update is a few passes shorter.
    const clipped = mul(packed[i]!, scale);
    const moment = add(mul(held(momentOf), beta1), clipped);
    const variance = add(mul(held(varianceOf), beta2), square(clipped));
    const weight = join(parameters);
    const before = group.weightDecay === 0 ? weight : mul(weight, kept);
    const next = sub(before, mul(div(moment, add(sqrt(variance), least)), rate));
    for (const own of parameters) {
      const name = nameOf(own);
      outputs[nextOf(momentOf(name))] = part(moment, own);
      outputs[nextOf(varianceOf(name))] = part(variance, own);
      outputs[nextOf(name)] = part(next, own);
    }
  });
  return outputs;
};

// Below this many elements a pass costs less than its node does. Packs end at so many: nothing of a pack is updated before the gradients of all its parameters are there, and what those of other parameters read waits for that.
const [small, most] = [1 << 14, 1 << 16];

/** Parameters that are updated as one tensor. */
interface Pack {
  readonly parameters: readonly Node[];
  /** One tensor of each parameter's shape as the pack's tensor. */
  join(tensors: readonly Node[]): Node;
  /** A parameter's part of it. */
  part(whole: Node, parameter: Node): Node;
}

/** Small parameters together, in their order, every other alone. */
const packsOf = (parameters: readonly Node[]): Pack[] => {
  const packs: Node[][] = [];
  let length = 0;
  for (const parameter of parameters.filter(isSmall)) {
    length += elementsOf(parameter);
    if (packs.length === 0 || length > most) {
      packs.push([]);
      length = elementsOf(parameter);
    }
    packs.at(-1)!.push(parameter);
  }
  const all = [...packs, ...parameters.filter((parameter) => !isSmall(parameter)).map((parameter) => [parameter])];
  const places = new Map(parameters.map((parameter, i) => [parameter, i]));
  const place = (own: readonly Node[]): number => places.get(own[0]!)!;
  return all.sort((a, b) => place(a) - place(b)).map((own) => (own.length > 1 ? together(own) : alone(own)));
};

const elementsOf = ({ shape }: Node): number => sizeOf(shape) as number;
const isSmall = (parameter: Node): boolean => elementsOf(parameter) <= small;

const alone = (parameters: readonly Node[]): Pack => ({ parameters, join: ([tensor]) => tensor!, part: (whole) => whole });

const together = (parameters: readonly Node[]): Pack => {
  const ends = new Map<Node, number>();
  let length = 0;
  for (const parameter of parameters) {
    length += elementsOf(parameter);
    ends.set(parameter, length);
  }
  return {
    parameters,
    join: (tensors) => {
      const flat = tensors.map((tensor) => reshape(tensor, [sizeOf(tensor.shape)]));
      return concat(flat, 0);
    },
    part: (whole, parameter) => {
      const end = ends.get(parameter)!;
      return reshape(slice(whole, 0, end - elementsOf(parameter), end), parameter.shape);
    },
  };
};

/**
 * The scalars of a step.
 *
 * @param step    counted from 1: bias correction of the moments
 * @param factor  of the learning rate, from the schedule
 */
export const adamwFeeds = (groups: readonly ParameterGroup[], { beta1, beta2, epsilon }: AdamW, step: number, factor: number): Record<string, number> => {
  // m̂ = m (1 − β1) / (1 − β1^t) and √v̂ = √v · root, with m and v the decayed sums.
  const mean = (1 - beta1) / (1 - beta1 ** step);
  const root = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  const feeds: Record<string, number> = { least: epsilon / root };
  for (const { name, learningRate, weightDecay } of groups) {
    feeds[`rate:${name}`] = (learningRate * factor * mean) / root;
    if (weightDecay !== 0) feeds[`kept:${name}`] = 1 - learningRate * factor * weightDecay;
  }
  return feeds;
};

/** Program of an exponential average of the weights: average + (1 − decay) · (weight − average), with `share` = 1 − decay as input. */
export const averageProgram = (name: string, parameters: readonly Node[]): Program => ({
  name,
  outputs: Object.fromEntries(
    parameters.map((weight) => {
      const average = input(averageOf(nameOf(weight)), shapeOf(weight));
      return [nextOf(averageOf(nameOf(weight))), add(average, mul(sub(parameter(nameOf(weight), shapeOf(weight)), average), scalar('share')))];
    }),
  ),
});
