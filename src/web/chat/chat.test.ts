import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestError } from '../state/api.ts';
import { partOf, requestOf } from './ask-model.ts';
import { type Answer, before, defaultSettings, jsonOf, markdownOf, messagesOf, rewritten, type Turn, textOf } from './conversation.ts';
import { emptyChat, keepChat, parseChat } from './keep-chat.ts';
import { percentOf, probabilityOf, type ReceivedToken, rankOf, spellingOf, stepOf, tokensCsv, unitsOf, visible } from './tokens.ts';

const received = (text: string, bytes: Uint8Array | null = new TextEncoder().encode(text), logprob = -1): ReceivedToken => ({
  text,
  bytes,
  logprob,
  top: [[text, logprob]],
});
const answer = (id: string, text: string, part: Partial<Answer> = {}): Answer => ({
  id,
  role: 'assistant',
  text,
  units: unitsOf(text, [received(text)]),
  model: 'tiny',
  seed: 1,
  end: 'stop',
  error: null,
  figures: null,
  ...part,
});
const question = (id: string, text: string): Turn => ({ id, role: 'user', text });

describe('tokens', () => {
  it('divide a text among themselves and give it again, wherever characters are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.array(fc.nat(60), { maxLength: 12 }), (text, cuts) => {
        const bytes = new TextEncoder().encode(text);
        const places = [...new Set([0, ...cuts.map((cut) => cut % bytes.length), bytes.length])].sort((a, b) => a - b);
        const tokens = places.slice(1).map((end, index) => {
          const part = bytes.slice(places[index], end);
          return received(new TextDecoder().decode(part), part, -0.5);
        });
        const units = unitsOf(text, tokens);
        expect(units.map((unit) => unit.text).join('')).toBe(text);
        expect(units.flatMap((unit) => unit.tokens)).toHaveLength(tokens.length);
        expect(units.reduce((sum, unit) => sum + Math.log(probabilityOf(unit)), 0)).toBeCloseTo(-0.5 * tokens.length);
      }),
    );
  });
  it('keep a character of several tokens in one place, and follow the text where their bytes say otherwise', () => {
    const [first, ...rest] = [...new TextEncoder().encode('é')].map((byte) => received('\ufffd', Uint8Array.of(byte)));
    expect(unitsOf('é', [first!, ...rest]).map(({ text, tokens }) => [text, tokens.length])).toEqual([['é', 2]]);
    expect(unitsOf('Once upon', [received(' Once'), received(' upon')]).map(({ text, tokens }) => [text, tokens.length])).toEqual([['Once upon', 2]]);
    expect(unitsOf('', [received('<end>')]).map((unit) => [unit.text, spellingOf(unit)])).toEqual([['', '<end>']]);
    expect(unitsOf('', [])).toEqual([]);
  });
  it('are put into steps, words and ranks', () => {
    expect([1, 0.9, 0.89, 0.5, 0.2, 0.05, 0.049, 0].map(stepOf)).toEqual([0, 0, 1, 1, 2, 3, 4, 4]);
    expect([1, 0.9996, 0.994, 0.87, 0.042, 0.0042, 0.00001].map(percentOf)).toEqual(['100 %', '100 %', '99.4 %', '87 %', '4.2 %', '0.42 %', '< 0.01 %']);
    expect(visible(' a\n\t')).toBe('␣a↵⇥');
    const token = {
      text: 'b',
      logprob: -2,
      top: [
        ['a', -1],
        ['b', -2],
      ] as const,
    };
    expect([rankOf(token), rankOf({ ...token, text: 'c' })]).toEqual([2, null]);
  });
  it('are written as CSV, quotes and all', () => {
    expect(tokensCsv(unitsOf('"', [{ ...received('"'), logprob: Math.log(0.25), top: [['a,b', Math.log(0.5)]] }]))).toBe(
      'number,token,probability,alternative 1,probability 1\n1,"""",0.2500,"a,b",0.5000\n',
    );
  });
});

describe('a conversation', () => {
  const turns = [question('1', 'Hi'), answer('2', 'Hello'), question('3', 'Why?'), answer('4', '')];
  it('is sent with its system prompt, without answers of which nothing came', () => {
    expect(messagesOf(turns, ' ')).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'Why?' },
    ]);
    expect(messagesOf([], 'Be brief.')).toEqual([{ role: 'system', content: 'Be brief.' }]);
    expect(textOf(turns)).toBe('HiHelloWhy?');
  });
  it('goes on from a question with other words, or from before an answer', () => {
    expect(rewritten(turns, '3', 'How?').map(({ text }) => text)).toEqual(['Hi', 'Hello', 'How?']);
    expect(rewritten(turns, '1', 'Ho').map(({ text }) => text)).toEqual(['Ho']);
    expect(before(turns, '2').map(({ id }) => id)).toEqual(['1']);
    expect(before(turns, 'none')).toEqual(turns);
  });
  it('is saved to be read, and whole', () => {
    expect(markdownOf(turns.slice(0, 2), { ...defaultSettings, system: 'S' })).toBe('**System**\n\nS\n\n---\n\n**You**\n\nHi\n\n---\n\n**tiny**\n\nHello\n');
    expect(JSON.parse(jsonOf(turns, defaultSettings))).toMatchObject({ format: 1, turns, settings: defaultSettings });
  });
});

describe('what is kept between visits', () => {
  const shelf = (room: number) => {
    let kept: string | null = null;
    return {
      setItem(_: string, text: string) {
        if (text.length > room) throw new DOMException('full', 'QuotaExceededError');
        kept = text;
      },
      read: () => parseChat(kept),
    };
  };
  const chat = {
    settings: { ...defaultSettings, seed: 5 },
    turns: [question('1', 'Hi'), answer('2', 'Hello'), question('3', 'And?'), answer('4', 'More')],
    showTokens: false,
  };
  it('comes back as it was', () => {
    const all = shelf(1e6);
    expect(keepChat(all, chat)).toBe('whole');
    expect(all.read()).toEqual(chat);
  });
  it('loses the probabilities of the oldest answers where there is no room, and never a word', () => {
    const whole = JSON.stringify({ format: 1, ...chat }).length;
    const tight = shelf(whole - 20);
    expect(keepChat(tight, chat)).toBe('less');
    const { turns } = tight.read();
    expect(turns.map(({ text }) => text)).toEqual(['Hi', 'Hello', 'And?', 'More']);
    expect(turns.map((turn) => (turn.role === 'assistant' ? turn.units[0]!.tokens.length : null))).toEqual([null, 0, null, 1]);
    expect(keepChat(shelf(10), chat)).toBe('nothing');
  });
  it('is nothing where it is not of this form, and an answer under way was stopped', () => {
    for (const text of [
      null,
      '',
      '{',
      '[]',
      '{"format":2,"turns":[]}',
      '{"format":1,"turns":[{"id":1}]}',
      '{"format":1,"turns":[{"id":"a","role":"assistant","text":""}]}',
    ])
      expect(parseChat(text)).toEqual(emptyChat);
    expect(parseChat(JSON.stringify({ format: 1, turns: [answer('1', 'He', { end: null })], settings: { temperature: 99, seed: 'x', topP: 0.5 } }))).toEqual({
      settings: { ...defaultSettings, topP: 0.5 },
      turns: [answer('1', 'He', { end: 'stopped' })],
      showTokens: true,
    });
  });
});

describe('asking', () => {
  const asked = { model: 'tiny', turns: [question('1', 'Hi')], settings: { ...defaultSettings, system: 'S' }, seed: 7 };
  it('speaks to a model that knows turns, and to one that continues text', () => {
    const sampling = { model: 'tiny', temperature: 0.7, top_p: 0.95, max_tokens: 512, seed: 7, stream: true };
    expect(requestOf({ ...asked, chats: true })).toMatchObject({
      path: '/v1/chat/completions',
      body: { ...sampling, messages: [{ role: 'system' }, { role: 'user', content: 'Hi' }], logprobs: true, top_logprobs: 8 },
    });
    expect(requestOf({ ...asked, chats: false })).toMatchObject({ path: '/v1/completions', body: { ...sampling, prompt: 'Hi', logprobs: 8 } });
  });
  it('reads the parts of both, and errors', () => {
    const entry = (token: string, logprob: number) => ({ token, logprob, bytes: [...new TextEncoder().encode(token)] });
    const content = [{ ...entry('a', -0.12345678), top_logprobs: [entry('b', -3), entry('a', -0.12345678)] }];
    expect(partOf(JSON.stringify({ choices: [{ delta: { content: 'a' }, logprobs: { content }, finish_reason: null }], usage: null }))).toEqual({
      text: 'a',
      tokens: [
        {
          text: 'a',
          logprob: -0.1235,
          bytes: Uint8Array.of(97),
          top: [
            ['a', -0.1235],
            ['b', -3],
          ],
        },
      ],
      end: null,
      speed: null,
      usage: null,
      guard: null,
    });
    const logprobs = { tokens: ['a'], token_logprobs: [-1], top_logprobs: [{ b: -2, a: -1 }] };
    expect(partOf(JSON.stringify({ choices: [{ text: 'a', logprobs, finish_reason: 'length' }] }))).toMatchObject({
      tokens: [
        {
          text: 'a',
          bytes: null,
          top: [
            ['a', -1],
            ['b', -2],
          ],
        },
      ],
      end: 'length',
    });
    expect(partOf(JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } })).usage).toEqual({ promptTokens: 3, completionTokens: 4 });
    expect(() => partOf('{"error":{"code":"model_lost","message":"gone"}}')).toThrow(RequestError);
  });
});
