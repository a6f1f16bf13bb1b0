// A loss, its gradient and the update are one graph; training is running it.
import { gradients, input, matmul, mul, parameter, print, sub, sum } from '../src/core/index.ts';
import { openEngine, tensorOf } from '../src/runtime/index.ts';

const x = input('x', ['batch', 2]);
const y = input('y', ['batch', 1]);
const weight = parameter('weight', [1, 2]); // linears keep [out, in]
const error = sub(matmul(x, weight, { transposeB: true }), y);
const loss = sum(mul(error, error), [0, 1]);
const [slope] = gradients(loss, [weight]);
const updated = sub(weight, mul(slope!, 0.05));

export const printed: string = print([loss]);

export async function fit(steps: number): Promise<{ weight: number[]; loss: number }> {
  await using engine = await openEngine({ threads: 1 });
  await using step = await engine.compile({ name: 'step', outputs: { loss, updated } }, new Map([['weight', { kind: 'trainable' }]]));
  const feeds = {
    x: tensorOf('float32', [4, 2], [1, 0, 0, 1, 1, 1, 2, 1]),
    y: tensorOf('float32', [4, 1], [3, -2, 1, 4]), // y = 3 x₀ − 2 x₁
  };
  await engine.put({ weight: tensorOf('float32', [1, 2], [0, 0]) });
  let last = Number.NaN;
  for (let i = 0; i < steps; i++) {
    const { loss: value } = await step.run(feeds, { resident: { weight: 'weight' }, keep: { updated: 'weight' } });
    last = Number(value!.data[0]);
  }
  const { weight: found } = await engine.get(['weight']);
  return { weight: [...found!.data].map(Number), loss: last };
}
