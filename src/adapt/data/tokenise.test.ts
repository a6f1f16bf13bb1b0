import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CausalTokenizer, renderChat } from '../../formats/index.ts';
import { numberKinds, type Sample, type TokeniseOptions, type TokenText, type Turn, tokenise } from './index.ts';
import { chatTemplate, endOfText, tinyTokenizer, turnEnd } from './testing/tiny-tokenizer.ts';

let tokenizer: CausalTokenizer;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
});

const turns = (...contents: readonly string[]): Turn[] => contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
const chat = (...contents: readonly string[]): Sample => ({ shape: 'chat', id: 'c', line: 1, turns: turns(...contents) });
const preference = (question: string, chosen: string, rejected: string): Sample => ({
  shape: 'preference',
  id: 'p',
  line: 1,
  turns: turns(question),
  chosen,
  rejected,
});
const plainText = (text: string, continues = false): Sample => ({ shape: 'text', id: 't', line: 1, text, ...(continues && { continues }) });
const made = (samples: readonly Sample[], options: Partial<TokeniseOptions> = {}) => tokenise(samples, { tokenizer, chatTemplate, length: 200, ...options });
const all = ({ ids }: Pick<TokenText, 'ids'>): string => tokenizer.decode(ids, { skipSpecial: false });
const learnt = ({ ids, answer }: Pick<TokenText, 'ids' | 'answer'>): string =>
  tokenizer.decode(
    ids.filter((_, i) => answer[i]),
    { skipSpecial: false },
  );

describe('tokenise, with a template', () => {
  it('learns the answer and its end token, and stops there', async () => {
    const { texts, cut, refused } = await made([{ ...chat('Hé?', 'Hö!'), kind: 'greet' }], { kinds: numberKinds(['greet', 'bye']) });
    expect([cut, refused]).toEqual([[], []]);
    expect(all(texts[0]!)).toBe('<|im_start|>user\nHé?<|im_end|>\n<|im_start|>assistant\nHö!<|im_end|>');
    expect(learnt(texts[0]!)).toBe('Hö!<|im_end|>');
    expect(texts[0]).toMatchObject({ id: 'c', kind: 1 });
    // What stands before the answer is what the model is asked with.
    const asked = tokenizer.encode('<|im_start|>user\nHé?<|im_end|>\n<|im_start|>assistant\n', { special: false });
    expect(texts[0]!.ids.slice(0, texts[0]!.answer.indexOf(true))).toEqual(asked);
  });

  it('learns all answers of a conversation, or the last', async () => {
    const sample = chat('one', 'two', 'three', 'four');
    const [every, last] = [await made([sample]), await made([sample], { answers: 'last' })];
    expect(all(every.texts[0]!)).toBe(all(last.texts[0]!));
    expect([learnt(every.texts[0]!), learnt(last.texts[0]!)]).toEqual(['two<|im_end|>four<|im_end|>', 'four<|im_end|>']);
  });

  it('looks for the end token behind the words, where these name one, and for words that stand before too', async () => {
    const { texts } = await made([chat('yes', 'say <|im_end|> and stop'), chat('yes', 'yes', 'assistant', 'assistant')]);
    expect(texts.map(learnt)).toEqual(['say <|im_end|> and stop<|im_end|>', 'yes<|im_end|>assistant<|im_end|>']);
  });

  it('adds an end token where a template has none, and takes turns up to the next', async () => {
    const bare = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
    const { texts } = await made([chat('a', 'b', 'c', 'd')], { chatTemplate: bare });
    expect(learnt(texts[0]!)).toBe('b\nd\n<|im_end|>');
  });

  it('asks as at use where a template writes the question otherwise once there is an answer', async () => {
    const odd = "{% if add_generation_prompt %}{{ 'ASK ' + messages[-1]['content'] + ' -> ' }}{% else %}{{ 'told ' + messages[-1]['content'] }}{% endif %}";
    const { texts } = await made([chat('a', 'b', 'c', ' d')], { chatTemplate: odd });
    expect([all(texts[0]!), learnt(texts[0]!)]).toEqual(['ASK c -> d<|im_end|>', 'd<|im_end|>']);
  });

  it('leaves out, with the reason, what a template does not take; a template that is none ends it', async () => {
    const strict = `{% if messages[0]['role'] == 'assistant' %}{{ raise_exception('begin with the user') }}{% endif %}${chatTemplate}`;
    const backward: Sample = { shape: 'chat', id: 'b', line: 1, turns: [{ role: 'assistant', content: 'hello' }, ...turns('a', 'b')] };
    const { texts, refused } = await made([backward, chat('a', 'b')], { chatTemplate: strict });
    expect(texts).toHaveLength(1);
    expect(refused).toEqual([{ id: 'b', reason: expect.stringMatching(/begin with the user/) }]);
    await expect(made([chat('a', 'b')], { chatTemplate: '{% if %}' })).rejects.toThrow(/expected a Jinja template/);
  });

  it('gives a preference two sequences of one prompt', async () => {
    const { texts, pairs } = await made([preference('Q', 'good', 'bad one')]);
    expect(texts).toEqual([]);
    const [{ chosen, rejected }] = pairs as [(typeof pairs)[0]];
    expect([learnt(chosen), learnt(rejected)]).toEqual(['good<|im_end|>', 'bad one<|im_end|>']);
    const start = chosen.answer.indexOf(true);
    expect(rejected.answer.indexOf(true)).toBe(start);
    expect(chosen.ids.slice(0, start)).toEqual(rejected.ids.slice(0, start));
  });
});

const { templates } = JSON.parse(await readFile(new URL('../../formats/fixtures/chat-templates.json', import.meta.url), 'utf8')) as {
  templates: Record<string, string>;
};
const now = new Date('2026-01-02T03:04:05Z');

describe.each(Object.entries(templates))('the template of %s', (_, template) => {
  it('has the last answer learnt behind what the model is asked with at use', async () => {
    const [question, reply] = ['What is it?', 'It is that.'];
    const rounds = [turns(question, reply), turns('Hello!', 'Good day.', question, reply)];
    for (const own of rounds) {
      const { texts, refused } = await made([{ shape: 'chat', id: 'c', line: 1, turns: own }], { chatTemplate: template, now, length: 5000 });
      expect(refused).toEqual([]);
      const text = await renderChat(template, {
        messages: own.slice(0, -1).map((turn) => ({ ...turn })),
        addGenerationPrompt: true,
        now,
        bosToken: tokenizer.tokenOf(tokenizer.bos ?? -1) ?? '',
        eosToken: '<|im_end|>',
      });
      const asked = tokenizer.encode(text, { special: false });
      const [{ ids, answer }] = texts as [TokenText];
      expect(ids.slice(0, asked.length)).toEqual(asked);
      expect(answer.slice(asked.length).every((own) => own)).toBe(true);
      expect(answer[asked.length - 1]).toBe(false);
      expect(tokenizer.decode(ids.slice(asked.length), { skipSpecial: false })).toContain(reply);
      expect(ids.at(-1)).toBe(turnEnd);
    }
  });
});

describe('tokenise, without a template', () => {
  it('writes turns one after another, with an end token behind each answer', async () => {
    const { texts } = await made([chat('Q1', 'A1', 'Q2 ', 'A2')], { chatTemplate: undefined });
    expect([all(texts[0]!), learnt(texts[0]!)]).toEqual(['Q1\nA1<|im_end|>Q2 A2<|im_end|>', 'A1<|im_end|>A2<|im_end|>']);
    const { texts: last } = await made([chat('Q1', 'A1', 'Q2 ', ' A2')], { chatTemplate: undefined, answers: 'last' });
    expect([all(last[0]!), learnt(last[0]!)]).toEqual(['Q1\nA1<|im_end|>Q2  A2<|im_end|>', ' A2<|im_end|>']);
  });

  it('learns all of a text but its first token, and its end unless it goes on', async () => {
    const { texts, refused } = await made([plainText('abc'), plainText('abc', true), plainText('<|im_end|>', true), plainText('a', true)]);
    expect(texts[0]!.ids).toEqual([97, 98, 99, endOfText]);
    expect(texts[0]!.answer).toEqual([false, true, true, true]);
    expect(texts[1]!.ids).toEqual([97, 98, 99]);
    expect(texts[2]!.ids).not.toContain(turnEnd); // a text from elsewhere does not end itself
    expect(refused).toEqual([{ id: 't', reason: 'it has no token that follows another' }]);
  });
});

describe('tokenise, of what is too long', () => {
  it('cuts from the left of the prompt, never an end token, or refuses; and counts', async () => {
    const question = 'abcdefghij'.repeat(3);
    const options = { chatTemplate: undefined, length: 24 };
    const { texts, cut } = await made([chat(question, 'answer')], options);
    expect([all(texts[0]!), learnt(texts[0]!), cut]).toEqual([`${question.slice(-16)}\nanswer<|im_end|>`, 'answer<|im_end|>', ['c']]);
    expect(await made([chat(question, 'answer')], { ...options, tooLong: 'refuse' })).toMatchObject({
      texts: [],
      cut: [],
      refused: [{ id: 'c', reason: 'it has 38 tokens, more than 24' }],
    });
    expect((await made([chat('q', 'a'.repeat(22))], options)).texts[0]!.ids).toHaveLength(24); // question's line break, answer, end
    expect((await made([chat('q', 'a'.repeat(23))], options)).refused).toEqual([
      { id: 'c', reason: 'its answer alone has 24 tokens, with one before it more than 24' },
    ]);
    const { pairs } = await made([preference(question, 'yes', 'no, never')], options);
    expect(pairs.map(({ chosen, rejected }) => [all(chosen), all(rejected)])).toEqual([
      [`${question.slice(-13)}\nyes<|im_end|>`, `${question.slice(-13)}\nno, never<|im_end|>`],
    ]);
    await expect(made([], { length: 15 })).rejects.toThrow(/at least 16 tokens/);
  });

  it('does not learn what is left of an earlier answer', async () => {
    const { texts } = await made([chat('q', 'first answer', 'next', 'second')], { chatTemplate: undefined, length: 20 });
    expect([all(texts[0]!), learnt(texts[0]!)]).toEqual([' answer<|im_end|>next\nsecond<|im_end|>', 'second<|im_end|>']);
  });

  it('cuts a text into several that make it up', async () => {
    const text = Array.from({ length: 5 }, (_, i) => `Paragraph ${i} has a few words.`).join('\n\n');
    const { texts, cut, refused } = await made([plainText(text)], { length: 80 });
    expect([cut, refused]).toEqual([['t'], []]);
    expect(texts.map(({ id }) => id)).toEqual(['t/1', 't/2', 't/3']);
    expect(texts.map(all).join('')).toBe(`${text}<|endoftext|>`);
    for (const one of texts) expect(one.ids.length).toBeLessThanOrEqual(80);
  });

  it('fits whatever comes, with the answer whole and its end learnt', async () => {
    const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => text.trim() !== '' && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(words, words), { minLength: 1, maxLength: 3 }), fc.integer({ min: 16, max: 90 }), async (rounds, length) => {
        const { texts, refused } = await tokenise([chat(...rounds.flat())], { tokenizer, chatTemplate: undefined, length });
        expect(texts.length + refused.length).toBe(1);
        const [one] = texts;
        if (!one) return;
        expect(one.ids.length).toBeLessThanOrEqual(length);
        expect(one.answer).toHaveLength(one.ids.length);
        expect([one.answer[0], one.answer.at(-1), one.ids.at(-1)]).toEqual([false, true, turnEnd]);
        expect(learnt(one).endsWith(`${rounds.at(-1)![1]}<|im_end|>`)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

it('tells how far it is, and ends when asked to', async () => {
  const samples = Array.from({ length: 70 }, () => plainText('abc'));
  const seen: number[] = [];
  const stop = new AbortController();
  expect((await made(samples, { onProgress: (done) => seen.push(done) })).texts).toHaveLength(70);
  expect(seen).toEqual([0, 32, 64]);
  await expect(made(samples, { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow(/abort/);
});

describe('numberKinds', () => {
  it('keeps numbers and counts names', () => {
    expect([...numberKinds(['1', '0', '1'])]).toEqual([
      ['0', 0],
      ['1', 1],
    ]);
    expect([...numberKinds(['task', 'knowledge'])]).toEqual([
      ['knowledge', 0],
      ['task', 1],
    ]);
    expect(() => numberKinds(['1', 'task'])).toThrow(/all names or all numbers/);
  });
});
