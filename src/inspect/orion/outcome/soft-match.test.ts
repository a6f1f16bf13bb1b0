import { describe, expect, it } from 'vitest';
import { softMatch } from './soft-match.ts';

describe('a soft match', () => {
  it.each([
    [' Ash', 'Ashley', true],
    ['ash', ' ASHLEY', true],
    ['Ashley and', 'Ashley', true],
    ['chocolate', 'choco late chips', true],
    ['Ashe', 'Ashley', false],
    ['', 'Ashley', false],
    [' \n', 'Ashley', false],
    ['Porto', '', false],
  ])('of %j and %j: %j', (one, other, expected) => {
    expect(softMatch(one, other)).toBe(expected);
    expect(softMatch(other, one)).toBe(expected);
  });
});
