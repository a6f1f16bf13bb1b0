import { afterAll, describe, expect, it } from 'vitest';
import { add, cast, constant, gradients, input, iota, matmul, mul, type Node, parameter, reshape, softmax, sum, tanh, transpose } from '../core/index.ts';
import { CancelledError, type Engine, EngineError, numbersOf, openEngine, tensorOf } from './index.ts';

const ramp = (shape: readonly number[], scale = 0.1) =>
  tensorOf(
    'float32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i) * scale),
  );

// y = softmax(tanh(x Wᵀ)) with positions added, summed over the merged axis batch·seq: symbolic lengths, products of them, an iota
const model = (): { y: Node; loss: Node; w: Node } => {
  const x = input('x', ['batch', 'seq', 4]);
  const w = parameter('w', [3, 4]);
  const h = add(tanh(matmul(x, w, { transposeB: true })), reshape(cast(iota('seq'), 'float32'), ['seq', 1]));
  const y = softmax(transpose(reshape(h, ['batch*seq', 3]), [1, 0]));
  return { y, loss: sum(mul(y, y), [0, 1]), w };
};

// Long enough to be caught in the act: products that cannot be left out. The factor keeps their size: numbers near the smallest are slow by themselves.
const slow = (steps: number): Node => {
  let x: Node = input('x', [1024, 1024]);
  const first = x;
  for (let i = 0; i < steps; i++) x = mul(matmul(x, first), constant(1 / 51.2));
  return x;
};

describe.each([false, true])('engine, process: %s', (process) => {
  const opened: Engine[] = [];
  const open = async (options = {}): Promise<Engine> => {
    const engine = await openEngine({ process, threads: 1, ...options });
    opened.push(engine);
    return engine;
  };
  afterAll(async () => {
    for (const engine of opened) await engine[Symbol.asyncDispose]();
  });

  it('runs one compiled program at several lengths, weights trainable or constant alike', async () => {
    const engine = await open();
    const { y, loss, w } = model();
    const weight = ramp([3, 4]);
    const program = { name: 'model', outputs: { y, loss, dw: gradients(loss, [w])[0]! } };
    await using trainable = await engine.compile(program, new Map([['w', { kind: 'trainable' }]]));
    await using constant = await engine.compile(program, new Map([['w', { kind: 'constant', value: weight }]]));
    for (const [batch, seq] of [
      [1, 1],
      [2, 5],
      [3, 2],
    ] as const) {
      const x = ramp([batch, seq, 4], 1);
      const a = await trainable.run({ x, w: weight });
      const b = await constant.run({ x });
      expect(a).toEqual(b);
      expect(a.y!.shape).toEqual([3, batch * seq]);
      expect(a.dw!.shape).toEqual([3, 4]);
      expect(numbersOf(a.y!).reduce((s, v) => s + v, 0)).toBeCloseTo(3, 5);
    }
    expect(trainable.stats.nodes).toBeGreaterThan(10);
  });

  it('keeps tensors between calls and hands them back', async () => {
    const engine = await open();
    const next = add(input('state', ['n']), 1);
    await using step = await engine.compile({ name: 'step', outputs: { next, doubled: mul(next, 2) } }, new Map());
    await engine.put({ counter: tensorOf('float32', [2], [1, 5]) });
    for (let i = 0; i < 3; i++) expect(Object.keys(await step.run({}, { resident: { state: 'counter' }, keep: { next: 'counter' } }))).toEqual(['doubled']);
    expect((await engine.get(['counter'])).counter).toEqual(tensorOf('float32', [2], [4, 8]));
    await engine.drop(['counter']);
    await expect(engine.get(['counter'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(step.run({}, { resident: { state: 'counter' } })).rejects.toThrow(/expected a resident tensor counter/);
  });

  it('writes into arrays of its own by turns, never into one it was given or handed out', async () => {
    const engine = await open();
    const next = add(input('state', [2]), 1);
    await using step = await engine.compile({ name: 'step', outputs: { next, doubled: mul(next, 2) } }, new Map(), { arena: true });
    const given = tensorOf('float32', [2], [1, 5]);
    const go = async () => (await step.run({}, { resident: { state: 'counter' }, keep: { next: 'counter' } })).doubled;
    await engine.put({ counter: given });
    const doubled = [await go(), await go(), await go()];
    const { counter } = await engine.get(['counter']);
    for (let i = 0; i < 3; i++) doubled.push(await go());
    expect(doubled).toEqual([2, 3, 4, 5, 6, 7].map((n) => tensorOf('float32', [2], [2 * n, 2 * n + 8])));
    expect(given).toEqual(tensorOf('float32', [2], [1, 5]));
    expect(counter).toEqual(tensorOf('float32', [2], [4, 8]));
    expect((await engine.get(['counter'])).counter).toEqual(tensorOf('float32', [2], [7, 11]));
  });

  it('says what does not fit, and works on afterwards', async () => {
    const engine = await open();
    const { y } = model();
    await expect(engine.compile({ name: 'model', outputs: { y } }, new Map())).rejects.toThrow(/expected a binding for parameter w float32 \[3, 4\]/);
    await using model_ = await engine.compile({ name: 'model', outputs: { y } }, new Map([['w', { kind: 'trainable' }]]));
    const x = ramp([1, 2, 4]);
    const w = ramp([3, 4]);
    await expect(model_.run({ x })).rejects.toThrow('run model: input w: expected float32 [3, 4], got nothing');
    await expect(model_.run({ x, w: ramp([4, 4]) })).rejects.toMatchObject({ code: 'SHAPE' });
    await expect(model_.run({ x, w, z: w })).rejects.toThrow('expected one of the inputs x, w, got z');
    await expect(model_.run({ x: tensorOf('int64', [1, 2, 4], new Array(8).fill(0)), w })).rejects.toThrow(
      'expected float32 [batch, seq, 4], got int64 [1, 2, 4]',
    );
    expect((await model_.run({ x, w })).y!.shape).toEqual([3, 2]);
  });

  it('rejects what waits when cancelled, typed; a quiet engine lives on', async () => {
    const engine = await open();
    await using work = await engine.compile({ name: 'slow', outputs: { y: slow(2) } }, new Map());
    const x = ramp([1024, 1024]);
    const runs = Array.from({ length: 12 }, () => work.run({ x }).catch((error: unknown) => error));
    await engine.cancel();
    const results = await Promise.all(runs);
    expect(results.some((result) => result instanceof CancelledError)).toBe(true);
    expect(results.every((result) => result instanceof CancelledError || (typeof result === 'object' && result !== null && 'y' in result))).toBe(true);
    expect((await work.run({ x })).y!.shape).toEqual([1024, 1024]);
  });

  it('refuses work once closed', async () => {
    const engine = await open();
    await using work = await engine.compile({ name: 'next', outputs: { y: add(input('x', [1]), 1) } }, new Map());
    await engine[Symbol.asyncDispose]();
    await expect(work.run({ x: ramp([1]) })).rejects.toThrow();
    await expect(engine.put({})).rejects.toBeInstanceOf(EngineError);
  });
});

describe('engine process', () => {
  it('leaves the caller its event loop', async () => {
    await using engine = await openEngine({ process: true, threads: 1 });
    await using work = await engine.compile({ name: 'slow', outputs: { y: sum(slow(6), [0, 1]) } }, new Map());
    const run = work.run({ x: ramp([1024, 1024]) }).then(() => 'run');
    let ticks = 0;
    for (let last = ''; last !== 'run'; ticks++) last = await Promise.race([run, new Promise<string>((resolve) => setTimeout(resolve, 1, 'timer'))]);
    expect(ticks).toBeGreaterThan(2); // a blocked loop has no turn before the run is over
  });

  it('kills a run that does not end within 1.5 s of a cancel, and says so to all that wait', async () => {
    await using engine = await openEngine({ process: true, threads: 1 });
    await using work = await engine.compile({ name: 'endless', outputs: { y: slow(2000) } }, new Map());
    const x = ramp([1024, 1024]);
    const runs = [work.run({ x }), work.run({ x })].map((run) => run.catch((error: unknown) => error));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await engine.cancel(); // 2000 products would take minutes
    for (const result of await Promise.all(runs)) expect(result).toBeInstanceOf(CancelledError);
    await expect(work.run({ x })).rejects.toBeInstanceOf(CancelledError);
  });

  it('cancels when its signal is aborted', async () => {
    const abort = new AbortController();
    await using engine = await openEngine({ process: true, threads: 1, signal: abort.signal });
    await using work = await engine.compile({ name: 'endless', outputs: { y: slow(2000) } }, new Map());
    const run = work.run({ x: ramp([1024, 1024]) });
    setTimeout(() => abort.abort(), 200);
    await expect(run).rejects.toBeInstanceOf(CancelledError);
    await new Promise((resolve) => setTimeout(resolve));
    // What asks after its end was cancelled too: that it asks so late is no fault of its own.
    await expect(engine.get(['x'])).rejects.toBeInstanceOf(CancelledError);
  });

  it('tells when the engine process is killed from outside', async () => {
    await using engine = await openEngine({ process: true, threads: 1 });
    await using work = await engine.compile({ name: 'endless', outputs: { y: slow(2000) } }, new Map());
    const run = work.run({ x: ramp([1024, 1024]) });
    setTimeout(() => process.kill(engine.info.pid!, 'SIGKILL'), 200);
    await expect(run).rejects.toThrow(/was ended by SIGKILL/);
  });
});
