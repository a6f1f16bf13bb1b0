import { describe, expect, it } from 'vitest';
import { evaluate, gradients, type Tensor } from '../core/index.ts';
import { type Binding, numbersOf, openEngine, type TensorData, tensorOf } from './index.ts';
import { descent, initial, transformer } from './testing/transformer.ts';

const size = { layers: 2, hidden: 16, heads: 2, vocab: 11 };
const lengths = [
  [1, 2],
  [2, 5],
  [3, 3],
] as const;

const batchOf = (batch: number, seq: number): Map<string, Tensor> =>
  new Map([
    ['ids', { shape: [batch, seq], data: Float64Array.from({ length: batch * seq }, (_, i) => (i * 5 + 3) % 11) }],
    ['mask', { shape: [batch, seq], data: Float64Array.from({ length: batch * seq }, (_, i) => (i % seq < Math.max(2, seq - Math.floor(i / seq)) ? 1 : 0)) }],
  ]);
const feed = (values: Map<string, Tensor>): Record<string, TensorData> =>
  Object.fromEntries(
    [...values].map(([name, { shape, data }]) => [name, tensorOf(name === 'ids' ? 'int64' : name === 'mask' ? 'bool' : 'float32', shape, data)]),
  );
const distance = (a: TensorData, b: Tensor): number => numbersOf(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b.data[i]!)), 0);

describe('a composed model', () => {
  it.each([false, true])('compiled = interpreted at several lengths, forward and training step (recompute: %s)', async (recompute) => {
    await using engine = await openEngine({ threads: 2 });
    const { hidden, loss, parameters } = transformer({ ...size, recompute });
    const outputs = { hidden, loss, ...descent(parameters, gradients(loss, parameters), 0.1) };
    await using step = await engine.compile(
      { name: 'step', outputs },
      new Map(parameters.map((node) => [(node.attrs as { name: string }).name, { kind: 'trainable' }])),
    );
    for (const [batch, seq] of lengths) {
      const values = new Map([...batchOf(batch, seq), ...initial(parameters)]);
      const expected = evaluate(Object.values(outputs), values);
      const got = await step.run(feed(values));
      Object.keys(outputs).forEach((name, i) => {
        expect.soft(distance(got[name]!, expected[i]!), `${name} at ${batch} × ${seq}`).toBeLessThan(1e-4);
      });
    }
  });

  it('gives the same bits with and without recomputation', async () => {
    await using engine = await openEngine({ threads: 2 });
    const results = [];
    for (const recompute of [false, true]) {
      const { loss, parameters } = transformer({ ...size, recompute });
      const outputs = { loss, ...descent(parameters, gradients(loss, parameters), 0.1) };
      await using step = await engine.compile(
        { name: 'step', outputs },
        new Map(parameters.map((node) => [(node.attrs as { name: string }).name, { kind: 'trainable' }])),
      );
      results.push(await step.run(feed(new Map([...batchOf(2, 5), ...initial(parameters)]))));
    }
    expect(results[1]).toEqual(results[0]);
  });

  it.each([true, false])('a document alone = the same beside others, bit for bit (packed weights: %s)', async (prepack) => {
    // unpacked, a product of one row takes another kernel; see CompileOptions.prepack
    const wide = { layers: 2, hidden: 192, heads: 6, vocab: 50 };
    const { hidden, parameters } = transformer(wide);
    const bindings = new Map<string, Binding>(
      [...initial(parameters)].map(([name, { shape, data }]) => [name, { kind: 'constant', value: tensorOf('float32', shape, data) }]),
    );
    await using engine = await openEngine({ threads: 2 });
    await using encode = await engine.compile({ name: 'encode', outputs: { hidden } }, bindings, { prepack });
    const documents = [3, 17, 40, 8, prepack ? 1 : 2].map((length, d) => Array.from({ length }, (_, i) => (d * 13 + i * 7) % 50));
    const padded = async (rows: readonly (readonly number[])[], seq: number) => {
      const ids = rows.flatMap((row) => [...row, ...new Array<number>(seq - row.length).fill(0)]);
      const mask = rows.flatMap((row) => Array.from({ length: seq }, (_, i) => Number(i < row.length)));
      const { hidden: out } = await encode.run({ ids: tensorOf('int64', [rows.length, seq], ids), mask: tensorOf('bool', [rows.length, seq], mask) });
      return rows.map((row, r) => (out!.data as Float32Array).slice(r * seq * 192, (r * seq + row.length) * 192));
    };
    const together = await padded(documents, 41);
    for (const [d, document] of documents.entries()) {
      const [alone] = await padded([document], document.length);
      expect(alone, `document ${d}`).toEqual(together[d]);
    }
  });
});

describe('sessions', () => {
  it('are shared by equal programs, and at most two hold the same weights', async () => {
    await using engine = await openEngine({ threads: 1 });
    const { hidden, parameters } = transformer({ layers: 1, hidden: 64, heads: 2, vocab: 512 });
    const weights = new Map<string, Binding>(
      [...initial(parameters)].map(([name, { shape, data }]) => [name, { kind: 'constant', value: tensorOf('float32', shape, data) }]),
    );
    const compile = (name: string, options = {}) => engine.compile({ name, outputs: { hidden } }, weights, options);
    await using a = await compile('a');
    await using again = await compile('a');
    expect(engine.sessions().map(({ name }) => name)).toEqual(['a']);
    await using _b = await compile('b');
    await using _c = await compile('c');
    expect(engine.sessions().map(({ name }) => name)).toEqual(['b', 'c']);
    const input = feed(batchOf(2, 3));
    const first = await a.run(input); // comes back by itself
    expect(engine.sessions().map(({ name }) => name)).toEqual(['c', 'a']);
    expect(await again.run(input)).toEqual(first);
    expect(a.stats.created).toBe(2);
    // Those that are to stay do, as long as they are used.
    const staying = await Promise.all(['d', 'e', 'f'].map((name) => compile(name, { stays: true })));
    for (const one of [...staying, ...staying]) await one.run(input);
    expect(staying.map(({ stats }) => stats.created)).toEqual([1, 1, 1]);
    for (const one of staying) await one[Symbol.asyncDispose]();
    await using _g = await compile('g');
    expect(engine.sessions()).toHaveLength(2);
  });

  it('are released, least recently used first, when they take more than the engine may hold', async () => {
    const { hidden, parameters } = transformer({ layers: 1, hidden: 64, heads: 2, vocab: 512 });
    const names = ['a', 'b', 'c'];
    await using engine = await openEngine({ threads: 1, cacheBytes: 2_000_000 });
    const executables = [];
    for (const [i, name] of names.entries()) {
      const weights = new Map<string, Binding>(
        [...initial(parameters)].map(([key, { shape, data }]) => [
          key,
          {
            kind: 'constant',
            value: tensorOf(
              'float32',
              shape,
              data.map((v) => v + i),
            ),
          },
        ]),
      );
      executables.push(await engine.compile({ name, outputs: { hidden } }, weights));
    }
    const live = engine.sessions();
    expect(live.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(2_000_000);
    expect(live.length).toBeLessThan(3);
    expect(live.at(-1)?.name).toBe('c');
    const input = feed(batchOf(1, 2));
    for (const executable of executables) expect((await executable.run(input)).hidden!.shape).toEqual([1, 2, 64]);
  });
});
