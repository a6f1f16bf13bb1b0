import { add, constant, div, input, minimum, mul, type Node, nameOf, type Program, parameter, sqrt, square, sub, sum } from '../core/index.ts';

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
export const adamwOutputs = (groups: readonly ParameterGroup[], gradients: ReadonlyMap<string, Node>, { beta1, beta2, epsilon, clipNorm }: AdamW): Record<string, Node> => {
  const squares = [...gradients.values()].map((g) => sum(square(g), Array.from(g.shape.keys())));
  const norm = sqrt(squares.reduce((a, b) => add(a, b)));
  const scale = minimum(div(constant(clipNorm), add(norm, 1e-6)), constant(1));
  const [share, squareShare] = [mul(scale, 1 - beta1), mul(square(scale), 1 - beta2)];
  const root = scalar('rootCorrection');
  const outputs: Record<string, Node> = { gradientNorm: norm };
  for (const group of groups) {
    const [rate, kept] = [scalar(`rate:${group.name}`), scalar(`kept:${group.name}`)];
    for (const weight of group.parameters) {
      const name = nameOf(weight);
      const gradient = gradients.get(name);
      if (!gradient) throw new Error(`internal: no gradient for ${name}`);
      const moment = add(mul(input(momentOf(name), shapeOf(weight)), beta1), mul(gradient, share));
      const variance = add(mul(input(varianceOf(name), shapeOf(weight)), beta2), mul(square(gradient), squareShare));
      outputs[nextOf(momentOf(name))] = moment;
      outputs[nextOf(varianceOf(name))] = variance;
      outputs[nextOf(name)] = sub(mul(weight, kept), mul(div(moment, add(mul(sqrt(variance), root), epsilon)), rate));
    }
  }
  return outputs;
};

/**
 * The scalars of a step.
 *
 * @param step    counted from 1: bias correction of the moments
 * @param factor  of the learning rate, from the schedule
 */
export const adamwFeeds = (groups: readonly ParameterGroup[], { beta1, beta2 }: AdamW, step: number, factor: number): Record<string, number> => {
  const feeds: Record<string, number> = { rootCorrection: 1 / Math.sqrt(1 - beta2 ** step) };
  for (const { name, learningRate, weightDecay } of groups) {
    feeds[`rate:${name}`] = (learningRate * factor) / (1 - beta1 ** step);
    feeds[`kept:${name}`] = 1 - learningRate * factor * weightDecay;
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
