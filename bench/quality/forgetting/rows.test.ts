import { describe, expect, it } from 'vitest';
import { claimed } from './cells.ts';
import type { ItemFigures } from './measure.ts';
import type { Result } from './results.ts';
import { rowsOf } from './rows.ts';
import { figureOf, gainOf, select, shareLost } from './statistics.ts';

/** A made result: of ten facts and ten relations so many are right, and answers have so many words in common. */
const made = (arm: string, seed: number, right: number, f1: number, size = 512): Result => {
  const ranked = (count: number): ItemFigures => ({ right: '1'.repeat(count).padEnd(10, '0'), scores: Array(10).fill(count / 10) });
  const answered: ItemFigures = { ...ranked(5), f1: Array(10).fill(f1) };
  const measured = { facts: ranked(right), relations: ranked(right), questions: answered, tasks: answered };
  return { cell: `${arm}-${size}-${seed}`, hash: 'h', arm, size, seed, commit: 'c', date: 'd', minutes: 1, losses: {} as never, measured };
};
const base = made('base', 0, 8, 0.1, 0);
const learnt = (arm: string, right: number, f1: number, seeds: readonly number[] = [1, 2]) => seeds.map((seed) => made(arm, seed, right, f1));

describe('what is told of cells', () => {
  it('are means over items and seeds, gains over the model before, and the share of a loss that is left', () => {
    const [full, ours] = [learnt('full', 4, 0.5), learnt('loramoe', 7, 0.6)];
    expect(figureOf('knowledge', full).value).toBeCloseTo(0.4, 12);
    expect(gainOf('knowledge', full, base)).toMatchObject({ value: expect.closeTo(-0.4, 12) });
    expect(gainOf('task', ours, full).value).toBeCloseTo(0.1, 12);
    expect(shareLost('knowledge', ours, full, base)).toBeCloseTo(0.25, 12);
    expect(shareLost('knowledge', ours, learnt('full', 9, 0.5), base)).toBeNaN(); // it lost none
    expect(select([...ours].reverse(), 'loramoe', 512, [2]).map(({ seed }) => seed)).toEqual([2]);
    expect(select([...ours].reverse(), 'loramoe', 512).map(({ seed }) => seed)).toEqual([1, 2]);
  });

  it('are nothing without the model before, and no claim until every arm of it is there', () => {
    expect(rowsOf(learnt('full', 4, 0.5))).toEqual([]);
    const some = rowsOf([base, ...learnt('full', 4, 0.5), ...learnt('loramoe', 7, 0.6)]);
    expect(some.every(({ gate }) => !gate)).toBe(true);
    expect(some.find(({ name }) => name === 'quality/forgetting/full/512/knowledge')).toMatchObject({ ours: 0.4, peer: 0.8, seeds: [1, 2] });
  });

  it('are what closed-book questions were before and after, and the use of experts by kind, of every arm', () => {
    const experts = (own: number) => ({ task: [own, 0.1, 0.9 - own, 0], knowledge: [0.25, 0.25, 0.3, 0.2] });
    const mixture = learnt('loramoe', 7, 0.6).map((result, i) => ({ ...result, experts: experts(0.5 + i / 5) }));
    const rows = rowsOf([base, ...learnt('full', 4, 0.5), ...learnt('lora', 5, 0.5), ...learnt('loramoe-free', 6, 0.5), ...mixture]);
    const row = (name: string) => rows.find((one) => one.name === `quality/forgetting/${name}`);
    for (const arm of claimed) expect(row(`${arm}/512/questions`), arm).toMatchObject({ ours: 0.5, peer: 0.5, peerName: 'the model before training' });
    expect(row('loramoe/512/experts-task')).toMatchObject({ ours: expect.closeTo(0.7, 12), peer: 0.5, seeds: [1, 2] });
    expect(row('loramoe/512/experts-task')!.note).toBe('from 0.600 to 0.800 over seeds; experts 0.500, 0.100, 0.400, 0.000 with seed 1');
    expect(row('loramoe/512/experts-knowledge')).toMatchObject({ ours: expect.closeTo(0.5, 12) });
    expect(row('full/512/experts-task')).toBeUndefined();
  });

  it('are claims of the seeds that both arms have', () => {
    const others = claimed.filter((arm) => arm !== 'full' && arm !== 'loramoe').flatMap((arm) => learnt(arm, 6, 0.5));
    const rows = rowsOf([base, ...others, ...learnt('full', 4, 0.5), ...learnt('loramoe', 7, 0.6, [1, 2, 3])]).filter(({ gate }) => gate);
    expect(rows.map(({ name, seeds }) => [name, seeds])).toEqual([
      ['quality/forgetting/knowledge-kept/512', [1, 2]],
      ['quality/forgetting/task-kept/512', [1, 2]],
    ]);
    expect(rows[0]).toMatchObject({ ours: expect.closeTo(-10, 9), peer: expect.closeTo(-40, 9), note: expect.stringMatching(/^lost 25\.0 % of what full/) });
    expect(rows[1]).toMatchObject({ ratio: expect.closeTo(1.2, 9), note: expect.stringMatching(/^120\.0 % of full fine-tuning/) });
  });
});
