import { describe, expect, it } from 'vitest';
import { makeDataset } from '../dataset.ts';
import { byRole, labelsOf, type Role } from '../role.ts';
import { orionTasks } from '../tasks/builtin-tasks.ts';
import { wordTokenizer } from '../testing/tokenizers.ts';
import { floorsOf, normalise, outcomeCurves } from './curves.ts';
import { drawPairs, type OrionBaseline, type OrionPairResult } from './pairs.ts';
import { familyCells, type OrionTaskSummary, summariseModel, summariseTask } from './summary.ts';

const task = orionTasks().find(({ variant }) => variant === 'recipe')!;
const dataset = makeDataset(task, wordTokenizer());
const { prompts } = dataset;
const layers = [1, 2, 3, 4, 5, 6];
const samples = { samples: 200 };

/** A model that gives right answers half of its probability: the target's own up to layer 2, the source's request at 3 and 4, the source's answer from 5. */
const planted = ({ layer, source, target }: { layer: number; source: number; target: number }): OrionPairResult => {
  const labels = labelsOf(prompts[source]!, prompts[target]!);
  const role: Role = layer <= 2 ? 'unaffected' : layer <= 4 ? 'request_transfer' : 'output_transfer';
  const high = layer === 4 ? 0.48 : 0.5;
  const of = (own: Role) => (labels[own] === labels[role] ? high : 0.01);
  return {
    layer,
    source,
    target,
    labels,
    top: labels[role],
    softMatches: byRole((own) => labels[own] === labels[role]),
    logitDiffs: byRole((own) => (labels[own] === labels[role] ? 3 : -1)),
    probabilities: { unaffected: of('unaffected'), request_transfer: of('request_transfer'), output_transfer: of('output_transfer') },
  };
};
const knows: readonly OrionBaseline[] = prompts.map(({ answerId }) => ({ probability: 0.5, top: answerId, softMatch: true, logitDiff: 4 }));
const knowsSome = (share: number): readonly OrionBaseline[] =>
  knows.map((baseline, i) => (i < share * prompts.length ? baseline : { probability: 0.1, top: -1, softMatch: false, logitDiff: -2 }));

describe('a planted model', () => {
  const summary = summariseTask(dataset, knows, drawPairs(prompts.length, layers).map(planted), samples);

  it('shows its layers and what it transfers', () => {
    expect(summary).toMatchObject({ family: 'variable-binding', variant: 'recipe', n: 100, accuracy: 1, tokenProb: 0.5, passed: true, L1: 2, L2: 3, L3: 5 });
    expect(summary).toMatchObject({ softMatch: 1, logitDiff: 4 });
    expect(summary.requestTransfer).toEqual({ max: 1, ci95: [1, 1], separable: 1, accuracy: 1, softMatch: 1, logitDiff: 0.75 });
    expect(Object.values(summary.curves!).map((curve) => curve.map(({ layer }) => layer))).toEqual([layers, layers, layers]);
  });

  it('has curves that never fall below their floors, and none on separable pairs', () => {
    const { requestIsUnaffected, requestIsOutput } = summary.floors!;
    expect(Math.abs(requestIsUnaffected - 1 / 3)).toBeLessThan(0.07);
    expect(Math.abs(requestIsOutput - 0.12)).toBeLessThan(0.05);
    const { tokenProb, separable, separablePairs, accuracy } = summary.curves!.request_transfer[0]!;
    expect(tokenProb.value).toBeGreaterThan(0.2);
    expect(tokenProb.low).toBeLessThan(tokenProb.value);
    expect(tokenProb.high).toBeGreaterThan(tokenProb.value);
    expect(separable!.value).toBeCloseTo(0.02, 12);
    expect(separablePairs).toBeGreaterThan(40);
    expect(separablePairs).toBeLessThan(75);
    expect(Math.abs(accuracy!.value)).toBeLessThan(0.15);
  });

  it('gives the same figures whatever order pairs come in', () => {
    const results = drawPairs(prompts.length, layers).map(planted);
    const { curves: _, ...figures } = summary; // intervals draw by place
    expect(summariseTask(dataset, knows, results.toReversed(), samples)).toMatchObject(figures);
  });

  it('is written as JSON without loss', () => {
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  });
});

describe('a variant', () => {
  it('passes strictly above 0.7', () => {
    expect(summariseTask(dataset, knowsSome(0.7), []).passed).toBe(false);
    expect(summariseTask(dataset, knowsSome(0.71), []).passed).toBe(true);
  });

  it('that nobody swept has nulls', () => {
    expect(summariseTask(dataset, knowsSome(0.5), [])).toMatchObject({
      accuracy: 0.5,
      tokenProb: expect.closeTo(0.3, 12),
      L1: null,
      L2: null,
      L3: null,
      requestTransfer: null,
      curves: null,
    });
  });

  it('has no accuracy curve where the model is no better than guesses', () => {
    const { curves } = summariseTask(dataset, knowsSome(0.2), drawPairs(100, [1]).map(planted), samples);
    expect(curves!.unaffected[0]).toMatchObject({ accuracy: null, tokenProb: { value: expect.any(Number) } });
  });

  it('is held to its dataset', () => {
    expect(() => summariseTask(dataset, knows.slice(1), [])).toThrow(/^orion variable-binding\/recipe: expected a baseline for each of 100 prompts, got 99$/);
    const [pair] = drawPairs(100, [1]).map(planted);
    expect(() => summariseTask(dataset, knows, [{ ...pair!, target: 100 }])).toThrow(/expected pairs of 100 prompts, got one of \d+ and 100; /);
    expect(() => summariseTask(dataset, [{ probability: Number.NaN, top: 0, softMatch: false, logitDiff: null }, ...knows.slice(1)], [])).toThrow(
      /expected probabilities from 0 to 1, got NaN; /,
    );
  });
});

describe('cells', () => {
  const swept = summariseTask(dataset, knows, drawPairs(100, [1]).map(planted), samples);
  const known = (family: string, variant: string, max: number): OrionTaskSummary => {
    if (!swept.curves) throw new Error('expected a sweep');
    return { ...swept, family, variant, requestTransfer: { ...swept.requestTransfer, max, ci95: [max, max] } };
  };
  const unknown = (family: string, variant: string): OrionTaskSummary => ({ ...summariseTask(dataset, knowsSome(0.5), []), family, variant });

  it('are means over the variants that the model knows; families without one are none', () => {
    const tasks = [known('a', '1', 0.9), known('a', '2', 0.7), unknown('a', '3'), known('b', '1', 0.7), unknown('c', '1'), known('d', '1', 0.2)];
    const cells = familyCells(tasks);
    expect([...cells.keys()]).toEqual(['a', 'b', 'd']);
    expect(cells.get('a')).toBeCloseTo(0.8, 12);
    expect(summariseModel('tiny', tasks)).toEqual({ model: 'tiny', tasks, cells: { passed: 3, above70: 1 } });
  });

  it('need a sweep of what the model knows', () => {
    expect(() => summariseModel('tiny', [summariseTask(dataset, knows, [])])).toThrow(/expected a sweep of a task that the model knows, got none/);
  });
});

describe('figures by hand', () => {
  const result = (
    layer: number,
    [unaffected, request_transfer, output_transfer]: readonly [number, number, number],
    p: number,
    top: number,
  ): OrionPairResult => ({
    layer,
    source: 0,
    target: 1,
    labels: { unaffected, request_transfer, output_transfer },
    probabilities: { unaffected: p, request_transfer: p / 2, output_transfer: p / 4 },
    top,
    softMatches: { unaffected: true, request_transfer: top === 2, output_transfer: false },
    logitDiffs: { unaffected: p, request_transfer: layer === 2 ? null : p - 1, output_transfer: null },
  });
  const results = [result(2, [1, 2, 3], 0.4, 1), result(2, [1, 1, 3], 0.2, 1), result(1, [1, 2, 2], 0.6, 2), result(1, [1, 2, 1], 0.2, 9)];

  it('are means over the baseline, with guesses taken off accuracy', () => {
    const curves = outcomeCurves(results, { tokenProb: 0.5, accuracy: 0.9, softMatch: 0.5, logitDiff: 2, guess: 0.3 }, samples);
    const values = (role: Role) => curves[role].map(({ layer, tokenProb, separablePairs }) => [layer, tokenProb.value, separablePairs]);
    expect(values('unaffected').map(([layer, value, pairs]) => [layer, Number(value!.toFixed(9)), pairs])).toEqual([
      [1, 0.8, 0],
      [2, 0.6, 1],
    ]);
    expect(curves.unaffected[1]!.accuracy!.value).toBeCloseTo((1 - 0.3) / 0.6, 12);
    expect(curves.request_transfer[0]!.accuracy!.value).toBeCloseTo((0.5 - 0.3) / 0.6, 12);
    // (2/2 − 0.3) / (0.5 − 0.3), and of one pair of two.
    expect(curves.unaffected[0]!.softMatch!.value).toBeCloseTo(3.5, 12);
    expect(curves.request_transfer[0]!.softMatch!.value).toBeCloseTo(1, 12);
    expect(curves.request_transfer[0]!.logitDiff!.value).toBeCloseTo((0.6 - 1 + 0.2 - 1) / 2 / 2, 12);
    expect([curves.request_transfer[1]!.logitDiff, curves.output_transfer[0]!.logitDiff]).toEqual([null, null]);
    const weak = outcomeCurves(results, { tokenProb: 0.5, accuracy: 0.9, softMatch: 0.2, logitDiff: -1, guess: 0.3 }, samples);
    expect([weak.unaffected[0]!.softMatch, weak.unaffected[0]!.logitDiff]).toEqual([null, null]);
    expect(curves.output_transfer[0]!.separable).toBeNull();
    expect(curves.output_transfer[1]!.separable!.value).toBeCloseTo(0.2, 12);
  });

  it('normalise to 1 what nothing was done to and to 0 a guess', () => {
    expect([normalise(0.8, 0.8, 0.3), normalise(0.3, 0.8, 0.3), normalise(0.4, 0.8)]).toEqual([1, 0, 0.5]);
    expect(normalise(0.3, 0.3, 0.3)).toBeUndefined();
    expect(() => outcomeCurves(results, { tokenProb: 0, accuracy: 1, softMatch: 1, logitDiff: 1, guess: 0 })).toThrow(RangeError);
  });

  it('count pairs that cannot be told apart', () => {
    expect(floorsOf(results)).toEqual({ requestIsUnaffected: 0.25, requestIsOutput: 0.25 });
    expect(() => floorsOf([])).toThrow(RangeError);
  });
});
