import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { z } from 'zod';
import { type Served, serveTinyModel } from './testing/served-tiny-model.ts';

// Clients that are not among the project's dependencies: `npm run bench:peers` installs them.
const peers = new URL('../../../../bench/peers/', import.meta.url);
const python = new URL('venv/bin/python', peers);
const require = createRequire(new URL('package.json', peers));
// biome-ignore lint/suspicious/noExplicitAny: packages that may not be there have no types
type Package = any;
const packageOf = async (name: string, { skip }: TestContext): Promise<Package> => {
  let path: string;
  try {
    path = require.resolve(name);
  } catch {
    return skip(`${name} is not installed: npm run bench:peers`);
  }
  return import(pathToFileURL(path).href);
};

let served: Served;
let baseURL: string;
beforeAll(async () => {
  const embedder = {
    name: 'minilm',
    open: async () => ({
      width: 4,
      embed: async (texts: readonly string[]) => texts.map((text) => Float32Array.of(text.length, 0, 0, 1)),
      countTokens: async (texts: readonly string[]) => texts.length,
    }),
  };
  served = await serveTinyModel({ context: 2048, embedder });
  baseURL = `${served.url}/v1`;
});
afterAll(() => served?.[Symbol.asyncDispose]());

const weather = z.object({ city: z.string().max(12), days: z.int().min(1).max(7) });
const fits = (given: unknown) => expect(weather.safeParse(given).error).toBeUndefined();

it('openai for Python', async ({ skip }) => {
  if (!existsSync(python)) return skip('the Python client is not installed: npm run bench:peers');
  const child = spawn(python.pathname, [new URL('openai_client.py', peers).pathname, baseURL, 'tiny', 'minilm'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, problems] = await Promise.all([child.stdout, child.stderr].map(async (stream) => Buffer.concat(await stream.toArray()).toString()));
  expect(problems).toBe('');
  const found = JSON.parse(out!);
  expect(found).toMatchObject({
    models: ['tiny', 'minilm'],
    streamed: found.text,
    usage: expect.any(Number),
    events: expect.arrayContaining(['chunk', 'content.delta', 'content.done']),
    streamed_parsed: { city: expect.any(String) },
    parsed: { city: expect.any(String), days: expect.any(Number) },
    called: ['tool_calls', 'weather', { city: expect.any(String) }],
    completed: 'b',
    vectors: [4, 4],
    refused: 'context_length_exceeded',
  });
  expect(found.logprobs).toBeGreaterThan(0);
  expect(['stop', 'length', 'tool_calls']).toContain(found.after);
});

describe('LangChain.js', () => {
  const open = async (context: TestContext, more: object = {}) => {
    const { ChatOpenAI } = await packageOf('@langchain/openai', context);
    return new ChatOpenAI({ model: 'tiny', apiKey: 'any', maxRetries: 0, maxTokens: 200, temperature: 1, configuration: { baseURL }, ...more });
  };

  it('answers, whole and in a stream', async (context) => {
    const chat = await open(context, { maxTokens: 20, modelKwargs: { seed: 7 } });
    const whole = await chat.invoke('Hi');
    let streamed = '';
    for await (const part of await chat.stream('Hi')) streamed += part.content;
    expect(streamed).toBe(whole.content);
    expect(whole.usage_metadata.output_tokens).toBeGreaterThan(0);
  });

  it.for(['functionCalling', 'jsonSchema', 'jsonMode'])('has structured output by %s', async (method, context) => {
    const chat = await open(context);
    const found = await chat
      .withStructuredOutput(method === 'jsonMode' ? z.looseObject({}) : weather, { method, name: 'weather' })
      .invoke('What will it be like?');
    if (method !== 'jsonMode') fits(found);
    else expect(found).toBeTypeOf('object');
  });

  it('calls tools and goes on with their results', async (context) => {
    const chat = await open(context);
    const tools = [{ type: 'function', function: { name: 'weather', parameters: z.toJSONSchema(weather) } }];
    const called = await chat.bindTools(tools, { tool_choice: 'weather' }).invoke('What will it be like?');
    expect(called.tool_calls).toHaveLength(1);
    fits(called.tool_calls[0].args);
    const after = await chat
      .bindTools(tools)
      .invoke([['user', 'What will it be like?'], called, { role: 'tool', content: 'rain', tool_call_id: called.tool_calls[0].id }]);
    expect(after.content).toBeTypeOf('string');
  });

  it('embeds', async (context) => {
    const { OpenAIEmbeddings } = await packageOf('@langchain/openai', context);
    const vectors = await new OpenAIEmbeddings({ model: 'minilm', apiKey: 'any', configuration: { baseURL } }).embedDocuments(['a', 'four']);
    expect(vectors).toEqual([
      [1, 0, 0, 1],
      [4, 0, 0, 1],
    ]);
  });
});

describe('the AI SDK', () => {
  const open = async (context: TestContext) => {
    const { createOpenAICompatible } = await packageOf('@ai-sdk/openai-compatible', context);
    const provider = createOpenAICompatible({ name: 'lyceum', baseURL, apiKey: 'any', supportsStructuredOutputs: true, includeUsage: true });
    return { ai: await packageOf('ai', context), provider, model: provider('tiny') };
  };

  it('answers, whole and in a stream', async (context) => {
    const { ai, model } = await open(context);
    const asked = { model, prompt: 'Hi', seed: 7, temperature: 1, maxOutputTokens: 20, maxRetries: 0 };
    const whole = await ai.generateText(asked);
    const stream = ai.streamText(asked);
    let streamed = '';
    for await (const part of stream.textStream) streamed += part;
    expect(streamed).toBe(whole.text);
    expect((await stream.usage).outputTokens).toBe(whole.usage.outputTokens);
  });

  it('has structured output', async (context) => {
    const { ai, model } = await open(context);
    const { output } = await ai.generateText({ model, prompt: 'Hi', maxRetries: 0, maxOutputTokens: 200, output: ai.Output.object({ schema: weather }) });
    fits(output);
  });

  it('calls tools in a loop', async (context) => {
    const { ai, model } = await open(context);
    const given: unknown[] = [];
    const tools = { weather: ai.tool({ description: 'Weather', inputSchema: weather, execute: async (input: unknown) => given.push(input) && 'rain' }) };
    const { steps } = await ai.generateText({
      model,
      prompt: 'Hi',
      tools,
      maxRetries: 0,
      maxOutputTokens: 200,
      stopWhen: ai.isStepCount?.(2) ?? ai.stepCountIs(2),
      prepareStep: ({ stepNumber }: { stepNumber: number }) => ({ toolChoice: stepNumber === 0 ? 'required' : 'auto' }),
    });
    expect(given.length, JSON.stringify(steps.map((step: Package) => [step.finishReason, step.content]))).toBeGreaterThan(0);
    for (const input of given) fits(input);
    expect(steps).toHaveLength(2);
  });

  it('embeds', async (context) => {
    const { ai, provider } = await open(context);
    const { embeddings } = await ai.embedMany({
      model: provider.embeddingModel?.('minilm') ?? provider.textEmbeddingModel('minilm'),
      values: ['a', 'four'],
      maxRetries: 0,
    });
    expect(embeddings.map((one: number[]) => one[0])).toEqual([1, 4]);
  });
});
