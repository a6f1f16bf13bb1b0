import { describe, expect, it } from 'vitest';
import type { Sample } from '../../adapt/index.ts';
import { classifyKinds } from './classify-kinds.ts';

const sample = (text: string, kind?: string): Sample => ({ id: text, line: 1, shape: 'text', text, ...(kind !== undefined && { kind }) });
/** Texts that begin alike point the same way. */
const embed = (texts: readonly string[]): Promise<Float32Array[]> =>
  Promise.resolve(texts.map((text) => Float32Array.of(text.startsWith('a') ? 0.8 : 0.6, text.startsWith('a') ? 0.6 : -0.8)));

describe('classifyKinds', () => {
  it('gives a sample the kind of those it is like, and says how well that works on those that have one', async () => {
    const known = ['a1', 'a2', 'a3'].map((text) => sample(text, 'first')).concat(['b1', 'b2', 'b3', 'a4'].map((text) => sample(text, 'second')));
    const found = (await classifyKinds([...known, sample('a5'), sample('b5')], embed))!;
    expect(found.given).toBe(2);
    expect(found.samples.slice(-2).map(({ kind }) => kind)).toEqual(['first', 'second']);
    expect(found.samples.slice(0, 7)).toEqual(known);
    expect(found.right).toBeCloseTo(6 / 7, 12); // a4 is like the others
  });

  it('has nothing to do where all have a kind, or too few have to learn from', async () => {
    const all = ['a1', 'a2', 'a3'].map((text) => sample(text, 'first')).concat(['b1', 'b2', 'b3'].map((text) => sample(text, 'second')));
    expect(await classifyKinds(all, embed)).toBeUndefined();
    expect(await classifyKinds([...all.slice(1), sample('a5')], embed)).toBeUndefined();
    expect(await classifyKinds([sample('a5'), sample('b5')], embed)).toBeUndefined();
  });
});
