import { describe, expect, it } from 'vitest';
import { retrievalReport, retrievalVerdict } from './retrieval-report.ts';
import { attribute, named, read, saved, textOf } from './testing/read-page.ts';
import { sampleRetrieval } from './testing/sample-retrieval.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('retrievalReport', () => {
  it('says what the patched target answers, how alike its components are, and what attention carries', () => {
    expect(plain(retrievalVerdict(sampleRetrieval()))).toBe(
      'After block 1 of 2 the source’s request moved into made-up-1b is answered from the target’s text with probability 0.60 (asked outright: 0.75); 70 % of the components that matter are the same (80 % of two measurements of one prompt), and attention to the story alone makes 50 % of the difference.',
    );
  });

  it('draws outcomes, layers, effects, movers and overlap, and keeps their numbers', async () => {
    const { all } = read(await retrievalReport([sampleRetrieval()]));
    expect(named(all, 'figure')).toHaveLength(7);
    const text = plain(textOf(all[0]!));
    expect(text).toContain('Most of the chimera’s effect goes through 1.0: 55.0 %');
    expect(text).toContain('Patched, heads differ from the chimera by −6.0 % of the total effect, feed-forward parts by +2.0 %');
    expect(text).toContain('One head reads the requested value after patching');
    expect(text).toContain('within 6.3 % of the chimera’s (median)');
    expect(saved(all, 'effects.csv')[0]!.split('\r\n').slice(1, 3)).toEqual(['1.0,0.55,0.5,0.02,0.02,0.5,0.8,0.75,0.05', 'mlp 1,0.25,0.21,0.05,0.2,0.2,,,']);
    expect(saved(all, 'outcomes.csv')[0]).toContain('story attention taken over,0.3,0.25,0.35,0.3,3,2.95,3.05,0.5');
    expect(text).toContain('Head 1.0 speaks more for Porto than for others: 75.0 % against 35.0 %');
    expect(saved(all, 'values.csv')[0]!.split('\r\n')[1]).toBe('1.0,Porto,0.75,0.35,0.9,0.7,0.002');
    expect(text.match(/character_name/)).toBeNull();
    expect(text).not.toContain('Seed by seed');
  });

  it('tells seeds apart, and that no head is one of a single value', async () => {
    const told = sampleRetrieval().values.told;
    const { all } = read(
      await retrievalReport([sampleRetrieval({ values: { told, heads: [] } }), sampleRetrieval({ seed: 1, layer: 2, movers: ['0.0', '1.0'] })]),
    );
    const text = plain(textOf(all[0]!));
    expect(text).toContain('No head speaks for one character name more than for the others (stories: Cusco 26, Porto 24)');
    const seeds = named(all, 'table').find((table) => textOf(table).includes('this page is of the first'))!;
    expect(
      named(all, 'tr')
        .filter((row) => textOf(seeds).includes(textOf(row)) && /^[01][12]/.test(textOf(row)))
        .map(textOf)
        .map(plain),
    ).toEqual(['0190 %92 %0.600.7580 %50 %70 %1.0', '1290 %92 %0.600.7580 %50 %70 %0.0, 1.0']);
  });

  it('warns of questions that the model does not know, and leaves out what there is not', async () => {
    const page = await retrievalReport([
      sampleRetrieval({ accuracy: { target: 0.2, source: 0.9, chimera: 0.9 }, curves: null, movers: [], values: { told: [], heads: [] } }),
    ]);
    const { all } = read(page);
    expect(named(all, 'figure')).toHaveLength(4);
    const warnings = named(all, 'p').filter((p) => attribute(p, 'class') === 'warn').map(textOf).map(plain); // biome-ignore format: a chain
    expect(warnings).toEqual(['By itself the model answers less than 70 % of the questions for the city: its effects towards that answer say little.']);
  });
});
