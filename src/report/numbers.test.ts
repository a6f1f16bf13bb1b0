import { describe, expect, it } from 'vitest';
import { bytes, capital, counted, duration, figure, grouped, percent, points, pointsInterval, short } from './numbers.ts';

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('numbers', () => {
  it.each([
    [percent(0.584), '58.4 %'],
    [percent(1, 0), '100 %'],
    [points(0.0272), '+2.7'],
    [points(-0.006), '−0.6'],
    // What rounds to nothing has no sign.
    [points(0.0001), '0.0'],
    [points(-0.0001), '0.0'],
    [pointsInterval({ value: -0.006, low: -0.019, high: 0.007 }), '−0.6 points (−1.9 to +0.7)'],
    [grouped(1234567), '1 234 567'],
    [grouped(999), '999'],
    [short(9_999), '9 999'],
    [short(134_515_008), '135 M'],
    [short(3_628_800), '3.6 M'],
    [short(999_600), '1.0 M'],
    [bytes(2_310_000_000), '2.3 GB'],
    [bytes(999_600_000), '1.0 GB'],
    [bytes(4_200_000), '4.2 MB'],
    [duration(4.25), '4.3 s'],
    [duration(59.4), '59 s'],
    [duration(59.6), '1 min'],
    [duration(3_599), '1 h'],
    [duration(4_980), '1 h 23 min'],
    [figure(6.018), '6.02'],
    [figure(14.93), '14.9'],
    [figure(1234.5), '1235'],
    [counted(1, 'sample'), '1 sample'],
    [counted(1200, 'sample'), '1 200 samples'],
    [capital('exact match'), 'Exact match'],
    [capital('(IA)³'), '(IA)³'],
  ])('%s', (text, expected) => expect(plain(text)).toBe(expected));
});
