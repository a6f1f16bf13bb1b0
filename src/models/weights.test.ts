import { expect, it } from 'vitest';
import { ShapeError } from '../core/index.ts';
import { arrange } from './index.ts';

const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => i);

it('arrange turns, takes a part, and both', () => {
  expect([...arrange(numbers(6), { stored: [2, 3], view: [2, 3], order: [1, 0] })]).toEqual([0, 3, 1, 4, 2, 5]);
  // one of three vectors, by the head: [heads 2, 3, headDim 2]
  expect([...arrange(numbers(12), { stored: [12], view: [2, 3, 2], take: { axis: 1, index: 2 } })]).toEqual([4, 5, 10, 11]);
  // one of three matrices [in 2, 3, out 2], turned to [out, in]
  expect([...arrange(numbers(12), { stored: [2, 6], view: [2, 3, 2], take: { axis: 1, index: 1 }, order: [1, 0] })]).toEqual([2, 8, 3, 9]);
  expect([...arrange(numbers(8), { stored: [4, 2], view: [1, 2, 2, 2], order: [0, 2, 1, 3] })]).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
  expect([...arrange(numbers(4), { stored: [4], view: [4] })]).toEqual([0, 1, 2, 3]);
  expect([...arrange(numbers(4), { stored: [4], view: [4], take: { axis: 0, index: 3 } })]).toEqual([3]);
});

it('arrange refuses values that do not fill the view', () => {
  expect(() => arrange(numbers(5), { stored: [6], view: [2, 3] })).toThrow(ShapeError);
});
