import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/index.ts';
import { adjust, bestCandidates, checkSampling, draw, logSumExp } from './sampling.ts';
import { stopFilter } from './stop-strings.ts';

const scores = Float32Array.of(1, 3, 2, -1, 2.5);
const shareOf = (sampling: Parameters<typeof draw>[1], draws = 20_000): number[] => {
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < draws; i++) counts[draw(scores, sampling, i)]!++;
  return counts.map((count) => count / draws);
};

describe('drawing a token', () => {
  it('takes the best without a temperature, the first of equals', () => {
    expect(draw(scores, {}, 0)).toBe(1);
    expect(draw(Float32Array.of(1, 2, 2), {}, 5)).toBe(1);
  });

  it('draws as often as the softmax says', () => {
    for (const temperature of [0.7, 1, 2]) {
      const weights = [...scores].map((score) => Math.exp(score / temperature));
      const sum = weights.reduce((a, b) => a + b, 0);
      const found = shareOf({ temperature, seed: 3 });
      for (const [i, weight] of weights.entries()) expect(Math.abs(found[i]! - weight / sum)).toBeLessThan(0.015);
    }
  });

  it('leaves out what top-k, top-p and min-p leave out', () => {
    const drawn = (sampling: object) => shareOf({ temperature: 1, ...sampling }, 2000).flatMap((share, i) => (share > 0 ? [i] : []));
    expect(drawn({ topK: 2 })).toEqual([1, 4]);
    expect(drawn({ topP: 0.01 })).toEqual([1]);
    expect(drawn({ topP: 0.7 })).toEqual([1, 4]);
    expect(drawn({ minP: 0.3 })).toEqual([1, 2, 4]);
    expect(drawn({})).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives the same with the same seed, whatever was drawn before', () => {
    const at = (seed: number, i: number) => draw(scores, { temperature: 1.5, seed }, i);
    expect(Array.from({ length: 50 }, (_, i) => at(1, i))).toEqual(Array.from({ length: 50 }, (_, i) => at(1, 49 - i)).reverse());
    expect(Array.from({ length: 50 }, (_, i) => at(1, i))).not.toEqual(Array.from({ length: 50 }, (_, i) => at(2, i)));
  });

  it('changes scores as asked', () => {
    const change = (sampling: object) => {
      const own = scores.slice();
      adjust(own, { prompt: [3], generated: [1, 1] }, sampling);
      return [...own];
    };
    expect(change({ repetitionPenalty: 2 })).toEqual([1, 1.5, 2, -2, 2.5]);
    expect(change({ presencePenalty: 0.5, frequencyPenalty: 0.25 })).toEqual([1, 2, 2, -1, 2.5]);
    expect(change({ logitBias: new Map([[0, 10]]) })[0]).toBe(11);
    expect(() => checkSampling({ topP: 2 })).toThrow(ConfigError);
    expect(() => checkSampling({ temperature: Number.NaN })).toThrow(ConfigError);
  });

  it('names the most probable with their probabilities', () => {
    const found = bestCandidates(scores, 3);
    expect(found.map(({ id }) => id)).toEqual([1, 4, 2]);
    expect(found[0]!.logprob).toBeCloseTo(3 - logSumExp(scores), 6);
  });
});

describe('stop strings', () => {
  const shown = (pieces: readonly string[], stops: readonly string[]): { text: string; stopped: boolean } => {
    const filter = stopFilter(stops);
    let text = '';
    for (const piece of pieces) {
      const next = filter.push(piece);
      text += next.text;
      if (next.stopped) return { text, stopped: true };
    }
    return { text: text + filter.end(), stopped: false };
  };

  it('cuts where the first begins, however the text is cut into pieces, and never shows half of one', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
    fc.assert(
      fc.property(
        letters,
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), { maxLength: 3 }),
        fc.array(fc.nat(30)),
        (text, stops, cuts) => {
          const edges = [...new Set([0, text.length, ...cuts.filter((cut) => cut < text.length)])].sort((a, b) => a - b);
          const pieces = edges.slice(1).map((end, i) => text.slice(edges[i], end));
          const whole = shown([...text], stops);
          const first = Math.min(...stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0));
          const found = shown(pieces, stops);
          expect(found.stopped).toBe(Number.isFinite(first));
          expect(stops.every((stop) => !found.text.includes(stop))).toBe(true);
          expect(text.startsWith(found.text)).toBe(true);
          if (!found.stopped) expect(found.text).toBe(text);
          expect(whole.stopped).toBe(found.stopped);
        },
      ),
    );
    expect(shown(['one ST', 'OP two'], ['STOP'])).toEqual({ text: 'one ', stopped: true });
    expect(shown(['one ST', 'AY'], ['STOP'])).toEqual({ text: 'one STAY', stopped: false });
  });
});
