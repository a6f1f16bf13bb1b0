import { expect, it } from 'vitest';
import { type GuardCell, intervalOf, type Seen } from './cells.ts';
import { rowsOf } from './rows.ts';

const layers = [1, 2, 3];
const curve = (distractor: string, collision: boolean, shares: readonly number[], rest: Partial<Record<'n' | 'changed' | 'either', readonly number[]>> = {}): Seen[] =>
  shares.map((share, i) => ({ distractor, collision, layer: layers[i]!, share, ...Object.fromEntries(Object.entries(rest).map(([key, values]) => [key, values[i]])) })); // biome-ignore format: one chain
const cell = (seen: readonly Seen[], name = 'oversight'): GuardCell => ({ model: 'm', cell: name, seed: 1, commit: 'c', shares: [], seen });
const seenIn = (cells: readonly GuardCell[]) => rowsOf(cells).filter(({ name }) => /\/oversight\/(?:seen|changed|either)\//.test(name));

it('tells of each distractor the block where most is seen beyond false alarms, with Wilson’s interval', () => {
  const rows = seenIn([cell([...curve('none', false, [0, 0.1, 1]), ...curve('small', false, [0.05, 0.75, 1]), ...curve('small', true, [0, 0.1, 1])])]);
  const { low, high } = intervalOf(15, 20);
  expect(rows.map(({ name, ours, runs }) => [name, ours, runs])).toEqual([
    ['quality/guard/m/oversight/seen/small', 0.75, 20],
    ['quality/guard/m/oversight/seen/small, the right city', 0, 20],
  ]);
  expect(rows[0]!.note).toBe(`15 of 20, ${low.toFixed(2)} to ${high.toFixed(2)}; after block 2, where undistracted requests are in 2 of 20, 0.03 to 0.30`);
  expect(rows[0]!.ci95).toBeCloseTo((high - low) / 2, 12);
  // What is seen no oftener than undistracted requests is not seen at all.
  expect(rows[1]!.note).toContain('after no block more than undistracted requests are, which are all from block 3 on');
});

it('tells both predicates and their union where they were measured, from the cell that was made for them', () => {
  const both = { n: [10, 10, 10], changed: [0, 0.5, 0.2], either: [0, 0.9, 1] };
  const nothing = { n: [10, 10, 10], changed: [0, 0, 0], either: [0, 0, 1] };
  const known = cell([...curve('none', false, [0, 0, 1], nothing), ...curve('small', false, [0, 0.4, 1], both)], 'oversight/seen');
  const rows = seenIn([cell([...curve('none', false, [0, 0, 0]), ...curve('small', false, [1, 1, 1])]), known]);
  expect(rows.map(({ name, ours, runs }) => [name.split('/').at(-2), ours, runs])).toEqual([
    ['seen', 0.4, 10],
    ['changed', 0.5, 10],
    ['either', 0.9, 10],
  ]);
});
