import { describe, expect, it } from 'vitest';
import { relationNames, relationsOf } from './relations.ts';

const unit = (...values: number[]): Float32Array => Float32Array.from(values, (value) => value / Math.hypot(...values));
const named = (texts: string[], vectors: Float32Array[], instruction?: Float32Array) =>
  relationsOf(texts, vectors, instruction).map(
    (row) => Object.fromEntries(relationNames.map((name, i) => [name, row[i]!])) as Record<(typeof relationNames)[number], number>,
  );

describe('relations of segments', () => {
  const texts = ['The tide rose.', 'The boats came in.', 'Name a colour.', 'The nets were empty.'];
  const vectors = [unit(1, 0.8, 0), unit(1, -0.3, 0.1), unit(0, 0.1, 1), unit(1, 0.1, -0.6)];

  it('show the one that does not belong', () => {
    const rows = named(texts, vectors);
    expect(rows[2]!.toRest).toBeLessThan(rows[0]!.toRest - 0.3);
    expect(rows[2]!.toRestBesideOthers).toBeLessThan(-0.2);
    // The nearest is the larger of the two cosines, the second the smaller.
    const cosines = [1, 2, 3].map((other) => vectors[other]!).map((other) => other.reduce((sum, value, i) => sum + value * vectors[0]![i]!, 0));
    expect(rows[0]!.toNearest).toBeCloseTo(Math.max(...cosines), 6);
    expect(rows[0]!.toSecond).toBeCloseTo(cosines.toSorted((a, b) => b - a)[1]!, 6);
  });

  it('follow the segments when their order changes, but for place and neighbours', () => {
    const order = [2, 0, 3, 1];
    const turned = named(order.map((i) => texts[i]!), order.map((i) => vectors[i]!)); // biome-ignore format: short
    const rows = named(texts, vectors);
    for (const [at, i] of order.entries())
      for (const name of relationNames)
        if (!['toPrevious', 'toNext', 'first', 'last'].includes(name)) expect(turned[at]![name], name).toBeCloseTo(rows[i]![name], 4);
  });

  it('give a sentence that is repeated no more rest than one that is not', () => {
    const once = named(texts, vectors);
    const often = named([...texts, texts[2]!, texts[2]!], [...vectors, vectors[2]!, vectors[2]!]);
    expect(often[2]!.toRest).toBeCloseTo(once[2]!.toRest, 6);
    expect(often[2]!.toNearest).toBeCloseTo(once[2]!.toNearest, 6);
    expect([often[2]!.copiesShare, once[2]!.copiesShare]).toEqual([2 / 6, 0]);
  });

  it('say when a segment stands alone, and that nothing was asked', () => {
    const [only] = named(['Hello there'], [vectors[0]!]);
    expect([only!.alone, only!.toRest, only!.instructed, only!.toInstruction]).toEqual([1, 0, 0, 0]);
    const [asked] = named(['Hello there'], [vectors[0]!], vectors[0]);
    expect(asked!.toInstruction).toBeCloseTo(1, 6);
  });

  it('notice another script', () => {
    expect(named(['The tide rose.', 'The boats came.', 'Назови цвет.'], vectors.slice(0, 3)).map(({ otherScript }) => otherScript)).toEqual([0, 0, 1]);
  });
});
