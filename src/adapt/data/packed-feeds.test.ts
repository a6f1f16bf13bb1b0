import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, input, mul, type Node, sum, type Tensor, tensor } from '../../core/index.ts';
import { type CausalFixture, causalFixture } from '../../models/testing/causal-fixture.ts';
import { causalInputs, softmaxCrossEntropy } from '../../nn/index.ts';
import { numbersOf } from '../../runtime/index.ts';
import { countLabels, type PackedFeeds, type PackedFeedsOptions, packedFeeds, packRows, type TokenText } from './index.ts';

const textArbitrary = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.boolean()), { minLength: 2, maxLength: 12 })
  .map((tokens): TokenText => ({ id: 'x', kind: tokens[0]![0] % 3, ids: tokens.map(([id]) => id), answer: tokens.map(([, learnt]) => learnt) }));
const textsArbitrary = fc.array(textArbitrary, { minLength: 1, maxLength: 9 }).filter((texts) => texts.some((text) => countLabels(text) > 0));
const rowsOf = (texts: readonly TokenText[], together = true): TokenText[][] =>
  packRows(
    texts.map(({ ids }) => ids.length),
    { length: 24, seed: 3, epoch: 0, together },
  ).map((row) => row.map((i) => texts[i]!));
const numbers = (feeds: PackedFeeds, name: string): number[] => [...numbersOf(feeds[name]!)];
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('packedFeeds', () => {
  it('hold every token and every label once, each label behind a row of its own text', () => {
    fc.assert(
      fc.property(textsArbitrary, fc.constantFrom(1, 2, 99), fc.constantFrom('labels' as const, 'texts' as const), (texts, microRows, weighting) => {
        const rows = rowsOf(texts);
        const parts = packedFeeds(rows, { microRows, weighting, seqBucket: 8, labelBucket: 4 });
        expect(parts).toHaveLength(Math.ceil(rows.length / microRows));
        const found: { ids: number[]; learnt: number[]; kind: number }[] = [];
        let weight = 0;
        for (const feeds of parts) {
          const [ids, positions, segments, places, labels, weights, kinds] = ['ids', 'positions', 'segments', 'rows', 'labels', 'weights', 'kinds'].map(
            (name) => numbers(feeds, name),
          ) as [number[], number[], number[], number[], number[], number[], number[]];
          const [batch, seq] = feeds.ids.shape as [number, number];
          expect([seq % 8, labels.length % 4, feeds.membership.shape]).toEqual([0, 0, [kinds.length, batch, seq]]);
          const owner = new Map<number, number>(); // place → text
          const base = found.length;
          let started = 0; // texts of the row so far
          for (let at = 0; at < batch * seq; at++) {
            if (at % seq === 0) started = 0;
            if (segments[at] === -1) {
              expect([ids[at], positions[at]]).toEqual([0, 0]);
              continue;
            }
            if (positions[at] === 0) {
              found.push({ ids: [], learnt: [], kind: kinds[found.length - base]! });
              started++;
            }
            const own = found.at(-1)!;
            expect(positions[at]).toBe(own.ids.length);
            expect(segments[at]).toBe(started - 1);
            own.ids.push(ids[at]!);
            owner.set(at, found.length - 1);
          }
          for (const [i, place] of places.entries()) {
            if (weights[i] === 0) {
              expect([place, labels[i]]).toEqual([0, 0]);
              continue;
            }
            expect(owner.get(place)).toBe(owner.get(place + 1));
            expect(ids[place + 1]).toBe(labels[i]);
            found[owner.get(place)!]!.learnt.push(positions[place]! + 1);
          }
          weight += total(weights);
          const members = numbers(feeds, 'membership');
          for (const [sample, _] of kinds.entries()) {
            const own = members.slice(sample * batch * seq, (sample + 1) * batch * seq);
            expect(total(own)).toBeCloseTo(1, 5);
            expect(own.flatMap((value, at) => (value > 0 ? [at] : []))).toEqual([...owner].flatMap(([at, text]) => (text === base + sample ? [at] : [])));
          }
        }
        expect(found).toEqual(rows.flat().map(({ ids, answer, kind }) => ({ ids, kind, learnt: answer.flatMap((learnt, i) => (learnt && i > 0 ? [i] : [])) })));
        expect(weight).toBeCloseTo(1, 5);
      }),
    );
  });

  it('weigh labels alike, or texts', () => {
    const text = (labels: number): TokenText => ({ id: 'x', kind: -1, ids: [1, 2, 3, 4, 5], answer: [1, 2, 3, 4, 5].map((_, i) => i >= 5 - labels) });
    const weights = (weighting: 'labels' | 'texts') => numbers(packedFeeds([[text(1), text(4)]], { weighting, labelBucket: 1 })[0]!, 'weights');
    expect(weights('labels').map((weight) => weight.toFixed(4))).toEqual(Array(5).fill('0.2000'));
    expect(weights('texts')).toEqual([0.5, 0.125, 0.125, 0.125, 0.125]);
    expect(packedFeeds([[text(2)]])[0]!).toMatchObject({ ids: { shape: [1, 64] }, rows: { shape: [32] }, kinds: { data: BigInt64Array.of(-1n) } });
    expect(() => packedFeeds([[text(0)]])).toThrow(/expected texts with an answer, got none/);
    expect(() => packedFeeds([])).toThrow(/got none/);
  });

  it('count tokens by mean length, one by one, or with their padding', () => {
    const text: TokenText = { id: 'x', kind: 0, ids: [1, 2, 3, 4], answer: [false, true, true, true] };
    const members = (rows: TokenText[][], membership: NonNullable<PackedFeedsOptions['membership']>) =>
      numbers(packedFeeds(rows, { membership, seqBucket: 6 })[0]!, 'membership');
    expect(members([[text]], 'mean')).toEqual([0.25, 0.25, 0.25, 0.25, 0, 0]);
    expect(members([[text]], 'sum')).toEqual([1, 1, 1, 1, 0, 0]);
    expect(members([[text], [text]], 'padded')).toEqual([...Array(6).fill(1), ...Array(12).fill(0), ...Array(6).fill(1)]);
    expect(() => members([[text, text]], 'padded')).toThrow(/rows of one text each/);
  });
});

describe.each(['llama', 'gpt2'])('the loss of %s', (family) => {
  const tensors = (feeds: PackedFeeds): [string, Tensor][] => Object.entries(feeds).map(([name, value]) => [name, tensor(value.shape, [...numbersOf(value)])]);

  it('through packed rows, in parts and in one, is that of each text alone', async () => {
    const fixture: CausalFixture = await causalFixture(family);
    const { member, weights } = fixture;
    const vocab = member.config.vocab;
    const texts = [5, 9, 3, 12, 7, 2].map((length, k): TokenText => {
      const ids = Array.from({ length }, (_, i) => (17 * k + 7 * i * i + 3) % vocab);
      return { id: `${k}`, kind: 0, ids, answer: ids.map((_, i) => i > 0 && i >= length / 3) };
    });
    const packed = causalInputs(member.config, { mask: false, segments: true, rows: true });
    const each = softmaxCrossEntropy(member.build(packed).logits, input('labels', ['rows'], 'int64'));
    const loss: Node = sum(mul(each, input('weights', ['rows'])), [0]);
    const alone = causalInputs(member.config, { mask: false, rows: true });
    const lone = softmaxCrossEntropy(member.build(alone).logits, input('labels', ['rows'], 'int64'));
    const costs = texts.map(({ ids, answer }) => {
      const learnt = answer.flatMap((own, i) => (own ? [i] : []));
      const given = new Map(weights)
        .set('ids', tensor([1, ids.length], ids))
        .set('positions', tensor([1, ids.length], [...ids.keys()]))
        .set(
          'rows',
          tensor(
            [learnt.length],
            learnt.map((i) => i - 1),
          ),
        )
        .set(
          'labels',
          tensor(
            [learnt.length],
            learnt.map((i) => ids[i]!),
          ),
        );
      return [...evaluate([lone], given)[0]!.data];
    });
    const expected = { labels: total(costs.flat()) / costs.flat().length, texts: total(costs.map((own) => total(own) / own.length)) / costs.length };
    for (const weighting of ['labels', 'texts'] as const)
      for (const microRows of [1, 99]) {
        const parts = packedFeeds(rowsOf(texts), { weighting, microRows, seqBucket: 8 });
        const got = total(parts.map((feeds) => evaluate([loss], new Map([...weights, ...tensors(feeds)]))[0]!.data[0]!));
        expect(Math.abs(got - expected[weighting]), `${weighting} ${microRows}`).toBeLessThan(1e-6);
      }
  });
});
