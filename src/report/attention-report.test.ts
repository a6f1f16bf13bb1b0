import { describe, expect, it } from 'vitest';
import { attentionReport, attentionVerdict } from './attention-report.ts';
import { named, read, saved, textOf } from './testing/read-page.ts';
import { sampleAttention } from './testing/sample-attention.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('attentionReport', () => {
  it('says what the last token reads most beside itself', () => {
    expect(plain(attentionVerdict(sampleAttention()))).toBe(
      'In made-up-1b, the last of 3 tokens, “␣b”, reads most of what stands before it in head 1.1: 60 % of its attention goes to “a” at place 0.',
    );
    expect(plain(attentionVerdict(sampleAttention({ patterns: [] })))).toContain('in head 0.1: 70 % of its attention goes to “\\n” at place 1.');
  });

  it('draws a map a head: a cell for every pair that is read, none for what is not', async () => {
    const { all } = read(await attentionReport(sampleAttention()));
    expect(named(all, 'figure')).toHaveLength(2);
    const [map] = saved(all, 'attention-1-1.svg');
    const fills = [...map!.matchAll(/<rect [^>]*fill="(#[0-9a-f]{6})"/g)].map(([, colour]) => colour!);
    // Paper under the picture, and the five weights of a percent and more: 1, 0.75, 0.25, 0.6, 0.395.
    expect(fills).toHaveLength(1 + 5);
    expect(new Set(fills.slice(1)).size).toBe(5);
    for (const name of ['a', '\\n', '␣b']) expect(map).toContain(`>${name}<`);
    expect(saved(all, 'attention-1-1.csv')[0]!.split('\r\n').slice(0, 4)).toEqual([
      'place,token,1. reads,1. share,2. reads,2. share,3. reads,3. share',
      '0,a,a (0),1,,,,',
      '1,\\n,a (0),0.75,\\n (1),0.25,,',
      '2,␣b,a (0),0.6,␣b (2),0.395,\\n (1),0.005',
    ]);
  });

  it('without a block shows all heads by what the last token reads from afar', async () => {
    const { all } = read(await attentionReport(sampleAttention({ patterns: [] })));
    expect(named(all, 'figure')).toHaveLength(1);
    expect(plain(textOf(all[0]!))).toContain('Reads most from afar: head 0.1, \\n (1)');
    expect(saved(all, 'attention-last.csv')[0]!.split('\r\n').slice(0, 5)).toEqual(['head,reads,share', '0.1,\\n (1),0.7', '1.1,a (0),0.6', '0.0,\\n (1),0.2', '1.0,a (0),0.1']); // biome-ignore format: one list
  });

  it('counts places where there is no room for names, and refuses what no page holds', async () => {
    const tokens = Array.from({ length: 100 }, (_, i) => `t${i}`);
    const rows = tokens.map((_, query) => Array.from({ length: query + 1 }, (_, key) => (key === query ? 1 : 0)));
    const [map] = saved(read(await attentionReport(sampleAttention({ tokens, patterns: [{ layer: 0, head: 0, rows }] }))).all, '.svg');
    expect(map).not.toContain('>t50<');
    expect(map).toContain('>50<');
    const long = Array.from({ length: 129 }, () => 'x');
    await expect(attentionReport(sampleAttention({ tokens: long, patterns: [{ layer: 0, head: 0, rows: [] }] }))).rejects.toThrow(
      /expected at most 128 tokens where maps are drawn, got 129/,
    );
  });
});
