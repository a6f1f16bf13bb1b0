import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admission, findOverlaps, rougeL, wordsOf } from './index.ts';

const letters = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const text = (max: number) => fc.array(letters, { maxLength: max }).map((words) => words.join(' '));

describe('wordsOf', () => {
  it('are lower case without punctuation, one a character where writing has no spaces', () => {
    expect(wordsOf("Don't STOP—now, “Café” no. 3!\n_x_")).toEqual(['dont', 'stop', 'now', 'café', 'no', '3', 'x']);
    expect(wordsOf('東京 is はい')).toEqual(['東', '京', 'is', 'は', 'い']);
    expect(wordsOf('... !?')).toEqual([]);
  });
});

describe('findOverlaps', () => {
  const question = 'Which river flows through the city of Paris and then on to the sea at Le Havre?';
  const evaluation = [
    { id: 'e1', text: question },
    { id: 'e2', text: 'Who wrote the Iliad, then?' },
    { id: 'e3', text: 'Who?' },
  ];

  it('finds 13 words in a row, and short items as a whole', () => {
    const found = findOverlaps(
      [
        { id: 't1', text: `So: which RIVER flows through the city of "Paris" and then on to the lake?` },
        { id: 't2', text: 'which river flows through the city of Rome and then on to the sea at Ostia' },
        { id: 't3', text: 'Tell me: who wrote the Iliad then? Who?' },
      ],
      evaluation,
    );
    expect(found).toEqual([
      { trainingId: 't1', evaluationId: 'e1', shared: 'which river flows through the city of paris and then on to the' },
      { trainingId: 't3', evaluationId: 'e2', shared: 'who wrote the iliad then' },
    ]);
  });

  it('leaves out runs that are the wording of many items', () => {
    const wording = 'Please read the following sentence with care and say whether its mood is good or bad:';
    const items = Array.from({ length: 4 }, (_, i) => ({ id: `e${i}`, text: `${wording} sentence ${i}` }));
    const training = [{ id: 't', text: `${wording} sentence 2` }];
    expect(findOverlaps(training, items)).toEqual([{ trainingId: 't', evaluationId: 'e2', shared: wordsOf(training[0]!.text).slice(-13).join(' ') }]);
    expect(findOverlaps(training, items, { common: 4 })).toHaveLength(4);
    // A word of its own at the end of a wording is not what an item asks.
    const asked = ['The hub gets hot', 'The order was charged twice', 'The parcel never came'].map((own, i) => ({
      id: `a${i}`,
      text: `${wording} ${own} today`,
    }));
    const others = [...items, ...asked];
    expect(findOverlaps([{ id: 't', text: `${wording} The lamp is on` }], others)).toEqual([]);
    expect(findOverlaps([{ id: 't', text: `${wording} the hub gets hot today` }], others).map(({ evaluationId }) => evaluationId)).toEqual(['a0']);
  });

  it('finds just what comparing all with all does', () => {
    fc.assert(
      fc.property(fc.array(text(14), { maxLength: 6 }), fc.array(text(10), { maxLength: 5 }), fc.integer({ min: 1, max: 5 }), (training, items, n) => {
        const named = (texts: readonly string[]) => texts.map((text, i) => ({ id: `${i}`, text }));
        const expected = training.flatMap((own, i) =>
          items.flatMap((item, j) => {
            const words = item.split(' ').filter((word) => word !== '');
            const length = Math.min(n, words.length);
            if (words.length < Math.min(n, 3)) return [];
            const runs = Array.from({ length: words.length - length + 1 }, (_, at) => words.slice(at, at + length).join(' '));
            return runs.some((run) => ` ${own} `.includes(` ${run} `)) ? [`${i} ${j}`] : [];
          }),
        );
        const found = findOverlaps(named(training), named(items), { n, shortest: 3, common: 99 });
        expect(found.map(({ trainingId, evaluationId }) => `${trainingId} ${evaluationId}`).sort()).toEqual(expected.sort());
        for (const { trainingId, shared } of found) expect(` ${training[Number(trainingId)]} `).toContain(` ${shared} `);
      }),
    );
  });
});

describe('admission', () => {
  it('refuses by length, phrases and overlap', () => {
    const admit = admission();
    expect(admit('Write a short poem about the sea in spring.')).toEqual({ admitted: true });
    expect(admit('write a short poem about the sea in autumn')).toEqual({
      admitted: false,
      reason: 'overlap',
      detail: '0.89 with "Write a short poem about the sea in spring."',
    });
    expect(admit('Name three rivers')).toMatchObject({ admitted: false, reason: 'length' });
    expect(admit('word '.repeat(151))).toMatchObject({ admitted: false, reason: 'length' });
    expect(admit('Please draw me a nice house')).toEqual({ admitted: false, reason: 'phrase', detail: 'draw' });
    expect(admit('Now go to the next page please')).toMatchObject({ detail: 'go to' });
    expect(admit('Name a drawback of the graphical method')).toEqual({ admitted: true });
  });

  it('has the ROUGE-L of its definition', () => {
    expect(rougeL(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'd'])).toBe(0.75);
    expect(rougeL(['a', 'b', 'c'], ['c', 'b', 'a'])).toBeCloseTo(1 / 3, 12);
    expect(rougeL([], ['a'])).toBe(0);
  });

  it('decides as comparing with every admitted text does', () => {
    fc.assert(
      fc.property(fc.array(text(9), { maxLength: 25 }), fc.constantFrom(0.3, 0.5, 0.7, 0.9, 1), (texts, overlap) => {
        const admit = admission({ overlap, leastWords: 1, refused: [] });
        const admitted: string[][] = [];
        for (const one of texts) {
          const words = wordsOf(one);
          const expected = words.length > 0 && admitted.every((other) => rougeL(words, other) <= overlap);
          expect(admit(one).admitted).toBe(expected);
          if (expected) admitted.push(words);
        }
      }),
    );
  });
});
