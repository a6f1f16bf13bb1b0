import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnnotatedDocument } from './annotations.ts';
import { parseGold, parsePredictions, parseTokens } from './dygie.ts';
import { compareScierc, evaluateScierc } from './scierc.ts';

const sentences = [
  ['We', 'train', 'a', 'parser', 'for', 'tagging', '.'],
  ['It', 'beats', 'rules', '.'],
];
const goldLine = {
  doc_key: 'a',
  sentences,
  ner: [
    [
      [3, 3, 'Method'],
      [5, 5, 'Task'],
    ],
    [
      [7, 7, 'Generic'],
      [9, 9, 'Method'],
    ],
  ],
  relations: [[[3, 3, 5, 5, 'USED-FOR']], [[7, 7, 9, 9, 'COMPARE']]],
  clusters: [
    [
      [3, 3],
      [7, 7],
    ],
  ],
};
const predictedLine = {
  doc_key: 'a',
  sentences,
  predicted_ner: [
    [
      [3, 3, 'Method', 2.1],
      [5, 5, 'Method', 0.4],
    ],
    [
      [7, 7, 'Generic', 1],
      [9, 9, 'Method', 1],
    ],
  ],
  predicted_relations: [[[3, 3, 5, 5, 'USED-FOR', 0.8]], [[9, 9, 7, 7, 'COMPARE', 0.7]]],
  predicted_clusters: [
    [
      [3, 3, 0.9],
      [7, 7, 0.9],
    ],
  ],
};
const lines = (...documents: unknown[]) => documents.map((document) => JSON.stringify(document)).join('\n');
const gold = () => parseGold(lines(goldLine), 'gold.jsonl');
const predictions = () => parsePredictions(lines(predictedLine), 'out.jsonl');

describe('evaluateScierc', () => {
  it('measures a small file as the hand does', () => {
    const { task, n, metrics } = evaluateScierc(gold(), predictions());
    expect({ task, n }).toEqual({ task: 'scierc', n: 1 });
    // Entities: 3 of 4 right. Relations: USED-FOR right, COMPARE reversed: 1 of 2. Strict: "tagging" has the wrong label: 0.
    expect(metrics['entity-f1']).toBe(0.75);
    expect(metrics['span-f1']).toBe(1);
    expect(metrics['relation-f1']).toBe(0.5);
    expect(metrics['relation-strict-f1']).toBe(0);
    // Twice: gold 1 + 2, predicted 1 + 2, hits 3; strict keeps COMPARE only: 2 of 3.
    expect(metrics['relation-twice-f1']).toBe(1);
    expect(metrics['relation-twice-strict-f1']).toBeCloseTo(2 / 3, 12);
    expect(metrics['coreference-f1']).toBe(1);
  });

  it('prints what contracts name, and says its conventions', () => {
    const evaluation = evaluateScierc(gold(), predictions());
    expect(Object.keys(evaluation)).toEqual(['task', 'n', 'metrics', 'convention']);
    expect(evaluation.convention).toContain('stored order');
    expect(Object.values(evaluation.metrics).every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it('gives intervals when asked, and a paired comparison', () => {
    const { ci95 } = evaluateScierc(gold(), predictions(), { intervals: { samples: 50 } });
    expect(ci95!['entity-f1']).toEqual([0.75, 0.75]);
    expect(Object.keys(ci95!)).toContain('coreference-f1');
    expect(compareScierc(gold(), predictions(), predictions(), 'relation-f1', { samples: 50 })).toMatchObject({ value: 0, pValue: 1 });
    expect(() => compareScierc(gold(), predictions(), predictions(), 'speed')).toThrow('expected a metric, got speed');
  });

  const span = (from: number, to: number) =>
    fc.tuple(fc.integer({ min: from, max: to }), fc.integer({ min: 0, max: 2 })).map(([start, more]) => ({ start, end: Math.min(to, start + more) }));
  const document = fc.record({
    docKey: fc.constant('a'),
    sentences: fc.constant(sentences),
    entities: fc
      .uniqueArray(fc.record({ span: span(0, 6), label: fc.constantFrom('Task', 'Method') }), {
        minLength: 1,
        selector: ({ span: s }) => `${s.start}-${s.end}`,
      })
      .map((list) => list.map(({ span: s, label }) => ({ ...s, label }))),
    relations: fc.constant([]),
    clusters: fc.constant([
      [
        { start: 0, end: 0 },
        { start: 2, end: 2 },
      ],
    ]),
  });
  const withRelations = document.chain((made) =>
    fc
      .array(
        fc.record({ subject: fc.constantFrom(...made.entities), object: fc.constantFrom(...made.entities), label: fc.constantFrom('USED-FOR', 'COMPARE') }),
        { minLength: 1 },
      )
      .map((relations): AnnotatedDocument => ({ ...made, relations })),
  );

  it('law: gold measured against itself is 1 under every convention that drops nothing', () => {
    fc.assert(
      fc.property(withRelations, (made) => {
        const wrong = Object.entries(evaluateScierc([made], [made]).metrics).filter(
          ([name, value]) => !name.includes('plmarker') && Math.abs(value - 1) > 1e-12,
        );
        expect(wrong).toEqual([]);
      }),
    );
  });

  it('law: strict never exceeds plain, and a span is found wherever an entity is', () => {
    fc.assert(
      fc.property(withRelations, withRelations, (a, b) => {
        const { metrics } = evaluateScierc([a], [b]);
        expect(metrics['relation-strict-f1']!).toBeLessThanOrEqual(metrics['relation-f1']!);
        expect(metrics['relation-twice-strict-f1']!).toBeLessThanOrEqual(metrics['relation-twice-f1']!);
        expect(metrics['entity-f1']!).toBeLessThanOrEqual(metrics['span-f1']!);
      }),
    );
  });

  it('refuses files that do not belong together', () => {
    const other = parsePredictions(lines({ ...predictedLine, doc_key: 'b' }), 'out.jsonl');
    expect(() => evaluateScierc(gold(), other)).toThrow('expected predictions for gold documents only, got one for b');
    expect(() => evaluateScierc([...gold(), ...parseGold(lines({ ...goldLine, doc_key: 'b' }), 'g')], predictions())).toThrow('got none for b');
    const retokenised = parsePredictions(
      lines({ ...predictedLine, sentences: [['We', 'trained', 'a', 'parser', 'for', 'tagging', '.'], sentences[1]] }),
      'out.jsonl',
    );
    expect(() => evaluateScierc(gold(), retokenised)).toThrow("a: expected the gold document's sentences");
  });
});

describe('the prediction file', () => {
  const refused = (change: object, message: string | RegExp) =>
    expect(() => parsePredictions(`${lines(predictedLine)}\n\n${lines({ ...predictedLine, doc_key: 'c', ...change })}`, 'out.jsonl')).toThrow(message);

  it('may carry two scores a tuple, as DyGIE++ writes; the last is the score', () => {
    const [document] = parsePredictions(lines({ ...predictedLine, predicted_ner: [[[3, 3, 'Method', 7.5, 0.91]], []] }), 'out.jsonl');
    expect(document!.entities).toEqual([{ start: 3, end: 3, label: 'Method', score: 0.91 }]);
  });

  it('names line, field, what was expected and what came', () => {
    refused(
      { predicted_ner: [[[3, 'three', 'Method', 1]], []] },
      /^out\.jsonl line 3: predicted_ner\.0\.0: .*got \[3,"three","Method",1\]; prediction lines hold/,
    );
    refused({ predicted_ner: [[[3, 3, 'Method', 1]]] }, 'out.jsonl line 3: predicted_ner: expected one list for each of 2 sentences, got 1');
    refused({ predicted_ner: [[[3, 9, 'Method', 1]], []] }, 'predicted_ner[0][0]: expected 0 ≤ start ≤ end < 7, got [3, 9]');
    refused({ predicted_relations: [[], [[7, 7, 3, 3, 'COMPARE', 1]]] }, 'predicted_relations[1][0] object: expected 7 ≤ start');
    refused(
      {
        predicted_clusters: [
          [
            [3, 3],
            [20, 20],
          ],
        ],
      },
      'predicted_clusters[0][1]: expected 0 ≤ start ≤ end < 11, got [20, 20]',
    );
    refused({ predicted_clusters: undefined }, 'out.jsonl line 3: predicted_clusters');
    refused({ comment: 'hello' }, /line 3: document: Unrecognized key.*comment/);
    refused({ doc_key: 'a' }, 'out.jsonl line 3: expected every doc_key once, got "a" as in out.jsonl line 1');
  });

  it('must be JSON Lines with something in it', () => {
    expect(() => parsePredictions('{"doc_key": "a",', 'out.jsonl')).toThrow('out.jsonl line 1: expected one JSON document');
    expect(() => parsePredictions('\n \n', 'out.jsonl')).toThrow('expected at least one document, got none');
  });

  it('throws nothing but FormatError whatever the bytes', () => {
    const whole = lines(predictedLine);
    fc.assert(
      fc.property(fc.nat(whole.length), fc.string(), (cut, put) => {
        try {
          parsePredictions(whole.slice(0, cut) + put + whole.slice(cut + put.length), 'out.jsonl');
        } catch (error) {
          expect((error as { code?: string }).code).toBe('FORMAT');
        }
      }),
    );
  });

  it('as tokens never looks at gold fields', () => {
    expect(parseTokens(lines({ doc_key: 'a', sentences, ner: 'anything', clusters: 7 }), 'in.jsonl')).toEqual([{ docKey: 'a', sentences }]);
  });
});
