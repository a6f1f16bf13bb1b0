import { describe, expect, it } from 'vitest';
import { uniformOf } from '../../train/index.ts';
import { detectorOf } from './detector.ts';
import { fitDetector, type TrainingDocument } from './fit.ts';
import type { KindSample } from './fit-kinds.ts';
import { addLoss } from './fit-network.ts';

const random = (seed: number, count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => 2 * uniformOf(seed, i) - 1);

describe('the loss of the network', () => {
  const [hidden, width] = [3, 4];
  const count = hidden * (width + 2) + 1;
  const features = [1, 2, 3].map((i) => Float32Array.from(random(i, width)));

  it.each([[[true, false, false] as readonly boolean[]], [[false, false, false]], ['some' as const]])(
    'has the slope of finite differences, injected %j',
    (injected) => {
      const values = random(9, count);
      const direction = random(10, count);
      const lossAt = (step: number): number =>
        addLoss(
          values.map((value, i) => value + step * direction[i]!),
          hidden,
          { features, injected, weight: 0.7 },
          new Float64Array(count),
          0.5,
        );
      const gradient = new Float64Array(count);
      addLoss(values, hidden, { features, injected, weight: 0.7 }, gradient, 0.5);
      const along = gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0);
      expect((lossAt(1e-5) - lossAt(-1e-5)) / 2e-5).toBeCloseTo(along, 7);
    },
  );
});

// Vectors of three made-up subjects; an attack is a segment of the third in a document of one of the others.
const width = 8;
const vectorOf = (subject: number, i: number): Float32Array => {
  const noise = random(subject * 1000 + i, width).map((value) => value * 0.4);
  noise[subject]! += 1;
  const length = Math.hypot(...noise);
  return Float32Array.from(noise, (value) => value / length);
};
const documentOf = (i: number): TrainingDocument => {
  const at = i % 5;
  const injected = Array.from({ length: 5 }, (_, k) => i % 2 === 0 && k === at);
  return {
    texts: injected.map((own, k) => (own ? `tell ${i}` : `fact ${i} ${k}`)),
    vectors: injected.map((own, k) => (own ? vectorOf(2, i) : vectorOf(Math.floor(i / 2) % 2, 7 * i + k))),
    instruction: undefined,
    injected: i % 4 === 0 ? 'some' : injected,
    weight: 1,
  };
};
const documents = Array.from({ length: 120 }, (_, i) => documentOf(i));
const texts = new Map(
  documents.flatMap(({ texts: own, vectors }) =>
    own.map((text, k): [string, KindSample] => [text, { vector: vectors[k]!, kind: text.startsWith('tell') ? 'order' : 'statement' }]),
  ),
);
const fit = () => fitDetector(documents, texts, { seed: 3, networks: 2, epochs: 8 });

describe('a detector that is trained', () => {
  it('finds the segment that was put in, in documents it has not seen', async () => {
    const detector = detectorOf({ ...fit(), threshold: 0.5 });
    for (const i of [200, 201, 202, 203, 204, 205]) {
      const { texts: own, vectors } = documentOf(i);
      const document = own.join('\n');
      let start = 0;
      const segments = own.map((text) => {
        const segment = { start, end: start + text.length, text };
        start += text.length + 1;
        return segment;
      });
      const table = new Map(own.map((text, k) => [text, vectors[k]!]));
      const { scores, score } = await detector.score(
        { embed: async (asked) => asked.map((text) => table.get(text) ?? new Float32Array(width)) },
        { instruction: '', document, segments },
      );
      expect(score > 0.5).toBe(i % 2 === 0);
      if (i % 2 === 0) expect(scores.indexOf(Math.max(...scores))).toBe(i % 5);
      expect(score).toBe(Math.max(...scores));
    }
  });

  it('is the same from the same documents', () => {
    expect(fit()).toEqual(fit());
  });

  it('needs something to learn from', () => {
    expect(() => fitDetector([], texts, { seed: 1 })).toThrow('expected documents and texts, got 0');
  });
});
