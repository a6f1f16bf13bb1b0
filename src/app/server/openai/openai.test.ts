import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { validateJson } from '../../../generate/grammar/testing/validate-json.ts';
import { eventsOf, type Served, serveTinyModel } from './testing/served-tiny-model.ts';

const width = 4;
const vectorOf = (text: string): Float32Array => Float32Array.from({ length: width }, (_, i) => Math.fround(text.length + i / 3));
const embedder = {
  name: 'minilm',
  open: async () => ({
    width,
    embed: async (texts: readonly string[]) => texts.map(vectorOf),
    countTokens: async (texts: readonly string[]) => texts.join('').length,
  }),
};
let served: Served;
let client: OpenAI;
beforeAll(async () => {
  served = await serveTinyModel({ embedder });
  client = new OpenAI({ baseURL: `${served.url}/v1`, apiKey: 'any', maxRetries: 0 });
});
afterAll(() => served[Symbol.asyncDispose]());

const messages = [{ role: 'user' as const, content: 'Hi' }];
const warm = { model: 'tiny', temperature: 1, seed: 7, max_tokens: 30 };
const json = async (answer: Promise<Response> | Response) => (await (await answer).json()) as Record<string, unknown> & { error: Record<string, unknown> };

describe('the official client', () => {
  it('lists models', async () => {
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(['tiny', 'minilm']);
    expect(await client.models.retrieve('tiny')).toMatchObject({ object: 'model', owned_by: 'lyceum', lyceum: { context: 256, weights: 'f32' } });
    await expect(client.models.retrieve('org/none')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('chats, whole and in a stream, with the same text', async () => {
    const whole = await client.chat.completions.create({ ...warm, messages });
    const wanted = await served.model.generate({ messages, temperature: 1, seed: 7, maxTokens: 30, topP: 1 });
    expect(whole).toMatchObject({
      object: 'chat.completion',
      model: 'tiny',
      choices: [{ index: 0, message: { role: 'assistant', content: wanted.text }, finish_reason: wanted.finishReason, logprobs: null }],
      usage: { prompt_tokens: wanted.usage.promptTokens, completion_tokens: wanted.usage.completionTokens },
      lyceum: { weights: 'f32' },
    });
    const stream = client.chat.completions.stream({ ...warm, messages, stream_options: { include_usage: true } });
    expect((await stream.finalChatCompletion()).choices[0]!.message.content).toBe(wanted.text);
    expect(await stream.totalUsage()).toMatchObject({ completion_tokens: wanted.usage.completionTokens });
  });

  it('completes texts, lists of texts and token ids', async () => {
    const prompts = ['abc', 'The '];
    const texts = [];
    for (const prompt of prompts) texts.push((await client.completions.create({ ...warm, prompt })).choices[0]!.text);
    const both = await client.completions.create({ ...warm, prompt: prompts });
    expect(both.choices.map(({ text, index }) => [index, text])).toEqual(texts.map((text, i) => [i, text]));
    expect(both.usage).toMatchObject({ prompt_tokens: 7 });
    const ids = prompts.map((prompt) => [...Buffer.from(prompt)]);
    expect((await client.completions.create({ ...warm, prompt: ids })).choices.map(({ text }) => text)).toEqual(texts);
    expect((await client.completions.create({ ...warm, prompt: ids[0]! })).choices[0]!.text).toBe(texts[0]);
    expect((await client.completions.create({ ...warm, prompt: 'abc', echo: true })).choices[0]!.text).toBe(`abc${texts[0]}`);
    let streamed = '';
    for await (const { choices } of await client.completions.create({ ...warm, prompt: 'abc', stream: true, echo: true })) streamed += choices[0]!.text;
    expect(streamed).toBe(`abc${texts[0]}`);
  });

  it('draws n answers that differ, the first as alone, and keeps the likelier of best_of', async () => {
    const one = await client.chat.completions.create({ ...warm, messages });
    const three = await client.chat.completions.create({ ...warm, messages, n: 3 });
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(three.choices[0]!.message.content).toBe(one.choices[0]!.message.content);
    expect(new Set(three.choices.map(({ message }) => message.content)).size).toBe(3);
    const all = await client.completions.create({ ...warm, prompt: 'abc', n: 3, logprobs: 0 });
    const mean = (choice: (typeof all.choices)[number]) => {
      const own = choice.logprobs!.token_logprobs!;
      return own.reduce((a, b) => a + b, 0) / own.length;
    };
    const best = all.choices.toSorted((a, b) => mean(b) - mean(a))[0]!;
    expect((await client.completions.create({ ...warm, prompt: 'abc', best_of: 3 })).choices.map(({ text }) => text)).toEqual([best.text]);
    const parts = ['', '', ''];
    for await (const { choices } of await client.chat.completions.create({ ...warm, messages, n: 3, stream: true }))
      parts[choices[0]!.index] += choices[0]!.delta.content ?? '';
    expect(parts).toEqual(three.choices.map(({ message }) => message.content));
  });

  it('tells probabilities with the bytes of tokens', async () => {
    const { choices } = await client.chat.completions.create({ ...warm, messages, logprobs: true, top_logprobs: 3 });
    const { content } = choices[0]!.logprobs!;
    expect(content).toHaveLength(30);
    expect(Buffer.from(content!.flatMap(({ bytes }) => bytes!)).toString()).toBe(choices[0]!.message.content);
    for (const { top_logprobs, logprob } of content!) {
      expect(top_logprobs).toHaveLength(3);
      expect(top_logprobs[0]!.logprob).toBeGreaterThanOrEqual(Math.max(logprob, top_logprobs[1]!.logprob));
    }
    const plain = await client.completions.create({ ...warm, prompt: 'abc', logprobs: 2, max_tokens: 4 });
    const { tokens, token_logprobs, top_logprobs, text_offset } = plain.choices[0]!.logprobs!;
    expect([tokens, token_logprobs, top_logprobs, text_offset].map((list) => list!.length)).toEqual([4, 4, 4, 4]);
    const streamed = [];
    for await (const chunk of await client.chat.completions.create({ ...warm, messages, logprobs: true, stream: true }))
      streamed.push(...(chunk.choices[0]!.logprobs?.content ?? []));
    expect(streamed.map(({ logprob }) => logprob)).toEqual(content!.map(({ logprob }) => logprob));
  });

  it('tells probabilities of what it returns, not of what a stop takes away', async () => {
    const ask = { ...warm, messages, logprobs: true };
    const free = (await client.chat.completions.create(ask)).choices[0]!.message.content!;
    const stop = free.slice(5, 8);
    const whole = (await client.chat.completions.create({ ...ask, stop })).choices[0]!;
    expect(whole).toMatchObject({ message: { content: free.slice(0, free.indexOf(stop)) }, finish_reason: 'stop' });
    const spelled = whole.logprobs!.content!.flatMap(({ bytes }) => bytes!);
    expect(Buffer.from(spelled).toString()).toBe(whole.message.content);
    let shown = '';
    const streamed = [];
    for await (const { choices } of await client.chat.completions.create({ ...ask, stop, stream: true })) {
      shown += choices[0]!.delta.content ?? '';
      streamed.push(...(choices[0]!.logprobs?.content ?? []));
      expect(Buffer.from(streamed.flatMap(({ bytes }) => bytes!)).toString()).toBe(shown);
    }
    expect(streamed).toEqual(whole.logprobs!.content);

    const plain = { ...warm, prompt: 'abc', logprobs: 1 };
    const { text, logprobs: all } = (await client.completions.create(plain)).choices[0]!;
    const cut = (await client.completions.create({ ...plain, stop: text.slice(5, 8) })).choices[0]!;
    const { tokens: kept } = cut.logprobs!;
    expect(kept).toEqual(all!.tokens!.slice(0, kept!.length));
    expect(kept!.length).toBeGreaterThanOrEqual([...cut.text].length); // a token is a byte
    expect(kept!.length).toBeLessThanOrEqual(Buffer.byteLength(cut.text));
    const [tokens, offsets]: [string[], number[]] = [[], []];
    for await (const { choices } of await client.completions.create({ ...plain, stop: text.slice(5, 8), stream: true })) {
      tokens.push(...(choices[0]!.logprobs?.tokens ?? []));
      offsets.push(...(choices[0]!.logprobs?.text_offset ?? []));
    }
    expect([tokens, offsets]).toEqual([cut.logprobs!.tokens, cut.logprobs!.text_offset]);
  });

  it('embeds, as floats and in base64, which it asks for by itself', async () => {
    const input = ['a', 'four'];
    const coded = await client.embeddings.create({ model: 'minilm', input });
    const floats = await client.embeddings.create({ model: 'minilm', input, encoding_format: 'float' });
    expect(coded.data.map(({ embedding }) => [...embedding])).toEqual(input.map((text) => [...vectorOf(text)]));
    expect(floats.data.map(({ embedding }) => embedding)).toEqual(input.map((text) => [...vectorOf(text)]));
    expect(coded.usage).toEqual({ prompt_tokens: 5, total_tokens: 5 });
    await expect(client.embeddings.create({ model: 'minilm', input: [1, 2] })).rejects.toThrow(/check_embedding_ctx_length/);
    await expect(client.embeddings.create({ model: 'minilm', input: [''] })).rejects.toMatchObject({ status: 400, param: 'input[0]' });
    await expect(client.embeddings.create({ model: 'tiny', input })).rejects.toMatchObject({ status: 404 });
    await expect(client.embeddings.create({ model: 'minilm', input, dimensions: 3 })).rejects.toMatchObject({ status: 400, param: 'dimensions' });
  });

  it('obeys stop, penalties, biases and bounds', async () => {
    const { choices } = await client.completions.create({ ...warm, prompt: 'abc' });
    const stop = choices[0]!.text.slice(5, 7);
    const cut = await client.completions.create({ ...warm, prompt: 'abc', stop });
    expect(cut.choices[0]).toMatchObject({ text: choices[0]!.text.slice(0, choices[0]!.text.indexOf(stop)), finish_reason: 'stop' });
    expect((await client.completions.create({ ...warm, prompt: 'abc', stop: ['zzzz', stop] })).choices[0]!.text).toBe(cut.choices[0]!.text);
    const only = await client.completions.create({ ...warm, prompt: 'abc', logit_bias: { '65': 100 }, max_tokens: 3 });
    expect(only.choices[0]).toMatchObject({ text: 'AAA', finish_reason: 'length' });
    const penalties = { presence_penalty: 2, frequency_penalty: -1 };
    const pushed = await client.completions.create({ ...warm, ...penalties, prompt: 'abc' });
    const wanted = await served.model.generate({ prompt: 'abc', temperature: 1, seed: 7, maxTokens: 30, presencePenalty: 2, frequencyPenalty: -1 });
    expect(pushed.choices[0]!.text).toBe(wanted.text);
    const rest = await client.chat.completions.create({ model: 'tiny', messages, logit_bias: { '65': 100 } });
    expect(rest).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { total_tokens: 256 } });
    const seeds = await Promise.all([1, 1, 2].map((seed) => client.completions.create({ ...warm, seed, prompt: 'abc' })));
    expect(seeds[0]!.choices[0]!.text).toBe(seeds[1]!.choices[0]!.text);
    expect(seeds[0]!.choices[0]!.text).not.toBe(seeds[2]!.choices[0]!.text);
  });

  it.each<[string, string, object, number, string]>([
    ['a prompt longer than the context', 'completions', { prompt: 'a'.repeat(300) }, 400, 'context_length_exceeded'],
    [
      'a chat longer than the context',
      'chat/completions',
      { messages: [{ role: 'user', content: 'a'.repeat(300) }], stream: true },
      400,
      'context_length_exceeded',
    ],
    ['another model', 'chat/completions', { messages, model: 'gpt' }, 404, 'model_not_found'],
    ['a tool of another kind', 'chat/completions', { messages, tools: [{ type: 'custom' }] }, 400, 'unsupported_value'],
    ['a forced call of nothing', 'chat/completions', { messages, tool_choice: 'required' }, 400, 'invalid_value'],
    [
      'a strict tool that no grammar can hold to',
      'chat/completions',
      { messages, tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: { type: 'object', not: {} } } }] },
      400,
      'config',
    ],
    ['a form', 'chat/completions', { messages, response_format: { type: 'json_schema' } }, 400, 'invalid_value'],
    [
      'a form that nothing fits',
      'chat/completions',
      { messages, response_format: { type: 'json_schema', json_schema: { schema: { enum: [1], type: 'null' } } } },
      400,
      'config',
    ],
    ['an image', 'chat/completions', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }, 400, 'unsupported_value'],
    ['no messages', 'chat/completions', { messages: [] }, 400, 'invalid_value'],
    ['an unknown role', 'chat/completions', { messages: [{ role: 'cat', content: 'x' }] }, 400, 'invalid_value'],
    ['five stops', 'completions', { prompt: 'a', stop: ['a', 'b', 'c', 'd', 'e'] }, 400, 'invalid_value'],
    ['hot sampling', 'completions', { prompt: 'a', temperature: 3 }, 400, 'invalid_value'],
    ['no tokens', 'completions', { prompt: 'a', max_tokens: 0 }, 400, 'invalid_value'],
    ['too many answers', 'completions', { prompt: 'a', n: 1000 }, 400, 'invalid_value'],
    ['more answers than may wait', 'completions', { prompt: Array(120).fill('a'), n: 16 }, 400, 'too_many_answers'],
    ['fewer drawn than kept', 'completions', { prompt: 'a', n: 3, best_of: 2 }, 400, 'invalid_value'],
    ['more probabilities than fit', 'completions', { prompt: Array(64).fill('a'), n: 4, logprobs: 20, max_tokens: 200 }, 400, 'too_many_probabilities'],
    ['a suffix', 'completions', { prompt: 'a', suffix: 'b' }, 400, 'unsupported_value'],
    ['no prompt', 'completions', {}, 400, 'invalid_value'],
    ['ids of no token', 'completions', { prompt: [99_999] }, 400, 'config'],
    ['functions', 'chat/completions', { messages, functions: [{ name: 'f' }] }, 400, 'unsupported_value'],
    ['another server’s field out of bounds', 'completions', { prompt: 'a', min_p: 5 }, 400, 'invalid_value'],
    ['an unknown extension', 'completions', { prompt: 'a', lyceum: { nonsense: 1 } }, 400, 'invalid_value'],
    ['probabilities without logprobs', 'chat/completions', { messages, top_logprobs: 2 }, 400, 'invalid_value'],
  ])('is told why not: %s', async (_, path, body, status, code) => {
    const error: APIError = await client.post(`/${path}`, { body: { ...warm, ...body } }).then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status, code });
    expect(error.message).toMatch(/expected|Invalid|Too|Unrecognized/);
    expect(await json(served.post(`/v1/${path}`, { ...warm, ...body }))).toEqual({
      error: { message: expect.any(String), type: expect.any(String), param: error.param, code },
    });
  });

  it('ignores what asks for nothing', async () => {
    const extra = {
      store: false,
      metadata: {},
      user: 'me',
      parallel_tool_calls: true,
      service_tier: 'auto',
      tools: [],
      tool_choice: 'none',
      functions: [],
      stop: null,
      seed: null,
    };
    const more = { response_format: { type: 'text' }, modalities: ['text'], stream_options: null, chat_id: 'x', unknown_field: 1, logit_bias: null };
    expect((await served.post('/v1/chat/completions', { ...warm, ...extra, ...more, messages })).status).toBe(200);
    expect((await served.post('/v1/completions', { ...warm, prompt: 'a', lyceum: { topK: 1, minP: 0.1, repetitionPenalty: 1.1 } })).status).toBe(200);
    // As Open WebUI and clients of other servers send them: the same choice of tokens.
    const answerOf = async (body: object) =>
      ((await json(served.post('/v1/completions', { ...warm, prompt: 'a', max_tokens: 20, ...body })))['choices'] as { text: string }[])[0]!.text;
    const wanted = await answerOf({ lyceum: { topK: 3, minP: 0.1, repetitionPenalty: 1.5 } });
    expect(await answerOf({ top_k: 3, min_p: 0.1, repeat_penalty: 1.5 })).toBe(wanted);
    expect(await answerOf({ top_k: -1, min_p: null, repetition_penalty: null })).toBe(await answerOf({}));
    expect(await answerOf({ top_k: 3, lyceum: { topK: 0 } })).toBe(await answerOf({}));
    expect((await served.post('/v1/chat/completions', { ...warm, messages, reasoning_effort: 'high', min_p: 0 })).status).toBe(200);
  });
});

describe('a stream', () => {
  it('comes in OpenAI’s order and ends with [DONE]', async () => {
    const answer = await served.post('/v1/chat/completions', { ...warm, messages, stream: true, stream_options: { include_usage: true } });
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = (await eventsOf(answer)) as { id: string; object: string; choices: { delta: object; finish_reason: string | null }[]; usage: unknown }[];
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1);
    expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1);
    expect(chunks[0]!.choices[0]!.delta).toMatchObject({ role: 'assistant', content: '' });
    expect(chunks.at(-2)).toMatchObject({ choices: [{ delta: {}, finish_reason: 'length' }], usage: null, lyceum: { weights: 'f32' } });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 30 } });
    expect(chunks.slice(0, -2).every(({ choices, usage }) => choices[0]!.finish_reason === null && usage === null)).toBe(true);
    const plain = (await eventsOf(await served.post('/v1/chat/completions', { ...warm, messages, stream: true }))) as object[];
    expect(plain.some((event) => typeof event === 'object' && 'usage' in event)).toBe(false);
  });
});

describe('what clients send', () => {
  it('Open WebUI lists models by base URL, key and no content type', async () => {
    const answer = await fetch(`${served.url}/v1/models`, { headers: { authorization: 'Bearer key', 'x-openwebui-user-name': 'x' } });
    expect(await answer.json()).toMatchObject({
      object: 'list',
      data: [{ id: 'tiny', object: 'model', created: expect.any(Number), owned_by: 'lyceum' }, { id: 'minilm' }],
    });
  });

  it.each<[string, object]>([
    ['openai-python', { messages: [{ role: 'developer', content: 'Be short.' }, ...messages], model: 'tiny', max_completion_tokens: 5, extra: 1 }],
    ['LangChain.js', { model: 'tiny', temperature: 0.5, top_p: 1, n: 1, stream: true, messages, max_tokens: 5, stream_options: { include_usage: true } }],
    [
      'the AI SDK',
      {
        model: 'tiny',
        max_tokens: 5,
        temperature: 0,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Hi' },
              { type: 'text', text: 'there' },
            ],
          },
        ],
      },
    ],
    [
      'Open WebUI',
      {
        stream: true,
        model: 'tiny',
        max_tokens: 5,
        messages: [{ role: 'system', content: 'S' }, { role: 'user', content: 'Hi' }, { role: 'assistant', content: 'x' }, ...messages],
        stream_options: { include_usage: true },
        user: { name: 'x' }.name,
      },
    ],
    [
      'Open WebUI with what its middleware leaves in',
      {
        ...{ stream: true, model: 'tiny', max_tokens: 5, temperature: 0.8, session_id: 's', chat_id: 'c', id: 'm', tool_ids: [], files: null, filter_ids: [] },
        ...{ features: { web_search: false, code_interpreter: false }, variables: { '{{USER_NAME}}': 'x' }, background_tasks: { title_generation: true } },
        model_item: { id: 'tiny', object: 'model', owned_by: 'openai', urlIdx: 0 },
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }], timestamp: 1 }],
      },
    ],
    [
      'Open WebUI, a title',
      { model: 'tiny', messages: [{ role: 'user', content: '### Task:\nA title for\nUSER: Hi' }], stream: false, max_completion_tokens: 5 },
    ],
    ['a conversation with an empty turn', { model: 'tiny', max_tokens: 5, messages: [...messages, { role: 'assistant', content: null }, ...messages] }],
  ])('%s', async (_, body) => {
    const answer = await served.post('/v1/chat/completions', body, {
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-any', 'x-stainless-lang': 'js' },
    });
    expect([answer.status, 'stream' in body && body.stream ? (await eventsOf(answer)).at(-1) : (await json(answer))['object']]).toEqual([
      200,
      'stream' in body && body.stream ? '[DONE]' : 'chat.completion',
    ]);
  });
});

describe('tools', () => {
  const parameters = {
    type: 'object',
    properties: { city: { type: 'string', maxLength: 12 }, days: { type: 'integer', minimum: 1, maximum: 7 }, unit: { enum: ['C', 'F'] } },
    required: ['city', 'unit'],
    additionalProperties: false,
  };
  const tool = (name: string, more: object = {}) => ({ type: 'function' as const, function: { name, parameters, ...more } });
  const tools = [tool('weather'), tool('climate')];
  const hot = { model: 'tiny', messages, temperature: 2, max_tokens: 120 };
  const fits = (given: string) => expect(validateJson(parameters, JSON.parse(given)), given).toBeUndefined();

  it('go to a template that knows them, and into words where it does not', async () => {
    await using knowing = await serveTinyModel({
      template: "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ m['content'] }}{% endfor %}",
    });
    const talk = [
      ...messages,
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"a":1}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'found' },
    ];
    const look = [{ type: 'function', function: { name: 'look' } }];
    await using plain = await serveTinyModel({ context: 1024 });
    for (const { post } of [knowing, plain]) {
      const ask = async (more: object) =>
        (await json(post('/v1/chat/completions', { ...warm, max_tokens: 1, messages, ...more })))['usage'] as { prompt_tokens: number };
      const [without, shown, none] = [await ask({}), await ask({ tools: look }), await ask({ tools: look, tool_choice: 'none' })];
      expect(shown.prompt_tokens).toBeGreaterThan(without.prompt_tokens + 40);
      expect(none.prompt_tokens).toBe(without.prompt_tokens);
    }
    expect((await knowing.post('/v1/chat/completions', { ...warm, messages: talk, tools: look, stream: true })).status).toBe(200);
    expect((await plain.post('/v1/chat/completions', { ...warm, messages: talk, tools: look })).status).toBe(200);
  });

  it('are called where they must be, and the arguments fit', async () => {
    await using roomy = await serveTinyModel({ context: 2048 });
    const own = new OpenAI({ baseURL: `${roomy.url}/v1`, apiKey: 'any', maxRetries: 0 });
    for (let seed = 0; seed < 12; seed++) {
      const { choices } = await own.chat.completions.create({ ...hot, seed, tools, tool_choice: 'required', parallel_tool_calls: seed % 2 === 0 });
      const { message, finish_reason } = choices[0]!;
      expect([message.content, finish_reason]).toEqual([null, 'tool_calls']);
      if (seed % 2) expect(message.tool_calls).toHaveLength(1);
      for (const call of message.tool_calls!) {
        if (call.type !== 'function') expect.unreachable();
        expect(['weather', 'climate']).toContain(call.function.name);
        fits(call.function.arguments);
      }
      const stream = own.chat.completions.stream({ ...hot, seed, tools, tool_choice: { type: 'function', function: { name: 'climate' } } });
      const named = (await stream.finalChatCompletion()).choices[0]!;
      const [only] = named.message.tool_calls!;
      if (only?.type !== 'function') expect.unreachable();
      expect(named.message.tool_calls).toHaveLength(1);
      expect(only.function.name).toBe('climate');
      fits(only.function.arguments);
    }
  });

  it('are called only where they are allowed', async () => {
    await using roomy = await serveTinyModel({ context: 2048 });
    const own = new OpenAI({ baseURL: `${roomy.url}/v1`, apiKey: 'any', maxRetries: 0 });
    const allowed = (mode: 'auto' | 'required', name: string) => ({
      type: 'allowed_tools' as const,
      allowed_tools: { mode, tools: [{ type: 'function', function: { name } }] },
    });
    const namesOf = async (more: object) => {
      const { choices } = await own.chat.completions.create({ ...hot, tools, ...more });
      return choices[0]!.message.tool_calls?.map((call) => (call.type === 'function' ? call.function.name : call.type));
    };
    // Where there need be no call it is begun by a bias: the grammar then says whose it is.
    const begun = { response_format: { type: 'json_object' }, parallel_tool_calls: false, logit_bias: { '60': 100 } };
    for (const name of ['weather', 'climate']) {
      expect(new Set(await namesOf({ seed: 1, tool_choice: allowed('required', name) }))).toEqual(new Set([name]));
      expect(await namesOf({ seed: 1, ...begun, tool_choice: allowed('auto', name) })).toEqual([name]);
    }
    await expect(namesOf({ tool_choice: allowed('auto', 'tides') })).rejects.toThrow(
      '400 tool_choice.allowed_tools.tools[0].function.name: expected the name of one of the tools, got "tides"; send that tool, too',
    );
  });

  it('are called as often as the bound lets them, and each is whole', async () => {
    await using roomy = await serveTinyModel({ context: 2048 });
    for (let seed = 0; seed < 20; seed++) {
      const answer = await json(roomy.post('/v1/chat/completions', { ...hot, temperature: 1, max_tokens: 200, seed, tools, tool_choice: 'required' }));
      expect(answer['choices']).toMatchObject([{ finish_reason: 'tool_calls', message: { content: null } }]);
    }
  });

  it('leave an answer of a form as it is, or are called instead of it', async () => {
    const response_format = {
      type: 'json_schema' as const,
      json_schema: { name: 'x', schema: { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] } },
    };
    await using roomy = await serveTinyModel({ context: 2048 });
    const own = new OpenAI({ baseURL: `${roomy.url}/v1`, apiKey: 'any', maxRetries: 0 });
    const ends = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      const { choices } = await own.chat.completions.create({ ...hot, seed, tools: [tool('weather', { strict: true })], response_format });
      const { message, finish_reason } = choices[0]!;
      ends.add(finish_reason);
      if (message.content !== null) expect(JSON.parse(message.content)).toEqual({ a: expect.any(Boolean) });
      for (const call of message.tool_calls ?? []) if (call.type === 'function') fits(call.function.arguments);
    }
    expect([...ends].every((end) => end === 'stop' || end === 'tool_calls')).toBe(true);
  });

  it('bind an answer to the end of the context where it has no bound of its own', async () => {
    const { choices } = await client.chat.completions.create({ model: 'tiny', messages, seed: 1, temperature: 2, response_format: { type: 'json_object' } });
    expect(choices[0]!.finish_reason).toBe('stop');
    expect(JSON.parse(choices[0]!.message.content!)).toBeTypeOf('object');
  });
});
