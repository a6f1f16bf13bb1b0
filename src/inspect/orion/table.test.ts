import { describe, expect, it } from 'vitest';
import { isSeparable, labelsOf } from './role.ts';
import { type Context, evaluate, find } from './table.ts';

const drawer = (forks: number, knives: number): Context =>
  Object.entries({ forks, knives }).map(([thing, first]) => [
    { name: 'thing', value: thing },
    { name: 'amount', value: `${first}0`, first },
  ]);
const forks = { ask: 'amount', where: [['thing', 'forks']] } as const;
const knives = { ask: 'amount', where: [['thing', 'knives']] } as const;

describe('a request and a context', () => {
  it('give the attribute that the filters single out', () => {
    expect(find(forks, drawer(3, 7)).value).toBe('30');
    expect(evaluate(knives, drawer(3, 7))).toBe(7);
    expect(evaluate({ ask: 'amount', where: [...forks.where, ['amount', '30']] }, drawer(3, 7))).toBe(3);
    expect(evaluate({ ask: 'amount', where: [] }, drawer(3, 7).slice(1))).toBe(7);
  });

  it.each([
    [
      'none',
      { ask: 'amount', where: [['thing', 'spoons']] as const },
      /^request amount where thing = spoons: expected one attribute of the context's 2 entities, got none; /,
    ],
    ['none', { ask: 'colour', where: [] }, /^request colour: expected one attribute .*got none; /],
    ['several', { ask: 'amount', where: [] }, /got 2 \(30, 70\); /],
    ['no first token', { ask: 'thing', where: [['amount', '30']] as const }, /expected an attribute with a first token, got thing without; /],
  ])('are an error, not a wrong answer, with %s', (_, request, message) => {
    expect(() => evaluate(request, drawer(3, 7))).toThrow(expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }));
  });

  it('label a pair of prompts by role', () => {
    const labels = labelsOf({ request: knives, context: drawer(1, 2) }, { request: forks, context: drawer(3, 4) });
    expect(labels).toEqual({ unaffected: 3, request_transfer: 4, output_transfer: 2 });
    expect(isSeparable(labels)).toBe(true);
    expect(isSeparable(labelsOf({ request: forks, context: drawer(1, 2) }, { request: forks, context: drawer(3, 4) }))).toBe(false);
  });
});
