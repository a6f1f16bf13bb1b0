import { describe, expect, it } from 'vitest';
import { outcomeLayers } from './layers.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const numbers = (text: string) => text.split(' ').map(Number);

describe('L1, L2 and L3', () => {
  it('are those of the published curve: Pythia-2.8b, questions with a uniform prefix (arXiv 2312.10091, read off its figure)', () => {
    const curves = {
      unaffected: numbers(
        '1.05 .97 .99 1.07 .92 1.07 .95 1.02 .95 1.02 .95 .93 .96 .66 .31 .33 .31 .25 .25 .07 .11 .17 .10 .07 .05 .06 .08 .09 .07 .07 .08 .11',
      ),
      request_transfer: numbers(
        '.31 .35 .33 .38 .28 .35 .39 .36 .29 .29 .39 .27 .39 .35 .88 1.01 .80 .74 .64 .26 .27 .37 .27 .29 .18 .16 .16 .24 .28 .19 .17 .21',
      ),
      output_transfer: numbers(
        '.08 .07 .06 .11 .06 .08 .08 .10 .04 .11 .08 .12 .13 .11 .19 .34 .23 .24 .28 .38 .36 .45 .52 .66 .64 .83 .78 .81 .95 1.04 .96 .95',
      ),
    };
    expect(outcomeLayers(upTo(32), curves)).toEqual({ L1: 13, L2: 16, L3: 26 });
  });

  it('are layers and not places, the first of equals, and above 0.8, not at it', () => {
    const curves = { unaffected: [1, 0.8, 0.2], request_transfer: [0.5, 0.9, 0.9], output_transfer: [0.1, 0.8, 0.81] };
    expect(outcomeLayers([4, 8, 12], curves)).toEqual({ L1: 4, L2: 8, L3: 12 });
  });

  it('are 0 and none where no layer leaves the answer alone or carries it over', () => {
    expect(outcomeLayers([1, 2], { unaffected: [0.3, 0.2], request_transfer: [0.4, 0.1], output_transfer: [0, 0.5] })).toEqual({ L1: 0, L2: 1, L3: null });
  });

  it('need a value for each layer', () => {
    expect(() => outcomeLayers([1, 2], { unaffected: [1], request_transfer: [1, 1], output_transfer: [1, 1] })).toThrow(
      /expected as many values as layers, got 1, 2, 2 for 2/,
    );
    expect(() => outcomeLayers([], { unaffected: [], request_transfer: [], output_transfer: [] })).toThrow(RangeError);
  });
});
