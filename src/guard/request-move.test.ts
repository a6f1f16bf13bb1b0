import { expect, it } from 'vitest';
import { uniformAt } from '../generate/random.ts';
import { movedPartly, movedWholly, movedWithin } from './request-move.ts';
import { requestSubspace } from './request-subspace.ts';

const hidden = 24;
const random = (seed: number): Float32Array => Float32Array.from({ length: hidden }, (_, i) => 2 * uniformAt(seed, i) - 1);
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const less = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value - b[i]!);
const requests = [1, 2, 3, 4, 5, 6].map(random);
const [own, trusted] = [random(11), random(12)];

it('a subspace has directions of length 1 at right angles, and spans all differences of its requests and nothing more', () => {
  const subspace = requestSubspace(requests, 10);
  expect(subspace).toHaveLength(requests.length - 1);
  for (const [i, a] of subspace.entries()) for (const [j, b] of subspace.entries()) expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 5);
  for (const request of requests) {
    const difference = less(request, requests[0]!);
    const within = subspace.reduce((sum, direction) => sum + dot(direction, difference) ** 2, 0);
    expect(within).toBeCloseTo(dot(difference, difference), 4);
  }
  expect(requestSubspace(requests.slice(0, 1), 3)).toEqual([]);
  expect(requestSubspace(requests, 0)).toEqual([]);
  // Twelve requests on a plane, apart far along one line of it and little along the other.
  const plane = Array.from({ length: 12 }, (_, i) => own.map((value, k) => value + (i - 5) * 3 * requests[0]![k]! + 0.1 * Math.sin(5 * i) * requests[1]![k]!));
  const [first, ...others] = requestSubspace(plane, 9);
  expect(others).toHaveLength(1);
  expect(Math.abs(dot(first!, requests[0]!)) / Math.sqrt(dot(requests[0]!, requests[0]!))).toBeGreaterThan(0.999);
});

it('its leading directions hold more of the spread than any other directions would', () => {
  const mean = requests[0]!.map((_, k) => requests.reduce((sum, one) => sum + one[k]!, 0) / requests.length);
  const spread = (directions: readonly Float32Array[]): number =>
    requests.reduce((sum, one) => sum + directions.reduce((part, direction) => part + dot(direction, less(one, mean)) ** 2, 0), 0);
  const all = requestSubspace(requests, 10);
  const spreads = all.map((direction) => spread([direction]));
  expect(spreads).toEqual(spreads.toSorted((a, b) => b - a));
  for (let seed = 100; seed < 140; seed++) {
    const some = random(seed);
    const length = Math.sqrt(dot(some, some));
    expect(spread([some.map((value) => value / length)])).toBeLessThanOrEqual(spreads[0]! + 1e-4);
  }
});

it('moves only what lies in the subspace, and comes to the trusted vector there', () => {
  const subspace = requestSubspace(requests, 3);
  const moved = movedWithin(subspace, trusted)(own);
  for (const direction of subspace) expect(dot(direction, moved)).toBeCloseTo(dot(direction, trusted), 5);
  const rest = (of: Float32Array): Float32Array => movedWithin(subspace, new Float32Array(hidden))(of);
  for (const [i, value] of rest(moved).entries()) expect(value).toBeCloseTo(rest(own)[i]!, 5);
  for (const [i, value] of movedWithin(subspace, trusted)(moved).entries()) expect(value).toBeCloseTo(moved[i]!, 5); // once is enough
  expect(movedWithin([], trusted)(own)).toEqual(own);
});

it('goes a part of the way of any move', () => {
  expect(movedPartly(0, movedWholly(trusted))(own)).toEqual(own);
  for (const [i, value] of movedPartly(1, movedWholly(trusted))(own).entries()) expect(value).toBeCloseTo(trusted[i]!, 6);
  for (const [i, value] of movedPartly(0.5, movedWholly(trusted))(own).entries()) expect(value).toBeCloseTo((own[i]! + trusted[i]!) / 2, 6);
});
