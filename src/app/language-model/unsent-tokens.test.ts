import { expect, it } from 'vitest';
import { unsentTokens } from './unsent-tokens.ts';

it('keeps the token that is cut in the middle, and none that begins at the cut or later', () => {
  // "The", " qu", then a character in two tokens, then one that writes nothing, and "ick"
  const unsent = unsentTokens();
  for (const [id, characters] of [3, 3, 0, 1, 0, 3].entries()) unsent.push({ id }, characters);
  const ids = (end: number) => unsent.before(end).map(({ id }) => id);
  expect([ids(0), ids(3), ids(4), ids(6), ids(7)]).toEqual([[], [0], [1], [], [2, 3]]);
  expect(ids(8)).toEqual([4, 5]);
  unsent.push({ id: 6 }, 0);
  expect([ids(10), ids(Number.POSITIVE_INFINITY), ids(Number.POSITIVE_INFINITY)]).toEqual([[], [6], []]);
});
