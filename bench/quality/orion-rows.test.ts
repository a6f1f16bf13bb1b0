import { expect, it } from 'vitest';
import type { Cell } from './orion-cells.ts';
import { floorGaps, orionRows } from './orion-rows.ts';

const asked = { commit: 'c', n: 100, guess: 0.3, tokenProb: 0.5, softMatch: 0.9, logitDiff: 2, chatTemplate: false, seconds: 1 };
const others = { separable: null, accuracy: null, softMatch: null, logitDiff: null };
const known = (model: string, family: string, seed: number, max: number): Cell => ({
  ...asked,
  model,
  family,
  variant: 'v',
  seed,
  accuracy: 0.9,
  passed: true,
  L1: 2,
  L2: 3,
  L3: 5,
  requestTransfer: { max, ci95: [max - 0.1, max + 0.1], ...others },
  floors: { requestIsUnaffected: 0.3, requestIsOutput: 0.1 },
  curves: { unaffected: [1, 1, 0, 0, 0, 0], request_transfer: [0.3, 0.4, max, max, 0.1, 0.4], output_transfer: [0, 0, 0, 0, 1, 1] },
});
const unknown: Cell = { ...asked, model: 'a', family: 'g', variant: 'v', seed: 0, accuracy: 0.4, passed: false, L1: null, L2: null, L3: null, requestTransfer: null, floors: null, curves: null }; // biome-ignore format: one thought

it('counts a cell of a model and a family once, whatever its seeds', () => {
  const rows = orionRows([known('a', 'f', 0, 0.9), known('a', 'f', 1, 0.6), unknown, known('b', 'f', 0, 0.5)]);
  const [all, a] = rows;
  expect(all).toMatchObject({ name: 'quality/orion/cells', ours: 0.5, runs: 2 });
  expect(a).toMatchObject({ name: 'quality/orion/a/cells', ours: 1, runs: 1, seeds: [0, 1] });
  expect(rows.find(({ name }) => name.endsWith('a/f/v'))).toMatchObject({ ours: 0.75, runs: 2, note: '0.90 right (guess 0.30), L1 2, 2, L2 3, 3, L3 5, 5' });
  expect(rows.find(({ name }) => name.endsWith('a/g/v'))).toMatchObject({ ours: 0, runs: 0, note: expect.stringContaining('not known') });
});

it('compares a curve with its floors before L1 and from L3 on', () => {
  const gaps = floorGaps(known('a', 'f', 0, 0.9));
  expect(gaps.early).toBeCloseTo(0.05, 12);
  expect(gaps.late).toBeCloseTo(0.15, 12);
  expect(floorGaps({ ...known('a', 'f', 0, 0.9), L1: 0, L3: null })).toEqual({ early: null, late: null });
  expect(floorGaps(unknown)).toEqual({ early: null, late: null });
  expect(orionRows([known('a', 'f', 0, 0.9)]).find(({ name }) => name.endsWith('/floors'))).toMatchObject({ ours: expect.closeTo(0.15, 12), runs: 2 });
});
