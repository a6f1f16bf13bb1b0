import { describe, expect, it } from 'vitest';
import { makeDataset } from '../dataset.ts';
import { openDraw } from '../draw.ts';
import { evaluate } from '../table.ts';
import { orionTasks } from '../tasks/builtin-tasks.ts';
import { wordTokenizer } from '../testing/tokenizers.ts';
import { alternativeTo } from './alternative.ts';

const { prompts } = makeDataset(orionTasks().find(({ variant }) => variant === 'recipe')!, wordTokenizer());

describe('an alternative', () => {
  it('is what another request finds in the same context, and never the answer', () => {
    const draw = openDraw(5);
    for (const { context, answerId } of prompts) {
      const found = new Set(Array.from({ length: 40 }, () => alternativeTo(answerId, context, prompts, draw)));
      const others = new Set(prompts.map(({ request }) => evaluate(request, context)).filter((id) => id !== answerId));
      expect(found).toEqual(others);
    }
  });

  it('is none where every request finds the answer', () => {
    const { context, answerId, request } = prompts[0]!;
    expect(alternativeTo(answerId, context, [{ request }], openDraw(5))).toBeNull();
  });

  it('is looked for 50 times and no more', () => {
    const { context, answerId, request } = prompts[0]!;
    const other = prompts.find((prompt) => evaluate(prompt.request, context) !== answerId)!.request;
    const asked: number[] = [];
    const drawn = (at: number) => ({
      ...openDraw(1),
      pick: <T>(items: readonly T[]): T => items[asked.push(1) === at ? 1 : 0]!,
    });
    expect(alternativeTo(answerId, context, [{ request }, { request: other }], drawn(50))).toBe(evaluate(other, context));
    expect(asked).toHaveLength(50);
    asked.length = 0;
    expect(alternativeTo(answerId, context, [{ request }, { request: other }], drawn(51))).toBeNull();
    expect(asked).toHaveLength(50);
  });
});
