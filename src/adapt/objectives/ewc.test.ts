import { describe, expect, it } from 'vitest';
import { evaluate, gradients, input, matmul, mean, mul, nameOf, parameter, square, sub, sum, type Tensor, tensor } from '../../core/index.ts';
import { openEngine, type TensorData, tensorOf } from '../../runtime/index.ts';
import { ewcPenalty, l2SpPenalty, partInput, pullBindings } from './ewc.ts';
import { fisherDiagonal } from './fisher-diagonal.ts';

const noise = (count: number, seed: number): number[] => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + seed)));
const [w, b] = [parameter('w', [2, 3]), parameter('b', [2])];
const [now, start] = [noise(8, 1), noise(8, 2)];
const importance = noise(8, 3).map(Math.abs);
const given: ReadonlyMap<string, Tensor> = new Map(
  [['', now] as const, ['anchor:', start] as const, ['fisher:', importance] as const].flatMap(([prefix, values]): [string, Tensor][] => [
    [`${prefix}w`, tensor([2, 3], values.slice(0, 6))],
    [`${prefix}b`, tensor([2], values.slice(6))],
  ]),
);

describe('ewcPenalty', () => {
  it('is ½ λ Σ F (θ − θ*)², with gradient λ F (θ − θ*), and nothing where nothing has changed', () => {
    const penalty = ewcPenalty([w, b], { strength: 3 });
    const [value, ...slopes] = evaluate([penalty, ...gradients(penalty, [w, b])], given);
    expect(value!.data[0]).toBeCloseTo(1.5 * now.reduce((total, v, i) => total + importance[i]! * (v - start[i]!) ** 2, 0), 12);
    const expected = now.map((v, i) => 3 * importance[i]! * (v - start[i]!));
    slopes
      .flatMap(({ data }) => [...data])
      .forEach((slope, i) => {
        expect(slope).toBeCloseTo(expected[i]!, 12);
      });
    const unmoved = new Map([...given, ['w', given.get('anchor:w')!], ['b', given.get('anchor:b')!]] as [string, Tensor][]);
    expect(evaluate([penalty], unmoved)[0]!.data[0]).toBe(0);
  });

  it('is L2-SP where all matter alike, and adds up over the parts of a step', () => {
    const even = new Map([...given, ['fisher:w', tensor([2, 3], Array(6).fill(1))], ['fisher:b', tensor([2], [1, 1])]] as [string, Tensor][]);
    const whole = evaluate([ewcPenalty([w, b], { strength: 2 })], even)[0]!.data[0]!;
    const own = l2SpPenalty([w, b], { strength: 2, share: partInput() });
    const parts = [0.25, 0.75].map((share) => evaluate([own], new Map([...given, ['micro', tensor([], [share])]]))[0]!.data[0]!);
    expect(parts[0]! + parts[1]!).toBeCloseTo(whole, 12);
    expect(parts[0]! / whole).toBeCloseTo(0.25, 12);
  });

  it('refuses what is no penalty, and values of another model', () => {
    expect(() => ewcPenalty([w], { strength: 0 })).toThrow(/expected a strength above 0/);
    expect(() => l2SpPenalty([], { strength: 1 })).toThrow(/expected parameters to hold/);
    expect(() => pullBindings([w], new Map([['w', new Float32Array(5)]]))).toThrow(/expected 6 values of the start for w, got 5/);
    expect(() => pullBindings([w], new Map([['w', new Float32Array(6)]]), new Map())).toThrow(/Fisher information for w, got none/);
  });
});

describe('fisherDiagonal', () => {
  // A linear model under unit noise: its empirical Fisher information is the mean of (residual · x)².
  const [x, y] = [input('x', ['cells', 3]), input('y', ['cells', 2])];
  const residual = sub(y, matmul(x, w, { transposeB: true }));
  const loss = mul(sum(square(residual), [0, 1]), 0.5);
  const samples = Array.from({ length: 5 }, (_, i) => ({ x: noise(3, 10 + i), y: noise(2, 20 + i) }));
  const feeds = samples.map((sample) => ({ x: tensorOf('float32', [1, 3], sample.x), y: tensorOf('float32', [1, 2], sample.y) }));
  const values: Record<string, TensorData> = { w: tensorOf('float32', [2, 3], now.slice(0, 6)) };
  const common = { name: 'tiny', loss, parameters: [w], values, frozen: new Map() };

  it('is the mean of the squares of the samples’ gradients, and leaves nothing behind', async () => {
    await using engine = await openEngine({ threads: 1 });
    const found = await fisherDiagonal({ ...common, engine, samples: feeds });
    const expected = Array<number>(6).fill(0);
    for (const sample of samples) {
      const point = new Map([...given, ['x', tensor([1, 3], sample.x)], ['y', tensor([1, 2], sample.y)]] as [string, Tensor][]);
      evaluate(gradients(loss, [w]), point)[0]!.data.forEach((slope, i) => {
        expected[i]! += slope ** 2 / samples.length;
      });
    }
    expect([...found.get('w')!]).toEqual(expected.map((number) => expect.closeTo(number, 5)));
    await expect(engine.get(['fisher:w'])).rejects.toThrow();
  });

  it('is not the square of the mean gradient: two samples that pull apart count twice, not nothing', async () => {
    await using engine = await openEngine({ threads: 1 });
    const zero = { w: tensorOf('float32', [2, 3], new Float32Array(6)) };
    const pair = [1, -1].map((side) => ({ x: tensorOf('float32', [1, 3], [1, 0, 0]), y: tensorOf('float32', [1, 2], [side, 2 * side]) }));
    const found = await fisherDiagonal({ ...common, values: zero, engine, samples: pair });
    expect([...found.get('w')!]).toEqual([1, 0, 0, 4, 0, 0]);
  });

  it('binds what the penalty reads: a step from it pulls back by λ F per unit', async () => {
    await using engine = await openEngine({ threads: 1 });
    const fisher = await fisherDiagonal({ ...common, engine, samples: feeds });
    const anchors = new Map([['w', Float32Array.from(start.slice(0, 6))]]);
    const penalty = ewcPenalty([w], { strength: 2 });
    const bindings = pullBindings([w], anchors, fisher);
    await using program = await engine.compile(
      { name: 'pull', outputs: { slope: gradients(penalty, [w])[0]! } },
      new Map([...bindings, ['w', { kind: 'trainable' }]]),
    );
    const { slope } = await program.run(values);
    const expected = [...fisher.get('w')!].map((f, i) => 2 * f * (now[i]! - start[i]!));
    expect([...(slope!.data as Float32Array)]).toEqual(expected.map((number) => expect.closeTo(number, 5)));
  });

  it('refuses no samples, and samples whose gradient is no number', async () => {
    await using engine = await openEngine({ threads: 1 });
    await expect(fisherDiagonal({ ...common, engine, samples: [] })).rejects.toThrow(/expected at least one sample/);
    const broken = { ...feeds[0]!, y: tensorOf('float32', [1, 2], [Number.NaN, 0]) };
    await expect(fisherDiagonal({ ...common, engine, samples: [broken] })).rejects.toThrow(/expected finite Fisher information of w/);
  });

  it('of parameters that the loss does not read is nothing', async () => {
    await using engine = await openEngine({ threads: 1 });
    const found = await fisherDiagonal({ ...common, parameters: [w, b], loss: mean(square(residual), [0, 1]), engine, samples: feeds });
    expect([...found.get(nameOf(b))!]).toEqual([0, 0]);
  });
});
