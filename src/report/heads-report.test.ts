import { describe, expect, it } from 'vitest';
import { headsReport, headsVerdict } from './heads-report.ts';
import { named, read, saved, textOf } from './testing/read-page.ts';
import { sampleHeads } from './testing/sample-heads.ts';

const result = sampleHeads();

describe('headsReport', () => {
  it('says how many heads are of each kind', () => {
    expect(headsVerdict(result)).toBe(
      'Of 4 heads of made-up-1b, at 0.50 and more: 1 previous token, 0 duplicate token, 2 induction, 1 copying; the strongest induction head is 1.0 (0.91).',
    );
  });

  it('draws a cell a head, and saves the heads in their order', async () => {
    const { all } = read(await headsReport(result));
    expect(named(all, 'figure')).toHaveLength(4);
    expect(named(all, 'svg')).toHaveLength(2 * 4);
    expect(textOf(all[0]!)).toContain('induction: most in head 1.0, 0.91');
    expect(saved(all, 'heads-induction.csv')[0]!.split('\r\n').slice(0, 3)).toEqual(['head,induction', '1.0,0.91', '1.1,0.7']);
    expect(saved(all, 'heads-copying.svg')[0]!.match(/fill="#d18344"/g)).toHaveLength(3); // the second hue, by itself
  });
});
