// A run small enough for tests: two layers with dropout that learn made-up numbers.
import { inOrder, input, isParameter, matmul, mean, mul, type Node, nameOf, parameter, relu, square, sub } from '../../core/index.ts';
import { drop } from '../../nn/index.ts';
import type { Engine, TensorData } from '../../runtime/index.ts';
import { defaultAdamW } from '../adamw.ts';
import { epochBatches } from '../epoch.ts';
import { uniformOf } from '../hash.ts';
import type { TrainOptions } from '../train.ts';

const [inner, hidden, examples] = [4, 6, 14];

/** Mean squared error of a batch, times its share of the step. */
const objective = (rate: number): { loss: Node; metrics: Record<string, Node> } => {
  const key = input('key', [1], 'uint32');
  const x = input('x', ['batch', inner]);
  const up = drop('up', relu(matmul(x, parameter('up', [hidden, inner]), { transposeB: true })), { rate, key });
  const error = mean(square(sub(matmul(up, parameter('down', [1, hidden]), { transposeB: true }), input('y', ['batch', 1]))), [0, 1]);
  const loss = mul(error, input('share', []));
  return { loss, metrics: { error: loss } };
};

const tensor = (shape: readonly number[], data: readonly number[]): TensorData => ({ dtype: 'float32', shape, data: Float32Array.from(data) });

const batchOf = (rows: readonly number[], share: number): Record<string, TensorData> => ({
  x: tensor(
    [rows.length, inner],
    rows.flatMap((row) => Array.from({ length: inner }, (_, i) => uniformOf(1, row, i) - 0.5)),
  ),
  y: tensor(
    [rows.length, 1],
    rows.map((row) => 2 * uniformOf(1, row, 0) - uniformOf(1, row, 1)),
  ),
  share: tensor([], [share]),
});

/** @param micro  micro-batches a step */
export const tinyRun = (
  engine: Engine,
  folder: string,
  { rate = 0.3, micro = 1, epochs = 4 }: { rate?: number; micro?: number; epochs?: number } = {},
): TrainOptions => {
  const goal = objective(rate);
  const parameters = inOrder([goal.loss]).filter(isParameter);
  const [up, down] = ['up', 'down'].map((name) => parameters.find((node) => nameOf(node) === name)!) as [Node, Node];
  const start = (shape: number[], seed: number) =>
    tensor(
      shape,
      Array.from({ length: shape[0]! * shape[1]! }, (_, i) => uniformOf(seed, i) - 0.5),
    );
  return {
    engine,
    folder,
    name: 'tiny',
    objective: goal,
    groups: [
      { name: 'up', parameters: [up], learningRate: 0.02, weightDecay: 0.1 },
      { name: 'down', parameters: [down], learningRate: 0.01, weightDecay: 0 },
    ],
    adamw: { ...defaultAdamW, clipNorm: 0.5 },
    schedule: { kind: 'linear', warmup: 0.2 },
    frozen: new Map(),
    initial: async () => ({ up: start([hidden, inner], 5), down: start([1, hidden], 6) }),
    epochs,
    seed: 3,
    batches: (epoch) => epochBatches(new Array<number>(examples).fill(1), { seed: 3, epoch, batch: 4 }),
    feeds: (batch) => {
      const size = Math.ceil(batch.length / micro);
      const parts = Array.from({ length: Math.ceil(batch.length / size) }, (_, i) => batch.slice(i * size, (i + 1) * size));
      return parts.map((part) => batchOf(part, part.length / batch.length));
    },
    accumulate: micro > 1,
    average: { decay: 0.9, everySteps: 2 },
    evaluation: {
      after: (epoch) => epoch % 2 === 0,
      judge: async (residentOf) => {
        const held = await engine.get([residentOf('down')]);
        const norm = held[residentOf('down')]!.data as Float32Array;
        return { score: -Math.abs(norm[0]!), metrics: { first: norm[0]! } };
      },
    },
    checkpoints: { everySteps: 3 },
  };
};
