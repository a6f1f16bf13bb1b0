import { describe, expect, it } from 'vitest';
import { add, ConfigError, gradients, input, mul, NotFoundError, named, print, ShapeError, sum, tensor, UnsupportedError } from '../../core/index.ts';
import { ablate, capture, editFeeds, editSites, freezePattern, patch, quantise, type SiteEdit, steer } from './index.ts';
import { nearestNames } from './nearest-names.ts';
import { inTheory, tinyBert } from './testing/tiny-bert.ts';

const model = await tinyBert(); // 2 blocks, 3 heads, hidden 24
const roots = [model.hidden];
const lengths = { batch: 3, seq: 11 };
const site = 'blocks.0.resid.post';

describe('edits are data', () => {
  it('and print', () => {
    const stream = named('embed', input('x', ['batch', 'seq', 4]));
    const { roots: [root] } = editSites([sum(stream, [2])], [{ site: 'blocks.0.resid.pre', action: 'add' }, { site: 'embed', action: 'zero' }]); // biome-ignore format: one call
    expect(print([root!])).toMatchInlineSnapshot(`
      "%0 = input zero.embed.where [batch, seq, 1] bool
      %1 = input add.embed.where [batch, seq, 1] bool
      %2 = input x [batch, seq, 4] float32 @embed.base
      %3 = input add.embed [4] float32
      %4 = input add.embed.factor [] float32
      %5 = mul %3 %4 [4] float32
      %6 = add %2 %5 [batch, seq, 4] float32
      %7 = where %1 %6 %2 [batch, seq, 4] float32
      %8 = where %0 0 %7 [batch, seq, 4] float32 @embed
      %9 = sum %8 {axes: [2]} [batch, seq] float32
      return %9"
    `);
  });

  it('that JSON carries; a run may choose otherwise', () => {
    const edits: SiteEdit[] = [
      { site: 'blocks.1.attn.z', action: 'zero', heads: [2], positions: [0, -1] },
      { site: 'blocks.0.attn.pattern', action: 'patch', keys: [1], renormalise: true, values: { shape: [3, 3, 11, 11], data: Array(3 * 3 * 121).fill(0.5) } },
      { site, action: 'add', values: { shape: [24], data: Array(24).fill(1) }, factor: 0.25, positions: [[0], [], [1, 2]] },
    ];
    const [here, there] = [edits, JSON.parse(JSON.stringify(edits)) as SiteEdit[]].map((given) => editSites(roots, given)) as [ReturnType<typeof editSites>, ReturnType<typeof editSites>]; // biome-ignore format: one chain
    expect(print(there.roots)).toBe(print(here.roots));
    const feeds = editFeeds(here.edits, lengths);
    expect(editFeeds(there.edits, lengths)).toEqual(feeds);
    expect(Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape }]) => [name, [dtype, ...shape]]))).toEqual({
      'zero.blocks.1.attn.z.where': ['bool', 3, 3, 11, 1],
      'patch.blocks.0.attn.pattern.where': ['bool', 3, 3, 11, 11],
      'patch.blocks.0.attn.pattern': ['float32', 3, 3, 11, 11],
      [`add.${site}.where`]: ['bool', 3, 11, 1],
      [`add.${site}`]: ['float32', 24],
      [`add.${site}.factor`]: ['float32'],
    });
    const marked = (name: string, given = feeds) => [...given[`${name}.where`]!.data].flatMap((on, i) => (on ? [i] : []));
    expect(marked('zero.blocks.1.attn.z')).toEqual([0, 1, 2].flatMap((text) => [(text * 3 + 2) * 11, (text * 3 + 2) * 11 + 10]));
    expect(marked(`add.${site}`)).toEqual([0, 23, 24]);
    expect(marked('patch.blocks.0.attn.pattern')).toEqual(Array.from({ length: 3 * 3 * 11 }, (_, row) => row * 11 + 1));
    const other = editFeeds(here.edits, lengths, [{ heads: [0], positions: [5] }, null, { factor: -2 }]);
    expect(marked('zero.blocks.1.attn.z', other)).toEqual([5, 38, 71]);
    expect(marked('patch.blocks.0.attn.pattern', other)).toEqual([]);
    expect([...other[`add.${site}.factor`]!.data]).toEqual([-2]);
  });
});

describe('an edited pattern', () => {
  it('of some keys is divided by its sums where asked, and there only', () => {
    const name = 'blocks.1.attn.pattern';
    const { roots: edited, edits } = freezePattern(roots, { blocks: [1], positions: [4], heads: [2], keys: [0, 1], renormalise: true });
    const pattern = inTheory(capture(edited, [name, `${name}.base`]), fed(edits, { values: { shape: [3, 3, 11, 11], data: Array(3 * 3 * 121).fill(0.7) } })); // biome-ignore format: one call
    const [after, before] = [pattern[name]!.data, pattern[`${name}.base`]!.data];
    for (let row = 0; row < 3 * 3 * 11; row++) {
      const [now, then] = [after.slice(row * 11, row * 11 + 11), before.slice(row * 11, row * 11 + 11)];
      if (row % 11 !== 4 || Math.floor(row / 11) % 3 !== 2) expect(now).toEqual(then);
      else {
        const raw = then.map((weight, key) => (key < 2 ? Math.fround(0.7) : weight));
        const total = raw.reduce((a, b) => a + b, 0);
        for (const [key, weight] of now.entries()) expect(weight).toBeCloseTo(raw[key]! / total, 12);
      }
    }
  });
});

const fed = (edits: ReturnType<typeof editSites>['edits'], ...choices: Parameters<typeof editFeeds>[2] & {}) =>
  new Map([...model.values, ...Object.entries(editFeeds(edits, lengths, choices)).map(([name, { shape, data }]) => [name, tensor(shape, data)] as const)]);

describe('gradients', () => {
  it('flow to what is put at a site, and to what a site computes only where it is not replaced', () => {
    const { roots: edited, edits } = patch(roots, { site, positions: [[2], [], []] });
    const states = capture(edited, [`${site}.base`, 'embed']);
    const given = edits[0]!.inputs.values!;
    const [toValues, toBase, toFactor] = gradients(sum(mul(edited[0]!, edited[0]!), [0, 1, 2]), [given, states[`${site}.base`]!, states['embed']!]);
    const values = fed(edits, { values: { shape: [3, 11, 24], data: Array.from({ length: 3 * 11 * 24 }, (_, i) => Math.sin(i)) } });
    const found = inTheory({ toValues: toValues!, toBase: toBase!, toFactor: toFactor! }, values);
    const moved = (name: string) => Array.from({ length: 33 }, (_, row) => found[name]!.data.slice(row * 24, row * 24 + 24).some((v) => v !== 0));
    expect(moved('toValues')).toEqual(Array.from({ length: 33 }, (_, row) => row === 2));
    expect(moved('toBase')[2]).toBe(false);
    expect(moved('toBase').slice(0, 2)).toEqual([true, true]);
    expect(found['toFactor']!.data.some((v) => v !== 0)).toBe(true);
  });

  it('of factor, vector and base are finite differences', () => {
    const { roots: edited, edits } = editSites(roots, [
      { site: 'blocks.0.attn.headOut', action: 'scale', heads: [1, 2] },
      { site: 'blocks.1.attn.k', action: 'add', heads: [0], positions: [-1, 3] },
    ]);
    const inputs = [edits[0]!.inputs.factor!, edits[1]!.inputs.values!, edits[1]!.inputs.factor!];
    const loss = sum(mul(edited[0]!, input('weights', ['batch', 'seq', 24])), [0, 1, 2]);
    const vector = Array.from({ length: 24 }, (_, i) => Math.cos(i));
    const values = fed(edits, { factor: 0.5 }, { values: { shape: [24], data: vector }, factor: 0.75 });
    values.set('weights', tensor([3, 11, 24], Array.from({ length: 792 }, (_, i) => Math.sin(3 * i)))); // biome-ignore format: one value
    const names = ['scale.blocks.0.attn.headOut.factor', 'add.blocks.1.attn.k', 'add.blocks.1.attn.k.factor'];
    const found = inTheory(Object.fromEntries(gradients(loss, inputs).map((node, i) => [names[i]!, node])), values);
    for (const name of names) {
      const along = (h: number): number => {
        const { shape, data } = values.get(name)!;
        return inTheory({ loss }, new Map(values).set(name, tensor(shape, data.map((v, i) => v + h * Math.cos(2 * i))))).loss!.data[0]!; // biome-ignore format: one call
      };
      const analytic = found[name]!.data.reduce((total, d, i) => total + d * Math.cos(2 * i), 0);
      expect(Math.abs(analytic)).toBeGreaterThan(1e-3);
      expect((along(1e-5) - along(-1e-5)) / 2e-5 / analytic, name).toBeCloseTo(1, 6);
    }
  });
});

describe('what cannot be is refused', () => {
  it('a site that is not there, with the names most like it', () => {
    expect(() => patch(roots, 'blocks.0.attn.patern')).toThrow(NotFoundError);
    expect(() => patch(roots, 'blocks.0.attn.patern')).toThrow(
      /^patch: expected a site of the model, got blocks\.0\.attn\.patern; there are \d+, such as blocks\.0\.attn\.pattern,/,
    );
    expect(() => capture(roots, ['blocks.0.hook_resid_pre'])).toThrow(/such as blocks\.0\.resid\.pre,/);
    expect(() => steer(roots, 'blocks.9.attn.headOut')).toThrow(/such as blocks\.[01]\.attn\.headOut, .*; its blocks are 0 to 1$/);
    expect(() => ablate(roots, 'embedding')).toThrow(/such as embed,/);
    expect(() => freezePattern(roots, { blocks: [2] })).toThrow(/freezePattern: .*blocks\.2\.attn\.pattern/);
    expect(() => freezePattern([sum(input('x', [3]), [0])])).toThrow(NotFoundError);
    expect(nearestNames('kitten', ['mitten', 'sitting', 'kitchen', 'kit'], 3)).toEqual(['mitten', 'kitchen', 'sitting']);
  });

  it.each<[Partial<SiteEdit>, RegExp]>([
    [{ action: 'swap' as 'patch' }, /expected an action of patch, add, scale, zero, got "swap"/],
    [{ action: 'constructor' as 'patch' }, /expected an action/],
    [{ position: 3 } as object, /expected site, action, positions, .* got position;/],
    [{ heads: [0] }, /expected no heads for a site without them, got 0/],
    [{ site: 'blocks.0.attn.z', heads: [4] }, /expected heads from 0 to 2, got 4; the model has 3 there/],
    [{ site: 'blocks.0.attn.headOut', heads: [-1] }, /expected heads from 0 to 2, got -1/],
    [{ keys: [0] }, /expected keys for attn\.scores and attn\.pattern only, got 0/],
    [{ renormalise: true }, /expected renormalise for attention patterns/],
    [{ site: 'blocks.0.attn.scores', renormalise: true }, /expected renormalise for attention patterns/],
    [{ axes: 4 }, /expected values of 1 to 3 axes, got 4/],
    [{ action: 'scale', factor: Number.NaN }, /expected a finite factor, got NaN/],
  ])('an edit %j', (change, message) => {
    const build = () => editSites(roots, [{ site, action: 'zero', ...change }]);
    expect(build).toThrow(ConfigError);
    expect(build).toThrow(message);
  });

  it('values of another model', () => {
    const values = { shape: [3, 11, 32], data: Array(3 * 11 * 32).fill(0) };
    expect(() => patch(roots, { site, values })).toThrow(ShapeError);
    expect(() => patch(roots, { site, values })).toThrow(
      /patch: blocks\.0\.resid\.post: expected values \[batch, seq, 24\], got \[3, 11, 32\]; values of another model/,
    );
    expect(() => steer(roots, { site, values: { shape: [16], data: Array(16).fill(0) } })).toThrow(/expected values \[24\], got \[16\]/);
    const { edits } = patch(roots, 'blocks.0.attn.pattern');
    const run = (shape: number[], count = shape.reduce((a, b) => a * b, 1)) => editFeeds(edits, lengths, [{ values: { shape, data: Array(count).fill(0) } }]);
    expect(() => run([3, 12, 11, 11])).toThrow(/expected values \[batch, 3, seq, seq\], got \[3, 12, 11, 11\]/);
    expect(() => run([3, 3, 9, 9])).toThrow(/expected values \[3, 3, 11, 11\], got \[3, 3, 9, 9\]/);
    expect(() => run([24])).toThrow(ShapeError);
    expect(() => run([3, 3, 11, 11], 5)).toThrow(/expected 1089 numbers/);
    expect(() => editFeeds(edits, lengths)).toThrow(/expected values \[3, 3, 11, 11\], got none/);
    expect(() => editFeeds(edits, { batch: 3 })).toThrow(ShapeError);
  });

  it.each<[Partial<SiteEdit>, RegExp]>([
    [{ positions: [11] }, /expected positions from 0 to 10, or -11 to -1 from the end, got 11; the text has 11 tokens/],
    [{ positions: [-12] }, /got -12/],
    [{ positions: [1.5] }, /got 1\.5/],
    [{ positions: [[0], [1]] }, /expected positions for 3 texts, got 2 lists/],
    [{ heads: [7] }, /expected heads from 0 to 2, got 7/],
    [{ keys: [11] }, /expected keys from 0 to 10/],
  ])('a choice %j', (choice, message) => {
    const { edits } = ablate(roots, 'blocks.1.attn.pattern');
    expect(() => editFeeds(edits, lengths, [choice])).toThrow(ConfigError);
    expect(() => editFeeds(edits, lengths, [choice])).toThrow(message);
    expect(() => editFeeds(edits, lengths, [choice, {}])).toThrow(/choices for 1 edits, got 2/);
  });

  it('outputs of heads where the output linear has no float weight, and heads that nothing counts', () => {
    const { roots: rounded } = quantise(roots, { bits: 'int8' });
    expect(() => capture(rounded, ['blocks.0.attn.headOut'])).toThrow(UnsupportedError);
    expect(() => patch(patch(roots, 'blocks.0.attn.out').roots, 'blocks.0.attn.headOut')).toThrow(/expected an output linear with a float weight/);
    const z = { ...input('x', ['batch', 'seq', 8]), site: 'blocks.0.attn.z' };
    expect(() => ablate([add(z, 1)], 'blocks.0.attn.z')).toThrow(/expected a graph that has blocks\.0\.attn\.scores/);
  });
});
