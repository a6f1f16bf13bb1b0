import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdOut, promptHash, type Sample } from './index.ts';

const sample = (question: number, kind: string | undefined, id: string, answer = 'A'): Sample => ({
  shape: 'instruction',
  id,
  line: 1,
  turns: [
    { role: 'user', content: `Q${question}` },
    { role: 'assistant', content: answer },
  ],
  ...(kind !== undefined && { kind }),
});
const many = (count: number, kindOf: (i: number) => string | undefined = () => undefined): Sample[] =>
  Array.from({ length: count }, (_, i) => sample(i, kindOf(i), `${i}`));

describe('holdOut', () => {
  it('puts every sample on one side, samples that ask the same on the same one, and leaves both some', () => {
    const one = fc.tuple(fc.integer({ min: 0, max: 15 }), fc.constantFrom('a', 'b', undefined));
    fc.assert(
      fc.property(fc.array(one, { minLength: 2, maxLength: 60 }), fc.nat(), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (given, seed, share) => {
        const samples = given.map(([question, kind], i) => sample(question, kind, `${i}`, `A${i}`));
        fc.pre(new Set(samples.map(promptHash)).size > 1);
        const { training, heldOut } = holdOut(samples, { seed, share });
        expect([training.length > 0, heldOut.length > 0]).toEqual([true, true]);
        expect([...training, ...heldOut].map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(samples.map((_, i) => i));
        const asked = new Set(training.map(promptHash));
        expect(heldOut.filter((one) => asked.has(promptHash(one)))).toEqual([]);
        expect(holdOut(samples, { seed, share }).heldOut).toEqual(heldOut);
      }),
    );
  });

  it('takes a tenth, of every kind alike, at least one and at most 200', () => {
    const { training, heldOut } = holdOut(
      many(200, (i) => (i % 4 === 0 ? 'rare' : 'common')),
      { seed: 0 },
    );
    expect([training.length, heldOut.length, heldOut.filter(({ kind }) => kind === 'rare').length]).toEqual([180, 20, 5]);
    expect(holdOut(many(2), { seed: 0 }).heldOut).toHaveLength(1);
    expect(holdOut(many(5000), { seed: 0 }).heldOut).toHaveLength(200);
    expect(holdOut(many(50), { seed: 0 }).heldOut).not.toEqual(holdOut(many(50), { seed: 1 }).heldOut);
    const lone = holdOut([sample(1, 'lone', 'x'), ...many(10, () => 'usual')], { seed: 0, share: 0.5 });
    expect(lone.training.filter(({ kind }) => kind === 'lone')).toHaveLength(1);
    expect(holdOut([sample(1, 'a', 'x'), sample(2, 'b', 'y')], { seed: 0 }).heldOut).toHaveLength(1);
  });

  it('moves few samples across when one is added', () => {
    const before = new Set(holdOut(many(100), { seed: 3 }).heldOut.map(({ id }) => id));
    const after = holdOut(many(104), { seed: 3 }).heldOut.filter(({ id }) => before.has(id));
    expect(after.length).toBeGreaterThanOrEqual(6);
  });

  it('refuses what cannot be split', () => {
    expect(() => holdOut([sample(1, undefined, 'a')], { seed: 0 })).toThrow(/two different things at least, got 1 that asks one/);
    expect(() => holdOut([sample(1, 'a', 'a'), sample(1, 'b', 'b', 'B')], { seed: 0 })).toThrow(/got 2 that ask one/);
    expect(() => holdOut(many(3), { seed: 0, share: 1 })).toThrow(/share between 0 and 1/);
  });
});
