import { describe, expect, it } from 'vitest';
import type { InspectLensRead } from '../state/types.ts';
import { cellName, cellOf, lastCell, lensFinding, moved } from './lens.ts';

/** Layers of places 4 and 5; each says a token of this id. */
const readOf = (...ids: (readonly [number, number])[]): InspectLensRead => ({
  tokens: ['a', 'b', 'c', 'd', ' e', ' f'],
  layers: ids.map((own, layer) => ({ layer, places: own.map((id, i) => ({ place: 4 + i, top: [{ id, token: ` t${id}`, probability: 0.5 }] })) })),
});
const read = readOf([1, 2], [1, 3], [1, 2], [1, 2]);

describe('the lens of a text', () => {
  it('finds cells by their names, and none where there is none', () => {
    expect(cellOf(read, '1-5')?.top[0]?.id).toBe(3);
    for (const { layer, places } of read.layers)
      for (const { place } of places) expect(cellOf(read, cellName({ layer, place }))).toMatchObject({ layer, place });
    for (const name of ['', '9-5', '1-3', '1', 'a-b']) expect(cellOf(read, name)).toBe(null);
  });

  it('moves from cell to cell and stops at the edges', () => {
    const at = { layer: 1, place: 4 };
    expect(moved(read, at, 1, 0)).toMatchObject({ layer: 2, place: 4 });
    expect(moved(read, at, 0, 1)).toMatchObject({ layer: 1, place: 5 });
    expect(moved(read, at, -9, -9)).toMatchObject({ layer: 0, place: 4 });
    expect(moved(read, at, 9, 9)).toMatchObject({ layer: 3, place: 5 });
  });

  it('says from where on the answer stays', () => {
    expect(lastCell(read)).toMatchObject({ layer: 3, place: 5 });
    expect(lensFinding(read, (token) => token.trim())).toBe('It settles on “t2” after block 2 of 3');
    expect(lensFinding(readOf([1, 2], [1, 2]), (token) => token.trim())).toBe('It settles on “t2” after block 0 of 1');
  });
});
