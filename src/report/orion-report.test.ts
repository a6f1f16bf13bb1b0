import { describe, expect, it } from 'vitest';
import { orionReport, orionVerdict } from './orion-report.ts';
import { attribute, named, read, saved, textOf } from './testing/read-page.ts';
import { sampleExtras, sampleOrion, sampleTask } from './testing/sample-orion.ts';

describe('orionReport', () => {
  const said = async (...[result, extras]: Parameters<typeof orionReport>) => textOf(read(await orionReport(result, extras)).all[0]!).replaceAll('\u00a0', ' ');

  it('says how many families are known, for how many the request is moved, and where', () => {
    const verdict = (tasks: Parameters<typeof sampleTask>[], passed: number, above70: number) =>
      orionVerdict({ model: 'm', tasks: tasks.map((task) => sampleTask(...task)), cells: { passed, above70 } }, { layers: 24 }).replaceAll('\u00a0', ' ');
    expect(orionVerdict(sampleOrion(), sampleExtras()).replaceAll('\u00a0', ' ')).toBe(
      'made-up-1b knows 4 of 5 families of retrieval tasks; for 3 of those the request is moved, best at 50 to 58 % of the layers.',
    );
    expect(verdict([['a', 'x', [8, 16]], ['b', 'x']], 1, 1)).toBe('m knows 1 of 2 families of retrieval tasks; for that one the request is moved, best at 50 % of the layers (layer 12 of 24).'); // biome-ignore format: one thought
    expect(verdict([['a', 'x', [8, 16]], ['b', 'x', [8, 16]]], 2, 2)).toMatch(/for all of those the request is moved, best at 50 % of the layers \(layer 12 of 24\)\.$/); // biome-ignore format: one thought
    expect(verdict([['a', 'x', [8, 16], 0.4]], 1, 0)).toBe('m knows 1 of 1 family of retrieval tasks; for that one the request is not moved at any layer.');
    expect(
      verdict(
        [
          ['a', 'x', [8, 16], 0.4],
          ['b', 'x', [8, 16], 0.4],
        ],
        2,
        0,
      ),
    ).toMatch(/for none of those is the request moved at any layer\.$/);
    expect(verdict([['a', 'x']], 0, 0)).toBe('m knows none of 1 family of retrieval tasks, so this page cannot say how it handles requests.');
    expect(verdict([], 0, 0)).toBe('No retrieval task was put to m, so this page says nothing about it.');
  });

  it('draws known tasks only, says what patching them came to, and names the roles', async () => {
    const { all } = read(await orionReport(sampleOrion(), sampleExtras()));
    expect(named(all, 'figure')).toHaveLength(2 + 5);
    const text = textOf(all[0]!).replaceAll('\u00a0', ' ');
    expect(text).toContain('variable-binding, recipe: 50 % of the request moved at layer 12 of 24');
    expect(text).toContain(
      'Up to layer 8 the target’s own answer comes, at layer 14 most of the source’s request on the target’s text, from layer 20 the source’s answer;',
    );
    expect(text).toContain('also that of the first (33 %) or of the third (11 %)');
    expect(text).toContain('The request is moved in 3 of 5 known tasks');
    expect(text.match(/request_transfer|output_transfer|unaffected/)).toBeNull();
    const [layers] = saved(all, 'layers.csv');
    expect(layers!.split('\r\n').slice(0, 2)).toEqual([
      'task,L1,L2,L3,"L1, share of layers","L2, share of layers","L3, share of layers"',
      'qa-uniform-prefix,8,14,20,0.3333,0.5833,0.8333',
    ]);
    const curves = saved(all, 'induction-random-strings.csv')[0]!.split('\r\n');
    expect(curves).toHaveLength(1 + 24 + 1);
    expect(curves[0]).toContain('source’s request on the target’s text,"source’s request on the target’s text, low"');
  });

  it('says both of two, and compares nothing where there is one', async () => {
    const [a, b] = [sampleTask('a', 'x', [8, 16]), sampleTask('a', 'y', [9, 15])];
    const cells = { passed: 1, above70: 1 };
    expect(await said({ model: 'm', tasks: [a, b], cells }, sampleExtras())).toContain('The request is moved in both known tasks');
    expect(await said({ model: 'm', tasks: [a], cells }, sampleExtras())).not.toContain('The request is moved in');
  });

  it('tells of every task how prompts were put and whether it is known', async () => {
    const rows = named(read(await orionReport(sampleOrion(), sampleExtras())).all, 'tr').map((row) =>
      row.childNodes!.map(textOf).join('|').replaceAll('\u00a0', ' '),
    );
    expect(rows).toContain('qa-uniform-prefix|stories|yes|100|chat|93.0 %|34.0 %|94.0 %|81.0 %|3.20');
    expect(rows).toContain('induction|random-strings|yes|100|plain text|93.0 %|34.0 %|94.0 %|81.0 %|3.20');
    expect(rows).toContain('factual-recall|geography|no|100|–|41.0 %|34.0 %|94.0 %|22.0 %|3.20');
  });

  it('says where no layer is found', async () => {
    const task = { ...sampleTask('a', 'b', [8, 16]), L1: 0, L3: null } as ReturnType<typeof sampleTask>;
    const page = await said({ model: 'm', tasks: [task], cells: { passed: 1, above70: 1 } }, sampleExtras());
    expect(page).toContain(
      'At no layer does the target’s own answer still come, at layer 12 most of the source’s request on the target’s text, at no layer the source’s answer;',
    );
  });

  it('warns of what is not known, was skipped or is too little, and is silent where nothing is wrong', async () => {
    const warnings = async (...args: Parameters<typeof orionReport>) =>
      named(read(await orionReport(...args)).all, 'p')
        .filter((p) => attribute(p, 'class') === 'warn')
        .map(textOf);
    expect(await warnings(sampleOrion(), sampleExtras())).toEqual([]);
    const skipped = [{ task: 'c/d', reason: 'answers begin alike' }];
    expect(await warnings(sampleOrion({ tasks: [sampleTask('a', 'b')], cells: { passed: 0, above70: 0 } }), sampleExtras({ skipped, pairs: 16 }))).toEqual([
      'The model knows none of these tasks: what becomes of patched pairs would say nothing, so no figures are drawn.',
      '1 task was skipped and counts nowhere; the reasons stand below.',
      'Only 16 pairs a layer: which tasks are known, and where L1, L2 and L3 lie, may be chance. The original takes 100 of each.',
    ]);
    expect(await said(sampleOrion(), sampleExtras({ skipped }))).toContain('answers begin alike');
  });
});
