import { expect, it } from 'vitest';
import { whenAsked } from './when-asked.ts';

it('makes once what is asked for, and after a failure again', async () => {
  let calls = 0;
  const one = whenAsked(async () => {
    if (++calls === 1) throw new Error('not now');
    return calls;
  });
  expect([calls, one.made]).toEqual([0, undefined]);
  await expect(Promise.all([one.get(), one.get()])).rejects.toThrow('not now');
  expect([await one.get(), await one.get(), await one.made, calls]).toEqual([2, 2, 2, 2]);
});
