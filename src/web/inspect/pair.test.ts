import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InspectPatched } from '../state/types.ts';
import { curvesOf, finding, firstLayer, movedOf, pairCsv, promptTrouble, wordOf } from './pair.ts';

const spelling = [' Oslo', ' pilot', ' nurse', ' far', '\n'];
const likely = (id: number, probability: number) => ({ id, token: spelling[id]!, probability });
/** Of each layer: token and probability, the best first. */
const pairOf = (target: number, source: number, ...layers: (readonly (readonly [number, number])[])[]): InspectPatched => ({
  targetTop: [likely(target, 0.4)],
  sourceTop: [likely(source, 0.5)],
  layers: layers.map((top, i) => ({ layer: i + 1, top: top.map(([id, probability]) => likely(id, probability)) })),
});
const usual = pairOf(0, 2, [[0, 0.3], [3, 0.2]], [[3, 0.15]], [[1, 0.6], [2, 0.1]], [[1, 0.3], [2, 0.2]], [[2, 0.5], [1, 0.1]], [[2, 0.5]]); // biome-ignore format: a line of layers

describe('a pair, patched at every layer', () => {
  it('finds the answer in between: neither prompt’s own, the best at some layer, and there the likeliest', () => {
    expect(movedOf(usual)).toEqual({ ...likely(1, 0.6), layer: 3 });
    expect(firstLayer(usual)).toBe(3);
    // A likely token that is nowhere the best is none.
    expect(movedOf(pairOf(0, 2, [[0, 0.5], [1, 0.45]], [[2, 0.5]]))).toBe(null); // biome-ignore format: a line of layers
  });

  it('follows three tokens, a gap where a layer does not tell of one, one line where two are the same', () => {
    expect(curvesOf(usual).map(({ role, id, points }) => [role, id, points.map(({ probability }) => probability)])).toEqual([
      ['target', 0, [0.3, null, null, null, null, null]],
      ['moved', 1, [null, null, 0.6, 0.3, 0.1, null]],
      ['source', 2, [null, null, 0.1, 0.2, 0.5, 0.5]],
    ]);
    expect(curvesOf(pairOf(2, 2, [[2, 0.3]])).map(({ role }) => role)).toEqual(['target']);
  });

  it('says what it shows', () => {
    expect(finding(usual)).toBe('In between it answers “pilot”: 60 % after block 3; from block 5 on “nurse”');
    expect(finding(pairOf(0, 2, [[0, 0.5]], [[2, 0.5]]))).toBe('No third answer in between; from block 2 on “nurse”');
    expect(finding(pairOf(0, 2, [[1, 0.5]]))).toBe('In between it answers “pilot”: 50 % after block 1');
    expect(finding(pairOf(2, 2, [[2, 0.5]]))).toBe('Both prompts are answered “nurse”: choose two that differ');
    expect([' pilot', '\n', ' '].map(wordOf)).toEqual(['pilot', '↵', '␣']);
  });

  it('is saved a line a layer', () => {
    expect(pairCsv(usual).split('\n').slice(0, 4)).toEqual([
      'layer,"target’s answer:  Oslo","in between:  pilot","source’s answer:  nurse"',
      '1,0.3000,,',
      '2,,,',
      '3,,0.6000,0.1000',
    ]);
  });

  it('shows a layer that there is, whatever was answered, and never follows a token twice', () => {
    const layer = fc.uniqueArray(fc.tuple(fc.nat(4), fc.double({ min: 0.001, max: 0.2, noNaN: true })), { selector: ([id]) => id, minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.nat(4), fc.nat(4), fc.array(layer, { minLength: 1, maxLength: 12 }), (target, source, layers) => {
        const patched = pairOf(target, source, ...layers);
        expect(patched.layers.some((one) => one.layer === firstLayer(patched))).toBe(true);
        const ids = curvesOf(patched).map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const { points } of curvesOf(patched)) expect(points).toHaveLength(layers.length);
      }),
    );
  });

  it('takes prompts that fit into an address', () => {
    expect([promptTrouble('a', 'b'), promptTrouble('a', '')]).toEqual([null, 'empty']);
    expect(promptTrouble('a'.repeat(3000))).toBe(null);
    expect(promptTrouble('a'.repeat(5000))).toContain('too long');
    expect(promptTrouble('日'.repeat(500))).toContain('too long');
  });
});
