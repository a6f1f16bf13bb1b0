import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { add, input, mul, type Node, nameOf, parameter, sum } from '../core/index.ts';
import { openEngine, type TensorData } from '../runtime/index.ts';
import { defaultAdamW } from './adamw.ts';
import { readCheckpoint } from './checkpoint.ts';
import { uniformOf } from './hash.ts';
import { train } from './train.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-adamw-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

// Two small parameters that are updated together, and one alone for its size; each with a rate and a decay of its own.
const shapes = { a: [3, 2], b: [5], wide: [129, 130] } as const;
type Name = keyof typeof shapes;
const names = Object.keys(shapes) as Name[];
const rates = {
  a: { learningRate: 0.02, weightDecay: 0.1 },
  b: { learningRate: 0.01, weightDecay: 0 },
  wide: { learningRate: 0.003, weightDecay: 0.5 },
} as const;
const sizes = { a: 6, b: 5, wide: 129 * 130 } as const;
const steps = 12;

const first = (name: Name): number[] => Array.from({ length: sizes[name] }, (_, i) => Math.fround(uniformOf(names.indexOf(name), i) - 0.5));
/** Gradients of a step: their size goes up and down a hundredfold, their signs turn, and one is so small that epsilon counts. */
const gradient = (name: Name, step: number): number[] => {
  const size = [1, 0.02, 3, 0.1][step % 4]! * (name === 'wide' ? 0.02 : 1);
  return Array.from({ length: sizes[name] }, (_, i) => Math.fround(name === 'b' && i === 0 ? 2e-8 : size * (uniformOf(9, step, names.indexOf(name), i) - 0.4)));
};

/** AdamW with decoupled decay and clipping by the global norm, written down number by number (arXiv:1711.05101, algorithm 2). */
const plainAdamW = (clipNorm: number): { weights: Record<Name, number[]>; norms: number[] } => {
  const { beta1, beta2, epsilon } = defaultAdamW;
  const weights = { a: first('a'), b: first('b'), wide: first('wide') };
  const zeros = () => Object.fromEntries(names.map((name) => [name, new Array<number>(sizes[name]).fill(0)])) as Record<Name, number[]>;
  const [m, v] = [zeros(), zeros()];
  const norms: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const slopes = Object.fromEntries(names.map((name) => [name, gradient(name, step - 1)])) as Record<Name, number[]>;
    let squares = 0;
    for (const name of names) for (const value of slopes[name]) squares += value * value;
    const norm = Math.sqrt(squares);
    norms.push(norm);
    const warm = Math.min(1, step / 3); // a quarter of the steps
    for (const name of names)
      for (const [i, slope] of slopes[name].entries()) {
        const g = norm > clipNorm ? (slope * clipNorm) / norm : slope;
        m[name][i] = beta1 * m[name][i]! + (1 - beta1) * g;
        v[name][i] = beta2 * v[name][i]! + (1 - beta2) * g * g;
        const [mean, spread] = [m[name][i]! / (1 - beta1 ** step), v[name][i]! / (1 - beta2 ** step)];
        const rate = rates[name].learningRate * warm;
        weights[name][i] = weights[name][i]! - rate * (mean / (Math.sqrt(spread) + epsilon) + rates[name].weightDecay * weights[name][i]!);
      }
  }
  return { weights, norms };
};

const tensor = (name: Name, data: readonly number[]): TensorData => ({ dtype: 'float32', shape: shapes[name], data: Float32Array.from(data) });

/** The same by `train`: the loss is Σ weight · slope, so that a step's gradients are the slopes it is fed. */
const trained = async (clipNorm: number, micro: number): Promise<{ weights: Record<Name, number[]>; norms: number[] }> => {
  await using engine = await openEngine({ threads: 1 });
  const parameters = Object.fromEntries(names.map((name) => [name, parameter(name, shapes[name])])) as Record<Name, Node>;
  const parts = names.map((name) =>
    sum(
      mul(parameters[name], input(`slope.${name}`, shapes[name])),
      shapes[name].map((_, i) => i),
    ),
  );
  await train({
    engine,
    folder,
    name: 'slopes',
    objective: { loss: parts.reduce((x, y) => add(x, y)), metrics: {} },
    groups: names.map((name) => ({ name, parameters: [parameters[name]], ...rates[name] })),
    adamw: { ...defaultAdamW, clipNorm },
    schedule: { kind: 'constant', warmup: 0.25 },
    frozen: new Map(),
    initial: async () => Object.fromEntries(names.map((name) => [nameOf(parameters[name]), tensor(name, first(name))])),
    epochs: 1,
    seed: 0,
    batches: () => Array.from({ length: steps }, (_, step) => [step]),
    feeds: ([step]) =>
      Array.from({ length: micro }, () =>
        Object.fromEntries(
          names.map((name) => [
            `slope.${name}`,
            tensor(
              name,
              gradient(name, step!).map((g) => g / micro),
            ),
          ]),
        ),
      ),
    accumulate: micro > 1,
  });
  const { tensors } = (await readCheckpoint(join(folder, 'checkpoints')))!;
  const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return {
    weights: Object.fromEntries(names.map((name) => [name, Array.from(tensors[name]!.data as Float32Array)])) as Record<Name, number[]>,
    norms: lines.map((line) => (JSON.parse(line) as { gradientNorm: number }).gradientNorm),
  };
};

const largest = (a: Record<Name, number[]>, b: Record<Name, number[]>): number => {
  let most = 0;
  for (const name of names) for (const [i, value] of a[name].entries()) most = Math.max(most, Math.abs(value - b[name][i]!));
  return most;
};

const [some, none] = [0.8, 1e9];

describe('several steps of AdamW with gradients that change', () => {
  it.each([
    ['some of them clipped', some, 1],
    ['none clipped', none, 1],
    ['some clipped after they were added up over micro-batches', some, 2],
  ])('%s: the weights of plain numbers', async (_, clipNorm, micro) => {
    const [ours, plain] = [await trained(clipNorm, micro), plainAdamW(clipNorm)];
    expect(largest(ours.weights, plain.weights)).toBeLessThan(2e-6);
    // Norms are those before clipping.
    for (const [i, norm] of plain.norms.entries()) expect(Math.abs(ours.norms[i]! / norm - 1)).toBeLessThan(1e-5);
  });

  it('is a test that sees clipping: it takes hold in some steps and not in others, and moves the weights elsewhere', () => {
    const [clipped, free] = [plainAdamW(some), plainAdamW(none)];
    const above = clipped.norms.filter((norm) => norm > some).length;
    expect(above).toBeGreaterThan(2);
    expect(above).toBeLessThan(steps - 2);
    expect(largest(clipped.weights, free.weights)).toBeGreaterThan(1e-2);
  });
});
