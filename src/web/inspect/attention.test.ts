import { describe, expect, it } from 'vitest';
import type { InspectAttentionRead } from '../state/types.ts';
import { attentionCsv, attentionFinding, drawnTo, firstHead, headMoved, headOf, readsOf, rowsOf, tokenOf } from './attention.ts';

const rows = [[1], [0.3, 0.7], [0.1, 0.8, 0.1], [0, 0.5, 0.25, 0.25]];
const read: InspectAttentionRead = {
  tokens: ['An', ' "x"', ' is', ' it'],
  layers: 2,
  heads: 2,
  last: [0, 1, 2, 3].map((i) => ({ layer: i >> 1, head: i % 2, reads: [{ place: 0, weight: 0.9 - i / 10 }, { place: 1, weight: i / 10 }] })), // biome-ignore format: one value
  patterns: [0, 1].map((head) => ({ layer: 1, head, rows })),
};

describe('heads of the Inspect page', () => {
  it('are found by name, and begin with the one that is drawn to a token from afar', () => {
    expect(headOf(read, '1.0')).toEqual({ layer: 1, head: 0 });
    for (const name of ['', '2.0', '1.2', '1-0', 'x']) expect(headOf(read, name)).toBeNull();
    expect(drawnTo(read, read.last[3]!)).toBeCloseTo(0.3);
    expect(drawnTo({ ...read, tokens: read.tokens.slice(1) }, read.last[3]!)).toBe(0);
    expect(firstHead(read)).toMatchObject({ layer: 1, head: 1 });
    expect(headMoved(read, { layer: 0, head: 0 }, 5, 1)).toEqual({ layer: 1, head: 1 });
    expect(headMoved(read, { layer: 0, head: 0 }, -1, -1)).toEqual({ layer: 0, head: 0 });
  });

  it('tell what tokens read, in a sentence and as CSV', () => {
    expect(rowsOf(read, { layer: 0, head: 0 })).toBeNull();
    expect(readsOf(rowsOf(read, { layer: 1, head: 1 })!, 2, 2)).toEqual([{ place: 1, weight: 0.8 }, { place: 0, weight: 0.1 }]); // biome-ignore format: one value
    expect([tokenOf(read, 't1'), tokenOf(read, 't9'), tokenOf(read, '1-2')]).toEqual([1, 3, 3]);
    const said = (query: number) => attentionFinding(read, { layer: 1, head: 0 }, rows, query, (token) => token.trim()).replaceAll('\u00a0', ' ');
    expect(said(2)).toMatch(/^In head 1\.0 “is” reads “"x"” before it most: 80(\.0)? ?%$/);
    expect(said(1)).toMatch(/reads itself most/);
    expect(attentionCsv(read, rows).split('\n')).toEqual([
      'token,"An"," ""x"""," is"," it"',
      '"An",1,,,',
      '" ""x""",0.3,0.7,,',
      '" is",0.1,0.8,0.1,',
      '" it",0,0.5,0.25,0.25',
      '',
    ]);
  });
});
