import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Axis,
  addAxes,
  canonicalShape,
  divideAxis,
  lengthOf,
  multipleOf,
  multiplyAxes,
  namesIn,
  scaleAxis,
  sizeOf,
  subtractAxes,
  termsOf,
} from './axis.ts';
import { evaluate, tensor } from './evaluate.ts';
import { input } from './leaf.ts';
import { slice } from './ops/move.ts';

const names = ['batch', 'kvSeq', 'seq', 'spans_2'];
const atom: fc.Arbitrary<Axis> = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(...names));
const axis: fc.Arbitrary<Axis> = fc.letrec<{ axis: Axis }>((tie) => ({
  axis: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    fc.tuple(tie('axis'), tie('axis')).map(([a, b]) => addAxes(a, b)),
    fc.tuple(tie('axis'), tie('axis')).map(([a, b]) => subtractAxes(a, b)),
    fc.tuple(tie('axis'), tie('axis')).map(([a, b]) => multiplyAxes(a, b)),
  ),
})).axis;
const lengths = fc.record(Object.fromEntries(names.map((name) => [name, fc.integer({ min: 0, max: 5 })]))).map((record) => new Map(Object.entries(record)));

describe('axes', () => {
  it('add and multiply as lengths do', () => {
    fc.assert(
      fc.property(axis, axis, lengths, (a, b, at) => {
        expect(lengthOf(addAxes(a, b), at)).toBe(lengthOf(a, at) + lengthOf(b, at));
        expect(lengthOf(subtractAxes(a, b), at)).toBe(lengthOf(a, at) - lengthOf(b, at));
        expect(lengthOf(multiplyAxes(a, b), at) + 0).toBe(lengthOf(a, at) * lengthOf(b, at) + 0);
      }),
    );
  });
  it('have one spelling: whatever the way, equal polynomials are equal', () => {
    fc.assert(
      fc.property(axis, axis, axis, (a, b, c) => {
        expect(addAxes(a, b)).toBe(addAxes(b, a));
        expect(multiplyAxes(a, b)).toBe(multiplyAxes(b, a));
        expect(divideAxis(multiplyAxes(a, 6), 6)).toBe(multiplyAxes(a, 1));
        expect(addAxes(addAxes(a, b), c)).toBe(addAxes(a, addAxes(b, c)));
        expect(multiplyAxes(a, addAxes(b, c))).toBe(addAxes(multiplyAxes(a, b), multiplyAxes(a, c)));
        expect(subtractAxes(addAxes(a, b), b)).toBe(a);
        expect(addAxes(a, 0)).toBe(a);
        expect(multiplyAxes(a, 1)).toBe(a);
      }),
    );
  });
  it('are the sum of their terms', () => {
    fc.assert(
      fc.property(axis, lengths, (a, at) => {
        const total = termsOf(a).reduce((sum, { coefficient, names }) => sum + names.reduce((product, name) => product * at.get(name)!, coefficient), 0);
        expect(total + 0).toBe(lengthOf(a, at) + 0);
        expect(namesIn(a).every((name) => names.includes(name))).toBe(true);
      }),
    );
  });
  it('are never −0', () => {
    expect(Object.is(scaleAxis(0, -1), 0)).toBe(true);
    expect(Object.is(multiplyAxes(0, -3), 0)).toBe(true);
  });
  it('scale', () => {
    expect(scaleAxis('seq+1', 3)).toBe('3*seq+3');
    expect(scaleAxis('seq', 0)).toBe(0);
  });
  it('give the size of a shape', () => {
    expect(sizeOf(['batch', 'seq', 8])).toBe('8*batch*seq');
    expect(sizeOf([])).toBe(1);
  });
  it('that are whole times one name are told from those that are more', () => {
    expect(multipleOf('8*part')).toEqual({ name: 'part', times: 8 });
    expect(multipleOf('part')).toEqual({ name: 'part', times: 1 });
    expect(([4, 0, 'batch*seq', '2*part+1', 'seq-part'] as Axis[]).map(multipleOf)).toEqual(Array(5).fill(undefined));
  });
  it('tell the length of a name from an input that is a multiple of it, and refuse what is none', () => {
    const x = input('x', ['3*part', 2]);
    const second = (rows: number) =>
      evaluate(
        [slice(x, 0, 'part', '2*part')],
        new Map([
          [
            'x',
            tensor(
              [rows, 2],
              Array(2 * rows)
                .keys()
                .toArray(),
            ),
          ],
        ]),
      )[0];
    expect(second(6)).toEqual(tensor([2, 2], [4, 5, 6, 7]));
    expect(() => second(7)).toThrow(/expected 3\*part = 6 on axis 0/);
  });
  it('say which name has no length', () => {
    expect(() => lengthOf('2*batch+seq', new Map([['batch', 2]]))).toThrow(/expected a length for seq/);
  });
});

describe('shapes', () => {
  it('come out of a node in canonical spelling', () => {
    expect(input('x', ['seq*batch', '1+seq', '2+3']).shape).toEqual(['batch*seq', 'seq+1', 5]);
  });
  it('refuse what is no length', () => {
    expect(() => input('x', [-1, 2])).toThrow(/input: expected lengths ≥ 0, got \[-1, 2\]/);
    expect(() => input('x', [1.5])).toThrow(/expected lengths/);
    expect(() => canonicalShape('here', ['a b'])).toThrow(/here: expected axes/);
    expect(() => canonicalShape('here', [''])).toThrow(/here: expected axes/);
  });
});
