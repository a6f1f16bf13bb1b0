import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { containsAnswer, matchesExactly, normaliseAnswer, wordF1 } from './answer-text.ts';
import { parseQuestions, questionItems } from './closed-book.ts';
import { measureAnswers } from './measure-answers.ts';
import { summarise } from './measured-item.ts';
import type { Prompt } from './model-under-test.ts';

const shared = new URL('../../../shared/data/world_qa/', import.meta.url);

describe('an answer', () => {
  it.each([
    ['The  Eiffel Tower.', 'eiffel tower'],
    ['“An apple”, a pear & the U.S.A.', 'apple pear usa'],
    ['Theatre', 'theatre'], // an article only as a word
    ['São Paulo', 'são paulo'],
    ['The A', 'the a'], // nothing would be left
  ])('%s is compared as %s', (text, wanted) => {
    expect(normaliseAnswer(text)).toBe(wanted);
  });

  it('is right where it equals any gold answer, and contains one only as whole words', () => {
    expect([matchesExactly('the Beatles!', ['Queen', 'Beatles']), matchesExactly('Beatles song', ['Beatles'])]).toEqual([true, false]);
    expect([containsAnswer('It is Paris, France.', ['paris']), containsAnswer('It is Parish.', ['Paris'])]).toEqual([true, false]);
    // Found {a1, b, b}, wanted {b, c}: one in common of 3 and 2, F1 = 2 · 1 / 5.
    expect(wordF1('a1 b b', ['b c', 'zzz'])).toBeCloseTo(0.4, 12);
  });
});

describe('closed-book questions', () => {
  it('are read in every shape, and refused with the line', () => {
    const lines = ['{"question": "q1", "answer": "x"}', '', '{"id": "k", "question": "q2", "answers": ["y", "z", "y"], "answers_human_ok": ["w"]}'].join('\n');
    expect(parseQuestions(lines, 'f')).toEqual([
      { id: '1', question: 'q1', answers: ['x'] },
      { id: 'k', question: 'q2', answers: ['y', 'z', 'w'] },
    ]);
    expect(() => parseQuestions('{"question": "q"}', 'dev.jsonl')).toThrow(/dev.jsonl line 1: .*either answer or answers/);
    expect(() => parseQuestions('{"question": "q", "answers": []}', 'dev.jsonl')).toThrow(/dev.jsonl line 1: answers/);
    expect(() => parseQuestions('{"id": 1, "question": "q", "answer": "a"}\n{"id": 1, "question": "r", "answer": "b"}', 'd')).toThrow(/every id once/);
    expect(() => parseQuestions('\n', 'd')).toThrow(/at least one/);
  });

  it('are asked after answered ones or as a message', () => {
    const question = { id: '1', question: 'who wrote hamlet', answers: ['Shakespeare'] };
    expect(questionItems([question], 'shots')[0]!.prompt).toMatch(/^(Question: .*\?\nAnswer: .*\n\n){4}Question: who wrote hamlet\?\nAnswer:$/);
    expect(questionItems([question], 'chat')[0]!.prompt).toEqual([{ role: 'user', content: expect.stringMatching(/who wrote hamlet\?$/) }]);
  });

  it('are measured by what a model writes and by how probable it finds the gold answers', async () => {
    const questions = [
      { id: 'a', question: 'one?', answers: ['Paris', 'the city of light'] },
      { id: 'b', question: 'two?', answers: ['blue'] },
    ];
    const asked: [Prompt, readonly string[]][] = [];
    const items = await measureAnswers(questionItems(questions, 'shots'), {
      write: async (prompt) => ((prompt as string).includes('one?') ? ' The city of light. ' : 'light blue'),
      score: async (prompt, completions) => {
        asked.push([prompt, completions]);
        return completions.map((text, i) => ({ logprob: -2 * (i + 1), tokenLogprobs: Array<number>(text.length > 6 ? 4 : 1).fill(0) }));
      },
    });
    expect(asked.map(([, completions]) => completions)).toEqual([[' Paris', ' the city of light'], [' blue']]);
    expect(items.map(({ id, answer }) => [id, answer])).toEqual([
      ['a', 'The city of light.'],
      ['b', 'light blue'],
    ]);
    expect(items[0]!.values).toEqual({ 'exact-match': 1, contains: 1, 'word-f1': 1, 'gold-logprob-per-token': -1 }); // −4 over 4 tokens, not −2 over 1
    expect(items[1]!.values).toEqual({ 'exact-match': 0, contains: 1, 'word-f1': 2 / 3, 'gold-logprob-per-token': -2 });
    const { n, metrics, ci95 } = summarise('closed-book', items, '', { intervals: { seed: 3 } });
    expect([n, metrics['exact-match'], metrics['gold-logprob-per-token']]).toEqual([2, 0.5, -1.5]);
    expect(ci95!['exact-match']).toEqual([0, 1]);
  });

  it('stop with the signal and at the first failure', async () => {
    const many = questionItems(
      Array.from({ length: 100 }, (_, i) => ({ id: String(i), question: 'q', answers: ['a'] })),
      'chat',
    );
    let begun = 0;
    const write = async () => {
      begun++;
      throw new Error('broken');
    };
    await expect(measureAnswers(many, { write })).rejects.toThrow('broken');
    expect(begun).toBeLessThan(40);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(measureAnswers(many, { write: async () => '' }, { signal })).rejects.toThrow('enough');
  });

  it.skipIf(!existsSync(shared))('of the files beside the project are all read', () => {
    const count = (name: string) => parseQuestions(readFileSync(new URL(name, shared), 'utf8'), name).length;
    expect([count('webquestions_devtest.jsonl'), count('efficientqa_dev.jsonl'), count('nq_open_dev.jsonl')]).toEqual([189, 1800, 3610]);
  });
});
