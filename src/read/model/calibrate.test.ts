import { expect, it } from 'vitest';
import { findShifts, noShift, shifted } from './calibrate.ts';

it('finds the middle of a hill and passes over a lone spike', async () => {
  const hill = (at: number, shift: number) => 0.5 - (shift - at) ** 2;
  const found = await findShifts(async ({ relation, coreference }) => ({
    relation: hill(1.25, relation) + (relation === -0.25 ? 0.9 : 0),
    coreference: hill(0.5, coreference),
  }));
  expect(found.coreference).toBe(0.5);
  // The spike lifts the mean of its neighbourhood by a third of 0.9 from a valley 2.25 below: not enough.
  expect(found.relation).toBe(1.25);
});

it('stays at 0 where nothing is better', async () => {
  expect(await findShifts(async () => ({ relation: 0.4, coreference: 0.5 }))).toEqual(noShift);
});

it('moves the biases and nothing else', () => {
  const bias = (values: number[]) => ({ dtype: 'float32' as const, shape: [values.length], data: Float32Array.from(values) });
  const before = { 'relations.out.bias': bias([1, 2]), 'coreference.out.bias': bias([3]), other: bias([4]) };
  const after = shifted(before, { relation: 0.5, coreference: -1 });
  expect([...(after['relations.out.bias']!.data as Float32Array)]).toEqual([1.5, 2.5]);
  expect([...(after['coreference.out.bias']!.data as Float32Array)]).toEqual([2]);
  expect(after['other']).toBe(before.other);
  expect([...before['relations.out.bias'].data]).toEqual([1, 2]);
});
