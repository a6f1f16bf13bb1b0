import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, gradients, inOrder, input, isInput, isParameter, type Node, nameOf, type Tensor, tensor } from '../../../core/index.ts';
import { numbersOf, type TensorData } from '../../../runtime/index.ts';
import { hashOf, uniformOf } from '../../../train/index.ts';
import { gridOf } from '../grid.ts';
import { tinyConfig, tinyDocument, tinyEncoder, tinyRows, tinySpecial, tinyValue } from '../testing/tiny-reader.ts';
import { trainingFeeds } from '../training-batch.ts';
import { between } from './between.ts';
import { coreferenceLoss, relationLoss } from './losses.ts';
import { spanScores, widthTable } from './span-scores.ts';
import { trainingGraph, wordInputs } from './training-graph.ts';
import { wordStates } from './word-states.ts';

const valueIn = (data: TensorData): Tensor => ({ shape: data.shape, data: numbersOf(data) });
const named = (feeds: Readonly<Record<string, TensorData>>): Map<Node | string, Tensor> =>
  new Map(Object.entries(feeds).map(([name, data]) => [name, valueIn(data)]));
const int = (name: string, shape: (string | number)[]) => input(name, shape, 'int64');
const random = (seed: number, shape: number[]): Tensor =>
  tensor(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 2 * uniformOf(seed, i) - 1),
  );

const rows = tinyRows([tinyDocument(1, [5, 3]), tinyDocument(2, [4])]);

describe('span scores', () => {
  it.each(['scatter', 'product'] as const)('are what an unfactored first layer gives for every span, words summed by %s', (by) => {
    const { hidden: width } = tinyEncoder;
    const grid = gridOf(rows, tinyConfig.widths, tinySpecial);
    const [batch, seq] = grid.feeds.ids.shape as [number, number];
    const hidden = input('hidden', ['batch', 'seq', width]);
    const scores = spanScores(wordStates(hidden, wordInputs(tinyConfig), { by }), widthTable(tinyConfig), tinyConfig);
    const roots = [scores.entity, scores.relationMention, scores.coreferenceMention];
    const weights = new Map(
      inOrder(roots)
        .filter(isParameter)
        .map((node) => [nameOf(node), valueIn(tinyValue(node, 3))]),
    );
    const states = random(5, [batch, seq, width]);
    const found = evaluate(
      roots,
      new Map<Node | string, Tensor>([
        ...named({ tokenWord: grid.feeds.tokenWord, wordFirst: grid.feeds.wordFirst, wordLast: grid.feeds.wordLast }),
        ...weights,
        ['hidden', states],
      ]),
    );

    const weight = (name: string) => weights.get(name)!;
    const matrix = (name: string, x: number[]) => {
      const { shape, data } = weight(name);
      return Array.from({ length: shape[0]! }, (_, o) => x.reduce((sum, v, i) => sum + v * data[o * shape[1]! + i]!, 0));
    };
    const plus = (a: number[], b: ArrayLike<number>) => a.map((v, i) => v + b[i]!);
    const token = (flat: number) => Array.from(states.data.subarray(flat * width, (flat + 1) * width));
    const [first, last] = [numbersOf(grid.feeds.wordFirst), numbersOf(grid.feeds.wordLast)];
    for (const { start, end } of grid.sentences)
      for (let word = start; word < end; word++)
        for (let k = 0; k < tinyConfig.widths && word + k < end; k++) {
          const tokens = Array.from({ length: last[word + k]! - first[word]! + 1 }, (_, i) => token(first[word]! + i));
          const e = tokens.map((h) => Math.exp(matrix('spans.attention.weight', h)[0]!));
          const total = e.reduce((a, b) => a + b, 0);
          const head = tokens.reduce(
            (sum, h, i) =>
              plus(
                sum,
                h.map((v) => (v * e[i]!) / total),
              ),
            new Array<number>(width).fill(0),
          );
          const { features } = tinyConfig;
          const widths = Array.from(weight('spans.width.weight').data.subarray(k * features, (k + 1) * features));
          // W g with g whole: [start; end; head; width]
          const layer = [
            matrix('spans.start.weight', tokens[0]!),
            matrix('spans.end.weight', tokens.at(-1)!),
            matrix('spans.head.weight', head),
            matrix('spans.up.weight', widths),
          ];
          const up = plus(layer.reduce(plus), weight('spans.up.bias').data).map((v) => Math.max(0, v));
          for (const [i, name] of ['entity', 'relationMention', 'coreferenceMention'].entries()) {
            const own = up.slice(i * tinyConfig.ffn, (i + 1) * tinyConfig.ffn);
            const inner = plus(matrix(`spans.${name}.inner.weight`, own), weight(`spans.${name}.inner.bias`).data).map((v) => Math.max(0, v));
            const out = plus(matrix(`spans.${name}.out.weight`, inner), weight(`spans.${name}.out.bias`).data);
            const cell = word * tinyConfig.widths + k;
            for (const [j, v] of out.entries()) expect(found[i]!.data[cell * out.length + j]).toBeCloseTo(v, 9);
          }
        }
  });
});

describe('between', () => {
  it('is the maximum over the range, element by element, and zero where there is none', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        (count, pairs, seed) => {
          const states = random(seed, [count, 2]);
          const ranges = pairs.map(([a, b]) => [Math.min(a, count), Math.min(b, count)] as const);
          const [found] = evaluate(
            [between(input('states', ['tokens', 2]), int('left', ['pairs']), int('right', ['pairs']))],
            new Map<Node | string, Tensor>([
              ['states', states],
              [
                'left',
                tensor(
                  [pairs.length],
                  ranges.map(([left]) => left),
                ),
              ],
              [
                'right',
                tensor(
                  [pairs.length],
                  ranges.map(([, right]) => right),
                ),
              ],
            ]),
          );
          for (const [i, [left, right]] of ranges.entries())
            for (const column of [0, 1]) {
              const within = Array.from({ length: Math.max(0, right - left) }, (_, t) => states.data[(left + t) * 2 + column]!);
              expect(found!.data[i * 2 + column]! + 0).toBe(within.length === 0 ? 0 : Math.max(...within));
            }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('losses', () => {
  it('sum over the right antecedents, and take null where there is none', () => {
    // three mentions; 2 and 3 are of one cluster, the pairs (1,0), (2,0), (2,1) score 0.5, -1, 2
    const scores = tensor([16], [0, 0.5, -1, 2, ...new Array<number>(12).fill(9)]);
    const [loss] = evaluate(
      [
        coreferenceLoss(input('scores', [16]), int('clusters', [3]), {
          pairs: int('pairs', [3, 2]),
          slots: int('slots', [3, 2]),
          mask: input('mask', [3, 2], 'bool'),
        }),
      ],
      new Map<Node | string, Tensor>([
        ['scores', scores],
        ['clusters', tensor([3], [0, 7, 7])],
        ['pairs', tensor([3, 2], [0, 0, 1, 0, 3, 2])],
        ['slots', tensor([3, 2], [0, 0, 0, 0, 1, 0])],
        ['mask', tensor([3, 2], [0, 0, 1, 0, 1, 1])],
      ]),
    );
    const second = Math.log(1 + Math.exp(0.5)); // null is right
    const third = Math.log(1 + Math.exp(2) + Math.exp(-1)) - 2; // the mention before is right
    expect(loss!.data[0]).toBeCloseTo(second + third, 9);
  });

  it('find the gold pair among the tiles and take null elsewhere', () => {
    const scores = random(2, [16, 7]);
    const mask = tensor(
      [1, 4, 4],
      Array.from({ length: 16 }, (_, i) => (i % 4 < 2 && i < 8 ? 1 : 0)),
    ); // a beam of two
    const [loss] = evaluate(
      [
        relationLoss(
          input('scores', [16, 7]),
          int('cells', ['slots']),
          { subjects: int('rows', [1, 4]), objects: int('columns', [1, 4]), mask: input('mask', [1, 4, 4], 'bool') },
          { subjects: int('goldSubjects', ['gold']), objects: int('goldObjects', ['gold']), labels: input('goldLabels', ['gold']) },
        ),
      ],
      new Map<Node | string, Tensor>([
        ['scores', scores],
        ['cells', tensor([2], [30, 12])],
        ['rows', tensor([1, 4], [0, 1, 1, 1])],
        ['columns', tensor([1, 4], [0, 1, 1, 1])],
        ['mask', mask],
        ['goldSubjects', tensor([2], [12, 99])],
        ['goldObjects', tensor([2], [30, 12])],
        ['goldLabels', tensor([2], [5, 1])],
      ]),
    );
    const row = (cell: number) => [0, ...scores.data.subarray(cell * 7, cell * 7 + 7)];
    const cost = (cell: number, label: number) => Math.log(row(cell).reduce((sum, v) => sum + Math.exp(v), 0)) - row(cell)[label]!;
    // cells 0 (a,a), 1 (a,b), 4 (b,a): the gold one, 5 (b,b)
    expect(loss!.data[0]).toBeCloseTo(cost(0, 0) + cost(1, 0) + cost(4, 5) + cost(5, 0), 9);
  });
});

describe('the loss of a batch', () => {
  it('has the gradient that finite differences show', () => {
    const { loss } = trainingGraph(tinyEncoder, tinyConfig, { entity: 1, relation: 2, coreference: 0.5 }, { words: 0, encoder: 0, tokens: 0, hidden: 0 });
    const nodes = inOrder([loss]);
    const weights = nodes.filter(isParameter).filter((node) => node.dtype === 'float32');
    const feeds = { ...trainingFeeds(rows, tinyConfig, tinySpecial), lossScale: { dtype: 'float32', shape: [], data: Float32Array.of(0.5) } } as Record<
      string,
      TensorData
    >;
    const wanted = new Set(nodes.filter(isInput).map(nameOf));
    expect(Object.keys(feeds).filter((name) => !wanted.has(name))).toEqual(['relationArguments']); // for relations alone
    const bound = new Map<Node | string, Tensor>([
      ...named(feeds),
      ...nodes.filter(isParameter).map((node) => [nameOf(node), valueIn(tinyValue(node, 11))] as const),
    ]);
    const found = evaluate(gradients(loss, weights), bound);
    const step = 1e-6;
    const along = (sign: number): number => {
      const moved = new Map(bound);
      for (const [k, node] of weights.entries()) {
        const { shape, data } = bound.get(nameOf(node))!;
        moved.set(nameOf(node), { shape, data: data.map((v, i) => v + sign * step * (2 * uniformOf(hashOf(k), i) - 1)) });
      }
      return evaluate([loss], moved)[0]!.data[0]!;
    };
    const predicted = found.reduce((sum, { data }, k) => sum + data.reduce((inner, v, i) => inner + v * (2 * uniformOf(hashOf(k), i) - 1), 0), 0);
    const measured = (along(1) - along(-1)) / (2 * step);
    expect(predicted).toBeCloseTo(measured, 4);
    expect(Math.abs(measured)).toBeGreaterThan(0.1);
  });

  it('has the spans of gold relations in the beams where relations are learnt alone', () => {
    const { loss } = trainingGraph(tinyEncoder, tinyConfig, { entity: 0, relation: 1, coreference: 0 }, { words: 0, encoder: 0, tokens: 0, hidden: 0 });
    const feeds = { ...trainingFeeds(rows, tinyConfig, tinySpecial), lossScale: { dtype: 'float32', shape: [], data: Float32Array.of(1) } } as Record<
      string,
      TensorData
    >;
    const lossOf = (given: Record<string, TensorData>): number => {
      const nodes = inOrder([loss]);
      const bound = [...named(given), ...nodes.filter(isParameter).map((node) => [nameOf(node), valueIn(tinyValue(node, 11))] as const)];
      return evaluate([loss], new Map<Node | string, Tensor>(bound))[0]!.data[0]!;
    };
    const { goldLabels: labels, relationArguments: marks } = feeds as { goldLabels: TensorData; relationArguments: TensorData };
    // A pair outside the beams costs nothing, whatever its label.
    const seen = (given: Record<string, TensorData>): number =>
      [...labels.data.keys()].filter((k) => {
        const relabelled = Float32Array.from(labels.data as Float32Array);
        relabelled[k] = 1 + (relabelled[k]! % 7);
        return lossOf({ ...given, goldLabels: { ...labels, data: relabelled } }) !== lossOf(given);
      }).length;
    expect(seen(feeds)).toBeGreaterThan(seen({ ...feeds, relationArguments: { ...marks, data: new Uint8Array(marks.data.length) } }));
  });
});
