import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Binding, type Engine, openEngine, tensorOf } from '../../runtime/index.ts';
import { inspectedProgram, openBlockwise } from '../blockwise.ts';
import { families, openPartsFixture } from '../testing/open-parts-fixture.ts';
import { headScores, patternScores } from './head-scores.ts';
import { type HeadedModel, openParts, type Parts } from './parts.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());

describe('patternScores', () => {
  const [skipped, length] = [1, 5];
  const seq = skipped + 2 * length;
  /** A head that attends to one key alone. */
  const planted = (key: (query: number) => number): number[] =>
    Array.from({ length: seq * seq }, (_, i) => Number(i % seq === Math.max(0, key(Math.floor(i / seq)))));
  it('are 1 where a head is planted, and 0 for the others', () => {
    const pattern = Float32Array.from([...planted((query) => query - 1), ...planted((query) => query - length), ...planted((query) => query - length + 1)]);
    expect(patternScores(pattern, skipped, length)).toEqual([
      { previous: 1, duplicate: 0, induction: 0 },
      { previous: 0, duplicate: 1, induction: 0 },
      { previous: 0, duplicate: 0, induction: 1 },
    ]);
  });
  it('are the shares of attention that is spread', () => {
    const even = Float32Array.from({ length: seq * seq }, (_, i) => (i % seq <= Math.floor(i / seq) ? 1 / (Math.floor(i / seq) + 1) : 0));
    const [{ previous, duplicate, induction }] = patternScores(even, skipped, length) as [ReturnType<typeof patternScores>[number]];
    expect(duplicate).toBeCloseTo(induction, 6);
    expect(previous).toBeCloseTo(Array.from({ length: seq - 2 }, (_, i) => 1 / (i + 3)).reduce((a, b) => a + b, 0) / (seq - 2), 6);
  });
});

describe('headScores', () => {
  /** A model of one block whose two heads write what they read, or its opposite: values and output are the identity over half of the axis each. */
  const openPlanted = async (): Promise<{ parts: Parts; close: () => Promise<void> }> => {
    await using fixture = await openPartsFixture(engine, 'gpt2');
    const { member } = fixture;
    const { hidden, heads, headDim, vocab } = fixture.parts.config;
    const weights = new Map(
      [...fixture.weights].map(([name, { shape, data }]) => [name, { shape: shape as readonly number[], data: Float64Array.from(data) }]),
    );
    const set = (name: string, value: (row: number, column: number) => number): void => {
      const { shape, data } = weights.get(name)!;
      for (const i of data.keys()) data[i] = value(Math.floor(i / shape.at(-1)!), i % shape.at(-1)!);
    };
    // The first tokens are told apart in the part of the axis that each head reads.
    set('embed.word.weight', (token, i) => Number(i % headDim === token));
    set('embed.position.weight', () => 0);
    set('blocks.0.norm1.weight', () => 1);
    set('blocks.0.norm1.bias', () => 0);
    set('blocks.0.attn.v.weight', (row, column) => Number(row === column));
    set('blocks.0.attn.v.bias', () => 0);
    set('blocks.0.attn.out.weight', (row, column) => (row !== column ? 0 : Math.floor(column / headDim) === 0 ? 1 : -1));
    set('final.weight', () => 1);
    expect([hidden, weights.get('embed.word.weight')!.shape]).toEqual([heads * headDim, [vocab, hidden]]);
    const model: HeadedModel = { name: 'planted', config: member.config, build: member.build };
    const bindings = new Map(
      [...weights].map(([name, { shape, data }]): [string, Binding] => [name, { kind: 'constant', value: tensorOf('float32', shape, data) }]),
    );
    const program = inspectedProgram(model);
    const blocks = openBlockwise(engine, model, program, bindings);
    const parts = await openParts(engine, model, program, bindings, blocks);
    return {
      parts,
      close: async () => {
        await parts[Symbol.asyncDispose]();
        await blocks[Symbol.asyncDispose]();
      },
    };
  };

  it('finds the head that copies, and the one that does the opposite', async () => {
    const { parts, close } = await openPlanted();
    const scores = await headScores(parts, { vocabulary: [...Array(parts.config.headDim).keys()], length: parts.config.headDim, texts: 2 });
    expect(scores[0]!.copying).toBeCloseTo(1, 9);
    expect(scores[1]!.copying).toBeCloseTo(-1, 9);
    await close();
  });

  it.each(families)('are shares of attention, and the same for the same seed: %s', async (name) => {
    await using opened = await openPartsFixture(engine, name);
    const { layers, heads, vocab } = opened.parts.config;
    const vocabulary = [...Array(vocab).keys()];
    const steps: number[] = [];
    const scores = await headScores(opened.parts, {
      vocabulary,
      prefix: [1],
      length: 6,
      texts: 2,
      seed: 3,
      onProgress: (done, total) => steps.push(done / total),
    });
    expect(scores.map(({ layer, head }) => [layer, head])).toEqual(Array.from({ length: layers * heads }, (_, i) => [Math.floor(i / heads), i % heads]));
    for (const { previous, duplicate, induction, copying } of scores) {
      expect(Math.min(previous, duplicate, induction)).toBeGreaterThanOrEqual(0);
      expect(duplicate + induction).toBeLessThanOrEqual(1);
      expect(previous).toBeLessThanOrEqual(1);
      expect(Math.abs(copying)).toBeLessThanOrEqual(1);
    }
    expect(steps.at(-1)).toBe(1);
    expect(await headScores(opened.parts, { vocabulary, prefix: [1], length: 6, texts: 2, seed: 3 })).toEqual(scores);
    expect(await headScores(opened.parts, { vocabulary, prefix: [1], length: 6, texts: 2, seed: 4 })).not.toEqual(scores);
  });

  it('refuses what does not fit', async () => {
    await using opened = await openPartsFixture(engine, 'gpt2');
    await expect(headScores(opened.parts, { vocabulary: [1, 2, 3], length: 6 })).rejects.toThrow(/expected at least 6 tokens to draw from, got 3/);
    await expect(headScores(opened.parts, { vocabulary: [1, 2, 3], length: 4000 })).rejects.toThrow(/expected texts of 4 to \d+ tokens, got twice 4000/);
  });
});
