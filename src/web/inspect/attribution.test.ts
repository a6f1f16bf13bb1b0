import { describe, expect, it } from 'vitest';
import type { InspectAttributed } from '../state/types.ts';
import {
  attributionCsv,
  attributionFinding,
  baselineTrouble,
  blocksOf,
  componentOf,
  componentWords,
  promptsOf,
  receiverTrouble,
  signed,
  strongest,
} from './attribution.ts';

type Component = InspectAttributed['components'][number];
const one = (name: string, kind: Component['kind'], layer: number | null, head: number | null, logit: number, effect: number | null): Component => ({ name, kind, layer, head, logit, effect }); // biome-ignore format: one value
const read: InspectAttributed = {
  tokens: ['A', ' b'],
  answer: { id: 1, token: ' Paris' },
  against: { id: 2, token: ' Rome' },
  difference: 2.25,
  baseline: -1,
  components: [
    one('embed', 'embed', null, null, 0.25, 0.1),
    one('0.0', 'head', 0, 0, 0.5, -0.75),
    one('0.1', 'head', 0, 1, -1, 0.5),
    one('bias 0', 'bias', 0, null, 0.25, null),
    one('mlp 0', 'mlp', 0, null, 0.75, 2),
    one('1.0', 'head', 1, 0, 1.25, 0.25),
    one('1.1', 'head', 1, 1, 0, 0),
    one('mlp 1', 'mlp', 1, null, 0.5, 1),
    one('final', 'final', null, null, -0.25, null),
  ],
};

describe('attribution of the Inspect page', () => {
  it('gathers components by block, so that all of them sum to the difference', () => {
    expect(blocksOf(read, 'logit')).toEqual([
      { layer: 0, heads: [0.5, -1], attention: -0.25, mlp: 0.75 },
      { layer: 1, heads: [1.25, 0], attention: 1.25, mlp: 0.5 },
    ]);
    expect(blocksOf(read, 'effect')[0]).toEqual({ layer: 0, heads: [-0.75, 0.5], attention: -0.25, mlp: 2 });
    const outside = read.components.filter(({ layer }) => layer === null).reduce((sum, { logit }) => sum + logit, 0);
    expect(blocksOf(read, 'logit').reduce((sum, { attention, mlp }) => sum + attention + mlp, outside)).toBeCloseTo(read.difference);
  });

  it('finds components by name, and the strongest, for or against', () => {
    expect(strongest(read, 'logit', 2).map(({ name }) => name)).toEqual(['1.0', '0.1']);
    expect(strongest(read, 'effect', 2).map(({ name }) => name)).toEqual(['mlp 0', 'mlp 1']);
    expect(componentOf(read, 'mlp 1', 'logit')?.name).toBe('mlp 1');
    expect(componentOf(read, 'mlp 9', 'effect')?.name).toBe('mlp 0');
    expect(componentWords(read.components[1]!)).toBe('Head 0.0');
  });

  it('says who is ahead and by whom, and saves all components', () => {
    const word = (token: string): string => token.trim();
    expect(attributionFinding(read, 'logit', word)).toBe('“Paris” is 2.25 ahead of “Rome”; most is added by head 1.0: +1.25');
    expect(attributionFinding({ ...read, difference: -0.5 }, 'effect', word)).toBe('“Paris” is 0.50 behind “Rome”; most hangs on feed-forward part 0: +2.00');
    expect(attributionFinding({ ...read, to: 'mlp 3' }, 'effect', word)).toBe(
      '“Paris” is 2.25 ahead of “Rome”; most hangs on feed-forward part 0, as feed-forward part 3 reads it: +2.00',
    );
    expect(attributionFinding({ ...read, components: [one('0.0', 'head', 0, 0, -1, null)] }, 'logit', word)).toMatch(/nothing speaks for it$/);
    expect(attributionCsv(read).split('\n').slice(0, 3)).toEqual([
      'component,kind,layer,head,direct,effect',
      'embed,embed,,,0.25,0.1',
      '0.0,head,0,0,0.5,-0.75',
    ]);
    expect(attributionCsv(read).split('\n')[4]).toBe('bias 0,bias,0,,0.25,');
    expect([signed(-0.125), signed(0)]).toEqual(['−0.13', '+0.00']);
  });

  it('takes a prompt a line, and not too many', () => {
    expect(promptsOf('one\n\n two \n')).toEqual(['one', ' two ']);
    expect(baselineTrouble('a\n'.repeat(20))).toBeNull();
    expect(baselineTrouble('a\n'.repeat(21))).toMatch(/At most 20/);
  });

  it('takes a head or a feed-forward part as what reads, beside prompts', () => {
    for (const name of ['', ' ', '23.0', 'mlp 12', ' mlp3 ']) expect(receiverTrouble(name, 'one')).toBeNull();
    expect(receiverTrouble('head 3', 'one')).toMatch(/such as 23\.0/);
    expect(receiverTrouble('3.1', ' \n')).toMatch(/write prompts/);
  });
});
