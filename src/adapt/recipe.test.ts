import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/index.ts';
import { methodKinds } from './methods/index.ts';
import { type RecipeInput, recipeOf } from './recipe.ts';

const machine = { exactBytes: true, model: { layers: 30, hidden: 576 } };
const recipe = (given: RecipeInput = {}) => recipeOf(given, machine);

describe('a recipe', () => {
  it('is a balanced mixture of experts with replay unless told otherwise', () => {
    const { method, balance, replay, weights, recomputed, ...rest } = recipe();
    expect(method).toMatchObject({ kind: 'loramoe', options: { experts: 6, rank: 4, groups: [3, 3] } });
    expect(balance).toMatchObject({ strength: 0.1, delta: 0.1, groups: [3, 3], form: 'variance/mean²', sign: 'faithful' });
    expect([replay, weights, recomputed]).toEqual([0.1, 'int8', 3]);
    expect(rest).toMatchObject({ length: 256, rows: 4, microRows: 4, epochs: 2, seed: 1 });
  });

  it('grows with its size', () => {
    const [small, medium, large] = (['small', 'medium', 'large'] as const).map((size) => recipe({ size, method: 'lora' }));
    for (const [a, b] of [
      [small!, medium!],
      [medium!, large!],
    ] as const) {
      expect(b.length).toBeGreaterThan(a.length);
      expect(b.method.options['rank']).toBeGreaterThan(a.method.options['rank'] as number);
      expect(b.method.options['alpha']).toBe(2 * (b.method.options['rank'] as number));
    }
  });

  it('takes smaller steps where all weights move, the model is wider, or answers are told apart', () => {
    const rateOf = (given: RecipeInput, own: Partial<typeof machine> & { pairs?: boolean } = {}) => recipeOf(given, { ...machine, ...own }).learningRate;
    expect(rateOf({ method: 'full' })).toBeLessThan(rateOf({}) / 5);
    const wide = { model: { layers: 30, hidden: 4 * 576 } };
    expect(rateOf({}, wide)).toBeCloseTo(rateOf({}) / 4, 9);
    expect(rateOf({ method: 'prompt' }, wide)).toBe(rateOf({ method: 'prompt' }));
    expect(rateOf({}, { pairs: true })).toBeLessThan(rateOf({}));
    expect(rateOf({ learningRate: 0.5 }, { ...wide, pairs: true })).toBe(0.5);
  });

  it('holds weights in float32 where they change, or where bytes are not added exactly', () => {
    expect(recipe({ method: 'full' }).weights).toBe('f32');
    expect(recipeOf({}, { exactBytes: false }).weights).toBe('f32');
    expect(() => recipe({ method: 'full', weights: 'int8' })).toThrow(/expected weights f32 with full/);
  });

  it('takes a balance of groups only, and none at strength 0 or null', () => {
    expect(recipe({ balance: null }).balance).toBeUndefined();
    expect(recipe({ balance: { strength: 0 } }).balance).toBeUndefined();
    expect(recipe({ balance: { sign: 'intended' }, options: { experts: 5, groups: [2, 2, 1] } }).balance).toMatchObject({
      sign: 'intended',
      groups: [2, 2, 1],
    });
    expect(() => recipe({ method: 'lora', balance: {} })).toThrow(/expected a mixture in groups of experts/);
  });

  it('is known by what it was known by before there were more options of the balance, unless one of these is used', () => {
    expect(Object.keys(recipe().balance!)).toEqual(['strength', 'delta', 'form', 'sign', 'modules', 'groups']);
    expect(JSON.stringify(recipe({ balance: { variance: 'unbiased', membership: 'mean' } }))).toBe(JSON.stringify(recipe()));
    expect(recipe({ balance: { variance: 'population', membership: 'sum' } }).balance).toMatchObject({ variance: 'population', membership: 'sum' });
    const padded: RecipeInput = { balance: { membership: 'padded' } };
    expect(recipe(padded).balance).toMatchObject({ membership: 'padded' });
    expect(() => recipeOf(padded, { ...machine, pairs: true })).toThrow(/expected a balance of membership mean or sum where pairs are learnt/);
  });

  it('keeps room for text beside virtual tokens', () => {
    expect(recipe({ method: 'prompt', options: { tokens: 240 } }).method.virtualTokens).toBe(240);
    expect(() => recipe({ method: 'prompt', options: { tokens: 241 } })).toThrow(/at least 16 tokens of text beside 241 virtual ones, got rows of 256/);
    expect(recipe({ method: 'instance-prompt', size: 'medium' }).method).toMatchObject({ virtualTokens: 32, askedTokens: 128 });
  });

  it.each([
    [{ method: 'nothing' }, new RegExp(`expected a kind of ${methodKinds.join(', ')}, got "nothing"`)],
    [{ size: 'huge' }, /size: .*small/],
    [{ options: { rnk: 3 } }, /rnk/],
    [{ epochs: 0 }, /epochs/],
    [{ learningRate: -1 }, /learningRate/],
    [{ replay: 1 }, /replay/],
    [{ length: 8 }, /length/],
    [{ colour: 'red' }, /colour/],
    [{ method: 'arrow', options: { adapters: ['a'], rank: 2, sites: ['blocks.0.mlp.up'] } }, /expected a method that is trained, got arrow/],
  ])('refuses %j, and says why', (given, said) => {
    expect(() => recipe(given as never)).toThrow(ConfigError);
    expect(() => recipe(given as never)).toThrow(said);
  });

  it('keeps the best weights, or the last ones where nothing waits for better', () => {
    expect(recipe().keep).toBe('best');
    expect(recipe({ keep: 'last' }).keep).toBe('last');
    expect(() => recipe({ keep: 'last', patience: 2 })).toThrow(/expected no patience/);
  });
});
