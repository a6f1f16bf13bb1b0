import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, inOrder, input, isParameter, type Node, nameOf, ShapeError, silu, sum, type Tensor, tensor } from '../core/index.ts';
import { capture, replace } from './edits/index.ts';
import { causalAttention, causalBias, gatedMlp, geluTanh, type RotaryForm, rmsNorm, rotary, rotaryFrequencies, siteOf } from './index.ts';

const run = (root: Node, given: Record<string, Tensor>, lengths: Record<string, number> = {}): Tensor =>
  evaluate([root], new Map(Object.entries(given)), new Map(Object.entries(lengths)))[0]!;

describe('rotary', () => {
  const positions = input('positions', [1, 2], 'int64');
  const x = input('x', [1, 1, 2, 8]);
  const numbers = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 16, maxLength: 16 });

  it.each<RotaryForm>(['half', 'interleaved'])('in the form %s leaves lengths as they are, and products that depend on the distance alone', (form) => {
    const turn = rotary(positions, { headDim: 8, base: 50, form });
    fc.assert(
      fc.property(numbers, fc.nat(1000), fc.nat(1000), fc.nat(1000), (values, a, b, moved) => {
        const dots = [0, moved].map((by) => {
          const { data } = run(turn(x), { x: tensor([1, 1, 2, 8], values), positions: tensor([1, 2], [a + by, b + by]) });
          const dot = (i: number, j: number) => [...data.slice(8 * i, 8 * i + 8)].reduce((total, v, k) => total + v * data[8 * j + k]!, 0);
          return [dot(0, 0), dot(1, 1), dot(0, 1)];
        });
        for (const i of [0, 1, 2]) expect(dots[0]![i]).toBeCloseTo(dots[1]![i]!, 9);
        expect(dots[0]![0]).toBeCloseTo(
          values.slice(0, 8).reduce((total, v) => total + v * v, 0),
          9,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('turns the first dims only where it is said', () => {
    const values = Array.from({ length: 16 }, (_, i) => i + 1);
    const { data } = run(rotary(positions, { headDim: 8, dims: 2, base: 50 })(x), { x: tensor([1, 1, 2, 8], values), positions: tensor([1, 2], [0, 3]) });
    expect([...data.slice(0, 8)]).toEqual(values.slice(0, 8));
    expect(data[8]).toBeCloseTo(9 * Math.cos(3) - 10 * Math.sin(3), 12);
    expect(data[9]).toBeCloseTo(10 * Math.cos(3) + 9 * Math.sin(3), 12);
    expect([...data.slice(10)]).toEqual(values.slice(10));
  });

  it('scales frequencies: all, each, or the slow ones', () => {
    const plain = rotaryFrequencies(8, 30);
    expect(plain).toEqual([0, 2, 4, 6].map((i) => 30 ** (-i / 8)));
    expect(rotaryFrequencies(8, 30, { kind: 'linear', factor: 4 })).toEqual(plain.map((f) => f / 4));
    expect(rotaryFrequencies(8, 30, { kind: 'factors', factors: [1, 2, 4, 8] })).toEqual(plain.map((f, i) => f / 2 ** i));
    const scaled = rotaryFrequencies(8, 30, { kind: 'llama3', factor: 4, low: 0.2, high: 1, positions: 8 });
    expect([scaled[0], scaled[3]]).toEqual([plain[0], plain[3]! / 4]);
    for (const i of [1, 2]) expect(scaled[i]! < plain[i]! && scaled[i]! > plain[i]! / 4).toBe(true);
  });

  it('refuses what cannot turn', () => {
    expect(() => rotaryFrequencies(3, 10)).toThrow(/even number of dims to turn, got 3/);
    expect(() => rotaryFrequencies(4, 10, { kind: 'factors', factors: [1] })).toThrow(/2 factors for 4 dims, got 1/);
    expect(() => rotary(positions, { headDim: 4, dims: 8, base: 10 })).toThrow(/at most 4 dims to turn, got 8/);
    expect(() => rotary(positions, { headDim: 4, base: 10 })(x)).toThrow(ShapeError);
  });
});

describe('causalBias', () => {
  /** Who sees whom: a row a query. */
  const seen = (root: Node, given: Record<string, Tensor>, lengths: Record<string, number>): string[] => {
    const { shape, data } = run(root, given, lengths);
    const keys = shape[3]!;
    return Array.from({ length: data.length / keys }, (_, row) => [...data.slice(row * keys, row * keys + keys)].map((v) => (v === 0 ? 'x' : '.')).join(''));
  };
  const mask = input('mask', ['batch', 'seq'], 'bool');
  const past = input('past', ['batch', 'kvSeq'], 'bool');
  const axes = { batch: 'batch', seq: 'seq' };
  const bits = (text: string): Tensor => tensor([1, text.length], [...text].map(Number));

  it('lets a token see itself and those before it', () => {
    expect(seen(causalBias(axes), {}, { batch: 1, seq: 3 })).toEqual(['x..', 'xx.', 'xxx']);
    expect(seen(causalBias({ ...axes, window: 2 }), {}, { batch: 1, seq: 4 })).toEqual(['x...', 'xx..', '.xx.', '..xx']);
  });

  it('shows no padding; in rows of padding anything may stand', () => {
    expect(seen(causalBias({ ...axes, mask }), { mask: bits('0111') }, {}).slice(1)).toEqual(['.x..', '.xx.', '.xxx']);
    expect(seen(causalBias({ ...axes, mask, window: 2 }), { mask: bits('1011') }, {})).toEqual(['x...', expect.anything(), 'x.x.', '..xx']);
  });

  it('shows what the cache holds, and counts tokens, not slots, for a window', () => {
    const given = { past: bits('10110'), mask: bits('11') };
    expect(seen(causalBias({ ...axes, mask, past }), given, {})).toEqual(['x.xx.x.', 'x.xx.xx']);
    expect(seen(causalBias({ ...axes, past }), { past: given.past }, { seq: 2 })).toEqual(['x.xx.x.', 'x.xx.xx']);
    expect(seen(causalBias({ ...axes, mask, past, window: 3 }), given, {})).toEqual(['..xx.x.', '...x.xx']);
    expect(seen(causalBias({ ...axes, past, window: 4 }), { past: given.past }, { seq: 2 })).toEqual(['x.xx.x.', '..xx.xx']);
    expect(seen(causalBias({ ...axes, mask, past, window: 3 }), { past: bits('1101'), mask: bits('011') }, {}).slice(1)).toEqual(['.x.x.x.', '...x.xx']);
  });

  it('of chosen places is those of all', () => {
    const rows = input('rows', ['rows'], 'int64');
    const given = { past: bits('10110'), mask: bits('1101'), segments: tensor([1, 4], [1, 1, 2, 2]), rows: tensor([2], [3, 1]) };
    for (const options of [
      {},
      { mask },
      { mask, past },
      { past, window: 3 },
      { mask, past, window: 3 },
      { segments: input('segments', ['batch', 'seq'], 'int64') },
    ]) {
      const all = seen(causalBias({ ...axes, ...options }), given, { batch: 1, seq: 4 });
      expect(seen(causalBias({ ...axes, ...options, rows }), given, { batch: 1, seq: 4 })).toEqual([all[3], all[1]]);
    }
  });
});

describe('layers of causal models', () => {
  const x = input('x', ['batch', 'seq', 6]);
  const values = { x: tensor([1, 1, 6], [0.5, -1, 2, 0, 3, -0.25]) };

  it('rmsNorm divides by the root of the mean of squares', () => {
    const weight = tensor([6], [1, 2, 3, 4, 5, 6]);
    const root = Math.sqrt([...values.x.data].reduce((total, v) => total + v * v, 0) / 6 + 0.01);
    for (const offset of [0, 1] as const) {
      const { data } = run(rmsNorm('norm', x, { epsilon: 0.01, offset }), { ...values, 'norm.weight': weight });
      for (const [i, v] of data.entries()) expect(v).toBeCloseTo((values.x.data[i]! / root) * (weight.data[i]! + offset), 12);
    }
  });

  it('activations are what they say', () => {
    const [v, g] = evaluate([silu(x), geluTanh(x)], new Map(Object.entries(values)));
    for (const [i, z] of values.x.data.entries()) {
      expect(v!.data[i]).toBeCloseTo(z / (1 + Math.exp(-z)), 12);
      expect(g!.data[i]).toBeCloseTo(0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3))), 12);
    }
  });

  it('name their parameters and sites', () => {
    const names = (root: Node) => inOrder([root]).filter(isParameter).map(nameOf);
    const sites = (root: Node) => inOrder([root]).flatMap((node) => node.site ?? []);
    const fed = gatedMlp('mlp', x, { ffn: 8, activation: 'silu' });
    expect(names(fed)).toEqual(['mlp.gate.weight', 'mlp.up.weight', 'mlp.down.weight']);
    expect(sites(fed)).toEqual(['mlp.gate', 'mlp.up', 'mlp.act', 'mlp.down']);
    expect(names(gatedMlp('mlp', x, { ffn: 8, activation: 'silu', bias: true }))).toHaveLength(6);
    const bias = causalBias({ batch: 'batch', seq: 'seq' });
    const { out, keys, values: kept } = causalAttention('attn', x, { heads: 4, kvHeads: 2, headDim: 3, bias, biases: { qkv: true } });
    expect([out.shape, keys.shape, kept.shape]).toEqual([
      ['batch', 'seq', 6],
      ['batch', 2, 'seq', 3],
      ['batch', 2, 'seq', 3],
    ]);
    expect(names(out).filter((name) => name.endsWith('bias'))).toEqual(['attn.q.bias', 'attn.k.bias', 'attn.v.bias']);
    expect(() => causalAttention('attn', x, { heads: 4, kvHeads: 3, headDim: 3, bias })).toThrow(/heads that 3 heads of keys divide, got 4/);
  });

  it('a site may be called by the state before a block', () => {
    expect(['blocks.0.resid.pre', 'blocks.12.resid.pre', 'blocks.3.attn.q', 'embed'].map(siteOf)).toEqual([
      'embed',
      'blocks.11.resid.post',
      'blocks.3.attn.q',
      'embed',
    ]);
    const state = { ...rmsNorm('norm', x, { epsilon: 1 }), site: 'blocks.0.resid.post' };
    const root = sum(state, [0, 1, 2]);
    expect(capture([root], ['blocks.1.resid.pre'])).toEqual({ 'blocks.1.resid.pre': state });
    expect(replace([root], ['blocks.1.resid.pre']).inputs).toEqual(new Map([['blocks.0.resid.post', 'patch.blocks.0.resid.post']]));
    expect(() => capture([root], ['blocks.2.resid.pre'])).toThrow(/got blocks.2.resid.pre/);
  });
});
