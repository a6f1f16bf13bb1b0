import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, gradients, inOrder, isParameter, type Node, nameOf, type Tensor } from '../../core/index.ts';
import { numbersOf, type TensorData } from '../../runtime/index.ts';
import { hashOf } from '../../train/index.ts';
import { maskedFeeds, maskWords, type SubwordText } from './masked-batch.ts';
import { maskedLanguageGraph } from './network/masked-language-graph.ts';
import { tinyEncoder, tinySpecial, tinyValue } from './testing/tiny-reader.ts';

const [maskId, vocab] = [49, tinyEncoder.vocab];
const options = { masked: 0.15, maskId, vocab };

/** Words of one to three subwords; no subword is [MASK] itself. */
const madeUp = (seed: number, words: number): SubwordText => {
  const [ids, first]: [number[], number[]] = [[], []];
  for (let word = 0; word < words; word++) {
    first.push(ids.length);
    for (let i = 0; i <= hashOf(seed, word) % 3; i++) ids.push(3 + (hashOf(seed, word, i) % 46));
  }
  return { ids: Int32Array.from(ids), words: Int32Array.from(first) };
};

const texts = fc.record({ seed: fc.nat(1e6), words: fc.integer({ min: 1, max: 200 }) });

describe('masking', () => {
  it('is a function of text and key, takes whole words, and hides nothing else', () => {
    fc.assert(
      fc.property(texts, fc.nat(1e6), ({ seed, words }, key) => {
        const text = madeUp(seed, words);
        const { ids, positions } = maskWords(text, options, [key, 0]);
        expect(maskWords(text, options, [key, 0])).toEqual({ ids, positions });
        const chosen = new Set(positions);
        expect(positions).toEqual([...chosen].sort((a, b) => a - b));
        for (let at = 0; at < ids.length; at++) if (!chosen.has(at)) expect(ids[at]).toBe(text.ids[at]);
        for (const [word, start] of text.words.entries()) {
          const inWord = Array.from({ length: (text.words[word + 1] ?? ids.length) - start }, (_, i) => chosen.has(start + i));
          expect(new Set(inWord).size).toBe(1);
        }
        // A word of three may stand where less was wanted; a last subword may find no word as short.
        expect(Math.abs(positions.length - Math.max(1, Math.round(0.15 * ids.length)))).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('hides 15 %: four in five behind [MASK], one in ten behind another subword, one in ten not at all; anew in every epoch', () => {
    let [subwords, hidden, masks, same] = [0, 0, 0, 0];
    for (let document = 0; document < 400; document++) {
      const text = madeUp(document, 150);
      const { ids, positions } = maskWords(text, options, [7, 0, document]);
      subwords += ids.length;
      hidden += positions.length;
      masks += positions.filter((at) => ids[at] === maskId).length;
      same += positions.filter((at) => ids[at] === text.ids[at]).length;
      expect(maskWords(text, options, [7, 1, document]).positions).not.toEqual(positions);
    }
    expect(hidden / subwords).toBeCloseTo(0.15, 2);
    expect(masks / hidden).toBeCloseTo(0.8 + 0.1 / vocab, 1);
    expect(same / hidden).toBeCloseTo(0.1 + 0.1 / vocab, 1);
  });
});

const feedsFor = (list: readonly SubwordText[]) =>
  maskedFeeds(
    list.map((text, i) => ({ ids: text.ids, masking: maskWords(text, options, [3, i]) })),
    tinySpecial,
  );

describe('a batch', () => {
  it('asks for the original subwords at the places that are masked', () => {
    const list = [madeUp(1, 20), madeUp(2, 9)];
    const { feeds, masked } = feedsFor(list);
    const [batch, seq] = feeds['ids']!.shape as [number, number];
    expect([batch, seq]).toEqual([2, Math.max(...list.map(({ ids }) => ids.length)) + 2]);
    const [positions, labels, mask] = ['maskedPositions', 'maskedLabels', 'mask'].map((name) => Array.from(numbersOf(feeds[name]!)));
    expect(positions).toHaveLength(masked);
    for (const [i, flat] of positions!.entries()) {
      expect(labels![i]).toBe(list[Math.floor(flat / seq)]!.ids[(flat % seq) - 1]);
      expect(mask![flat]).toBe(1);
    }
    expect(mask!.reduce((a, b) => a + b, 0)).toBe(list.reduce((sum, { ids }) => sum + ids.length + 2, 0));
  });
});

describe('the masked-language loss', () => {
  const graph = maskedLanguageGraph(tinyEncoder);
  const parameters = inOrder([graph.loss]).filter(isParameter);
  const valueIn = (data: TensorData): Tensor => ({ shape: data.shape, data: numbersOf(data) });
  const bound = (list: readonly SubwordText[], scale: number) => {
    const { feeds, masked } = feedsFor(list);
    const values = new Map<Node | string, Tensor>(Object.entries(feeds).map(([name, data]) => [name, valueIn(data)]));
    values.set('lossScale', { shape: [], data: Float64Array.of(scale) });
    for (const node of parameters) values.set(nameOf(node), valueIn(tinyValue(node, 5)));
    return { values, masked };
  };
  const list = [madeUp(1, 12), madeUp(2, 7)];

  it('of several texts is the sum of those of each, whatever padding stands between', () => {
    const keyed = list.map((text, i) => {
      const { feeds } = maskedFeeds([{ ids: text.ids, masking: maskWords(text, options, [3, i]) }], tinySpecial);
      const { values } = bound(list, 1);
      for (const [name, data] of Object.entries(feeds)) values.set(name, valueIn(data));
      return evaluate([graph.loss], values)[0]!.data[0]!;
    });
    expect(evaluate([graph.loss], bound(list, 1).values)[0]!.data[0]).toBeCloseTo(keyed[0]! + keyed[1]!, 9);
  });

  it('has the gradient of finite differences for every parameter that is trained', () => {
    const trained = parameters.filter((node) => nameOf(node) !== 'embed.word.weight');
    const { values } = bound(list, 0.25);
    const found = evaluate(gradients(graph.loss, trained), values);
    const along = trained.map((node) => valueIn(tinyValue(node, 11, 1)));
    const slope = found.reduce((sum, { data }, i) => sum + data.reduce((s, v, k) => s + v * along[i]!.data[k]!, 0), 0);
    const at = (step: number) => {
      const moved = new Map(values);
      for (const [i, node] of trained.entries()) {
        const { shape, data } = values.get(nameOf(node))!;
        moved.set(nameOf(node), { shape, data: Float64Array.from(data, (v, k) => v + step * along[i]!.data[k]!) });
      }
      return evaluate([graph.loss], moved)[0]!.data[0]!;
    };
    expect((at(1e-5) - at(-1e-5)) / 2e-5 / slope).toBeCloseTo(1, 5);
  });
});
