import { expect, it } from 'vitest';
import { measurePreferences } from './measure-preferences.ts';

it('tells which of two answers is the likelier by their sums, a tie against the chosen one', async () => {
  const logprobs: Record<string, number> = { ' good': -2, ' bad': -3, ' long': -4, ' short': -1, ' one': -2, ' other': -2 };
  const score = async (_: unknown, completions: readonly string[]) => completions.map((text) => ({ logprob: logprobs[text]!, tokenLogprobs: [0] }));
  const pair = (chosen: string, rejected: string) => ({ id: chosen, group: 'g', prompt: 'Q', chosen, rejected });
  const items = await measurePreferences([pair('good', 'bad'), pair('long', 'short'), pair('one', 'other')], score);
  expect(items).toEqual([
    { id: 'good', group: 'g', prompt: 'Q', gold: 'good', answer: 'good', values: { accuracy: 1, margin: 1 } },
    { id: 'long', group: 'g', prompt: 'Q', gold: 'long', answer: 'short', values: { accuracy: 0, margin: -3 } },
    { id: 'one', group: 'g', prompt: 'Q', gold: 'one', answer: 'other', values: { accuracy: 0, margin: 0 } },
  ]);
});
