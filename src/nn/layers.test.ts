import { describe, expect, it } from 'vitest';
import { evaluate, inOrder, input, isParameter, nameOf, type Tensor, tensor } from '../core/index.ts';
import { attention, blockOf, blockSite, blockSites, dense, drop, embedding, mlp, norm, paddingBias, saltOf } from './index.ts';

const x = input('x', ['batch', 'seq', 6], 'float32');
const numbers = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed * 12.9898 + i * 78.233)),
  );
const leaves = (root: Parameters<typeof inOrder>[0][number]) => inOrder([root]).filter(isParameter).map(nameOf);
const sites = (root: Parameters<typeof inOrder>[0][number]) => inOrder([root]).flatMap((node) => node.site ?? []);

describe('layers', () => {
  it('name their parameters and sites after the site they are given', () => {
    expect(leaves(dense('head', x, 4))).toEqual(['head.weight', 'head.bias']);
    expect(leaves(dense('head', x, 4, { bias: false }))).toEqual(['head.weight']);
    expect(leaves(norm('norm', x, { epsilon: 1e-5 }))).toEqual(['norm.weight', 'norm.bias']);
    expect(sites(mlp('mlp', x, { ffn: 8, activation: 'relu' }))).toEqual(['mlp.up', 'mlp.act', 'mlp.down']);
    const attended = attention('blocks.0.attn', x, { heads: 2 });
    expect(sites(attended)).toEqual(['q', 'k', 'scores', 'pattern', 'v', 'z', 'out'].map((name) => `blocks.0.attn.${name}`));
    expect(attended.shape).toEqual(['batch', 'seq', 6]);
  });

  it('know no site that the vocabulary does not', () => {
    const known = new Set<string>(Object.keys(blockSites).map((site) => blockSite(3, site as keyof typeof blockSites)));
    for (const site of [...sites(attention('blocks.3.attn', x, { heads: 3 })), ...sites(mlp('blocks.3.mlp', x, { ffn: 8, activation: 'gelu' }))])
      expect(known).toContain(site);
    expect(blockOf('blocks.12.attn.q')).toBe(12);
    expect(blockOf('embed')).toBeUndefined();
  });

  it('refuse heads that do not divide the hidden axis, and a last axis of unknown length', () => {
    expect(() => attention('attn', x, { heads: 4 })).toThrow(/4 heads divide, got 6/);
    expect(() => dense('head', input('y', ['batch', 'width']), 3)).toThrow(/last axis of known length/);
  });
});

describe('attention', () => {
  it('with one head is softmax(q kᵀ / √d) v, key by key', () => {
    const identity = tensor(
      [6, 6],
      Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 : 0)),
    );
    const root = attention('attn', x, { heads: 1 });
    const given = new Map([
      ['x', numbers([1, 3, 6], 1)],
      ...['q', 'k', 'v', 'out'].flatMap((name): [string, Tensor][] => [
        [`attn.${name}.weight`, identity],
        [`attn.${name}.bias`, tensor([6], new Array(6).fill(0))],
      ]),
    ]);
    const rows = [0, 1, 2].map((t) => [...given.get('x')!.data.slice(6 * t, 6 * t + 6)]);
    const expected = rows.flatMap((q) => {
      const weights = rows.map((k) => Math.exp(q.reduce((total, value, i) => total + value * k[i]!, 0) / Math.sqrt(6)));
      const total = weights.reduce((a, b) => a + b, 0);
      return q.map((_, i) => rows.reduce((sum, v, t) => sum + (weights[t]! / total) * v[i]!, 0));
    });
    for (const [i, value] of evaluate([root], given)[0]!.data.entries()) expect(value).toBeCloseTo(expected[i]!, 10);
  });

  it('gives a masked key no weight at all', () => {
    const mask = input('mask', ['batch', 'seq'], 'bool');
    const root = attention('attn', x, { heads: 2, bias: paddingBias(mask) });
    const pattern = inOrder([root]).find(({ site }) => site === 'attn.pattern')!;
    const weights = inOrder([root])
      .filter(isParameter)
      .map((node, i): [string, Tensor] => [nameOf(node), numbers(node.shape as number[], i + 2)]);
    const [p] = evaluate([pattern], new Map([['x', numbers([1, 3, 6], 1)], ['mask', tensor([1, 3], [1, 0, 1])], ...weights]));
    for (let row = 0; row < 6; row++) {
      expect(p!.data[3 * row + 1]).toBe(0);
      expect(p!.data[3 * row]! + p!.data[3 * row + 2]!).toBeCloseTo(1, 12);
    }
  });
});

describe('drop', () => {
  const key = input('step', [], 'uint32');
  it('leaves the very same node without options, or at rate 0', () => {
    expect(drop('here', x, undefined)).toBe(x);
    expect(drop('here', x, { rate: 0, key })).toBe(x);
  });

  it('keeps the mean, and draws from a stream named by the site', () => {
    const ones = new Map([
      ['x', tensor([10, 100, 6], new Array(6000).fill(1))],
      ['step', tensor([], [4])],
    ]);
    const [a, b] = evaluate([drop('here', x, { rate: 0.25, key }), drop('there', x, { rate: 0.25, key })], ones);
    const mean = a!.data.reduce((total, value) => total + value, 0) / 6000;
    expect(Math.abs(mean - 1)).toBeLessThan(0.03);
    expect(a!.data).not.toEqual(b!.data);
    expect(saltOf('here')).not.toBe(saltOf('there'));
  });
});

describe('embedding', () => {
  it('picks rows, and widens those of a float16 table', () => {
    const ids = input('ids', ['batch'], 'int64');
    const given = new Map([
      ['ids', tensor([2], [2, 0])],
      ['table.weight', tensor([3, 2], [0, 1, 2, 3, 4, 5])],
    ]);
    for (const dtype of ['float32', 'float16'] as const) {
      const root = embedding('table', ids, { rows: 3, width: 2, dtype });
      expect(root.dtype).toBe('float32');
      expect([...evaluate([root], given)[0]!.data]).toEqual([4, 5, 0, 1]);
    }
  });
});
