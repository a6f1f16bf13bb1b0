import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, evaluate, inOrder, input, isParameter, type Node, nameOf, tensor } from '../core/index.ts';
import { attention, embedding, norm, paddingBias } from '../nn/index.ts';
import { type Binding, openEngine, tensorOf } from '../runtime/index.ts';
import { batchesOf } from './encoder.ts';
import { cosine, type EncoderModel, meanPool, normalise, openEncoder } from './index.ts';

const model = (): EncoderModel & { values: Map<string, ReturnType<typeof tensorOf>> } => {
  const ids = input('ids', ['batch', 'seq'], 'int64');
  const mask = input('mask', ['batch', 'seq'], 'bool');
  const embedded = embedding('table', ids, { rows: 20, width: 32 });
  const hidden = norm('norm', add(embedded, attention('attn', embedded, { heads: 4, bias: paddingBias(mask) })), { epsilon: 1e-6 });
  const values = new Map(
    inOrder([hidden])
      .filter(isParameter)
      .map((node, i) => [
        nameOf(node),
        tensorOf(
          'float32',
          node.shape as number[],
          Float32Array.from({ length: (node.shape as number[]).reduce((a, b) => a * b, 1) }, (_, j) => Math.sin(i * 7.1 + j * 1.7)),
        ),
      ]),
  );
  return {
    ids,
    mask,
    hidden,
    values,
    maxTokens: 40,
    bindings: new Map([...values].map(([name, value]): [string, Binding] => [name, { kind: 'constant', value }])),
  };
};
const sequence = fc.array(fc.integer({ min: 0, max: 19 }), { minLength: 1, maxLength: 40 });

describe('openEncoder', () => {
  it('gives a sequence the same bits alone, beside others and in any order', async () => {
    await using engine = await openEngine({ threads: 2 });
    for (const pooling of ['mean', 'first'] as const) {
      await using encoder = await openEncoder(engine, model(), { batchTokens: 100, pooling });
      await fc.assert(
        fc.asyncProperty(fc.array(sequence, { minLength: 1, maxLength: 8 }), async (sequences) => {
          const together = await encoder.encode(sequences);
          for (const [i, own] of sequences.entries()) expect((await encoder.encode([own]))[0]).toEqual(together[i]);
          expect(await encoder.encode([...sequences].reverse())).toEqual([...together].reverse());
        }),
        { numRuns: 30 },
      );
    }
  });

  it('is the mean of the states of the tokens that exist', async () => {
    const { values, ...rest } = model();
    await using engine = await openEngine({ threads: 1 });
    await using encoder = await openEncoder(engine, rest);
    const [vector] = await encoder.encode([[3, 1, 4, 1, 5]]);
    const given = new Map([...values].map(([name, { shape, data }]) => [name, tensor(shape, data as Float32Array)]));
    given.set('ids', tensor([1, 7], [3, 1, 4, 1, 5, 9, 9])).set('mask', tensor([1, 7], [1, 1, 1, 1, 1, 0, 0]));
    const [states, pooled] = evaluate([rest.hidden, meanPool(rest.hidden, rest.mask)] as Node[], given);
    for (let j = 0; j < 32; j++) {
      const mean = [0, 1, 2, 3, 4].reduce((total, t) => total + states!.data[t * 32 + j]! / 5, 0);
      expect(pooled!.data[j]).toBeCloseTo(mean, 12);
      expect(vector![j]).toBeCloseTo(mean, 5);
    }
  });

  it('refuses a sequence that is empty or too long, naming it', async () => {
    await using engine = await openEngine({ threads: 1 });
    await using encoder = await openEncoder(engine, model());
    await expect(encoder.encode([[1], []])).rejects.toThrow(/1 to 40 ids in sequence 1, got 0/);
    await expect(encoder.encode([new Array(41).fill(1)])).rejects.toThrow(/sequence 0, got 41/);
    expect(await encoder.encode([])).toEqual([]);
  });
});

describe('batchesOf', () => {
  it('takes each sequence once, longest first, and stays within the padded ids asked for', () => {
    fc.assert(
      fc.property(fc.array(sequence), fc.integer({ min: 1, max: 200 }), (sequences, tokens) => {
        const batches = batchesOf(sequences, tokens);
        expect(batches.flat().sort((a, b) => a - b)).toEqual(sequences.map((_, i) => i));
        const lengths = batches.flat().map((i) => sequences[i]!.length);
        expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
        for (const batch of batches) expect(batch.length === 1 || batch.length * sequences[batch[0]!]!.length <= tokens).toBe(true);
      }),
    );
  });
});

describe('vectors', () => {
  it('have length 1 once normalised, and cosines of the angles between', () => {
    expect([...normalise(Float32Array.of(3, 4))]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
    expect([...normalise(Float32Array.of(0, 0))]).toEqual([0, 0]);
    expect(cosine(Float32Array.of(1, 0), Float32Array.of(1, 1))).toBeCloseTo(Math.SQRT1_2, 12);
    expect(cosine(Float32Array.of(0, 0), Float32Array.of(1, 1))).toBe(0);
    expect(() => cosine(Float32Array.of(1), Float32Array.of(1, 1))).toThrow(/one width/);
  });
});
