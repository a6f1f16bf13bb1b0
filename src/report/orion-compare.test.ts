import { describe, expect, it } from 'vitest';
import { orionCells } from './orion-cells.ts';
import { orionCompareReport, orionCompareVerdict } from './orion-compare.ts';
import type { OrionMeasured } from './orion-result.ts';
import { parseOrionResult } from './parse-orion-result.ts';
import { attribute, named, read, saved, textOf } from './testing/read-page.ts';
import { sampleOrion, sampleTask } from './testing/sample-orion.ts';

const measured = (model: string, tasks: OrionMeasured['tasks'], changes: Partial<OrionMeasured> = {}): OrionMeasured => ({
  ...sampleOrion({ model, tasks }),
  skipped: [],
  weights: 'f32',
  layers: 24,
  prompts: 100,
  pairs: 100,
  seed: 0,
  ...changes,
});
const [a, b] = [
  measured('first', [sampleTask('induction', 'x', [8, 16]), sampleTask('binding', 'x', [8, 16], 0.5), sampleTask('binding', 'y'), sampleTask('recall', 'x')]),
  measured('second', [sampleTask('induction', 'x', [9, 17]), sampleTask('binding', 'x'), sampleTask('binding', 'y'), sampleTask('recall', 'x')]),
];
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('cells', () => {
  it('are means over what a model knows of a family, and none where it knows nothing', () => {
    const cells = orionCells([a, b]);
    expect(cells.map(({ model, family, asked, swept, isMoved }) => [model, family, asked, swept.length, isMoved])).toEqual([
      ['first', 'induction', 1, 1, true],
      ['first', 'binding', 2, 1, false],
      ['first', 'recall', 1, 0, false],
      ['second', 'induction', 1, 1, true],
      ['second', 'binding', 2, 0, false],
      ['second', 'recall', 1, 0, false],
    ]);
    expect(cells[1]!.moved).toBe(cells[1]!.swept[0]!.requestTransfer.max);
    expect(cells[2]!.moved).toBeNull();
  });

  it('of several seeds of a model are one', () => {
    const other = measured('first', [sampleTask('induction', 'x', [8, 16], 0.6), sampleTask('recall', 'x', [8, 16])], { seed: 1 });
    const [induction, , recall] = orionCells([a, other]);
    const values = [a, other].map(({ tasks }) => tasks[0]!.requestTransfer!.max);
    expect(induction!.moved).toBeCloseTo((values[0]! + values[1]!) / 2, 12);
    expect(recall).toMatchObject({ asked: 2, isMoved: true });
  });
});

describe('orionCompareReport', () => {
  it('counts cells as the paper does', () => {
    expect(plain(orionCompareVerdict([a, b]))).toBe(
      '2 models and their families of tasks make 6 cells; 3 of them are known, and for 2 of 3 the request is moved, 67 % (the paper: 98 of 106, 92 %).',
    );
    expect(orionCompareVerdict([measured('none', [sampleTask('recall', 'x')])])).toMatch(/make 1 cell, none of which is known, so this page cannot say/);
  });

  it('draws a row a family and a column a model, frames what is moved, and lists layers', async () => {
    const { all } = read(await orionCompareReport([a, b]));
    const [cells] = saved(all, 'cells.csv');
    const [head, ...rows] = cells!.trim().split('\r\n');
    expect(head).toBe('family,first,second');
    expect(rows.map((row) => row.split(',').map((cell, i) => (i === 0 ? cell : cell === '' ? '' : Number(cell) > 0.7)))).toEqual([
      ['induction', true, true],
      ['binding', false, ''],
      ['recall', '', ''],
    ]);
    const text = plain(textOf(all[0]!));
    expect(text).toContain('The request is moved in 2 of 3 known cells');
    expect(text).toContain('a column a model (1 first, 2 second)');
    const variants = named(all, 'tr').map((row) => row.childNodes!.map(textOf).join('|').replaceAll('\u00a0', ' '));
    expect(variants.filter((row) => row.startsWith('first|'))).toHaveLength(2);
    expect(variants).toContainEqual(expect.stringMatching(/^first\|binding\|x\|0\|93 %\|34 %\|\d+ %\|.*\|6 \(25 %\)\|12 \(50 %\)\|18 \(75 %\)$/));
  });

  it('warns of what cannot be compared', async () => {
    const other = measured('second', b.tasks.slice(1), { pairs: 20, weights: 'int8' });
    const warnings = named(read(await orionCompareReport([a, other])).all, 'p').filter((p) => attribute(p, 'class') === 'warn');
    expect(warnings.map(textOf)).toEqual([
      'The results are not of as many prompts and pairs.',
      'Not every model was asked the same tasks: cells that were not asked count nowhere.',
      'Weights are not held in the same way in all results.',
    ]);
    await expect(orionCompareReport([])).rejects.toThrow(/expected at least one result/);
  });
});

describe('a result file', () => {
  const file = { ...a, tasks: a.tasks.map((task) => ({ ...task, chatTemplate: false, seconds: 3 })) };

  it('is read as it was written', () => {
    expect(parseOrionResult(JSON.parse(JSON.stringify(file)))).toEqual(file);
  });

  it.each([
    [{ ...file, extra: 1 }, /^result\.json: expected what lyceum inspect orion writes, got at its top: .*extra/],
    [{ ...file, layers: 0 }, /got at layers: /],
    [{ ...file, tasks: [{ ...file.tasks[3]!, passed: true }] }, /got at tasks\.0/],
    [[], /got at its top: /],
  ])('is refused where it does not fit', (json, message) => {
    expect(() => parseOrionResult(json)).toThrow(message);
  });
});
