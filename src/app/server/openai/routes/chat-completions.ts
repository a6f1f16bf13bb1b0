import { z } from 'zod';
import type { TextPiece, TextRequest, TextResult } from '../../../language-model/index.ts';
import { chatMessages } from '../chat-messages.ts';
import type { ServingRoute } from '../context.ts';
import { jsonBody } from '../json-body.ts';
import { chatLogprobs } from '../logprobs.ts';
import { badField, unsupported } from '../refusal.ts';
import { maskRequestOf } from '../response-format.ts';
import { boundProbabilities, type Choice, runChoices, startRun } from '../run.ts';
import { parseBody, refuseFields, samplingFields, samplingOf } from '../sampling-fields.ts';
import { requireGuardChoice, requireModel } from '../served-models.ts';
import { streamAnswer } from '../stream-answer.ts';
import { type ToolCall, toolCallReader, toolsOf } from '../tools.ts';
import { toolsInWords } from '../tools-in-words.ts';
import { envelope, extension, usageOf } from '../usage.ts';

const schema = z.object({
  ...samplingFields,
  max_completion_tokens: z.int().min(1).optional(),
  logprobs: z.boolean().default(false),
  top_logprobs: z.int().min(0).max(20).optional(),
});

const harmless = {
  functions: [],
  function_call: ['none', 'auto'],
  modalities: [['text']],
  audio: [],
  web_search_options: [],
  reasoning_effort: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'], // there is no reasoning to shorten
  verbosity: ['medium'],
};

/** Tells calls of tools from text, where tools were offered. */
const reader = (tools: readonly object[] | undefined) => (tools ? toolCallReader() : { push: (text: string) => text, end: () => ({ text: '', calls: [] }) });
/** Calls are whole, also where the answer's bound came with the last of them. */
const ending = ({ finishReason }: TextResult, calls: readonly ToolCall[]): string => (calls.length > 0 ? 'tool_calls' : finishReason);

/** `POST /v1/chat/completions`. */
export const chatCompletionsRoute: ServingRoute = (app, serving) =>
  app.post('/v1/chat/completions', async (c) => {
    const body = await jsonBody(c);
    const fields = parseBody(schema, body);
    refuseFields(body, harmless);
    const { model } = serving;
    requireModel(serving, fields.model, 'generate');
    requireGuardChoice(serving, fields.lyceum.guard);
    if (!model.info.hasChatTemplate)
      throw unsupported(
        'messages',
        `none, because ${model.info.name} has no chat template`,
        body['messages'],
        'use /v1/completions, or serve an instruction-tuned model',
      );
    const messages = chatMessages(body['messages']);
    const form = maskRequestOf(body['response_format']);
    const { told, calls } = toolsOf(body, form.schema !== undefined);
    if (fields.top_logprobs !== undefined && !fields.logprobs) throw badField('top_logprobs', 'logprobs: true beside it', fields.top_logprobs, 'set both');
    const sampling = samplingOf(fields);
    const requests = Array.from(
      { length: fields.n },
      (_, index): TextRequest => ({
        messages: model.info.takesTools ? messages : toolsInWords(messages, told),
        ...sampling(index),
        ...form,
        ...(model.info.takesTools && told && { tools: told }),
        ...(calls && { calls }),
        // Without a bound an answer ends with the context.
        maxTokens: fields.max_completion_tokens ?? fields.max_tokens ?? model.info.context,
        ...(fields.logprobs && { candidates: fields.top_logprobs ?? 0 }),
      }),
    );
    boundProbabilities(requests, serving.model.info);
    const run = startRun(c, serving, serving.queue, fields.user, fields.n);

    if (!fields.stream) {
      const choices = await runChoices(serving, run, requests);
      return c.json({
        ...envelope(serving, 'chatcmpl', 'chat.completion'),
        choices: choices.map(({ result, tokens }, index) => {
          const calls = reader(told);
          const text = calls.push(result.text);
          const end = calls.end();
          const content = text + end.text;
          return {
            index,
            message: {
              role: 'assistant',
              content: end.calls.length > 0 && content.trim() === '' ? null : content,
              refusal: null,
              ...(end.calls.length > 0 && { tool_calls: end.calls }),
            },
            logprobs: fields.logprobs ? chatLogprobs(tokens) : null,
            finish_reason: ending(result, end.calls),
          };
        }),
        usage: usageOf([choices]),
        lyceum: extension(serving, [choices]),
      });
    }

    return streamAnswer(c, serving, run, async (send) => {
      const head = envelope(serving, 'chatcmpl', 'chat.completion.chunk');
      const counted = fields.stream_options?.include_usage === true;
      const readers = requests.map(() => reader(told));
      const begun = new Set<number>();
      const chunk = (index: number, delta: object, more: object = {}, beside: object = {}): void =>
        send({ ...head, choices: [{ index, delta, logprobs: null, finish_reason: null, ...more }], ...(counted && { usage: null }), ...beside });
      const begin = (index: number): void => {
        if (begun.has(index)) return;
        begun.add(index);
        chunk(index, { role: 'assistant', content: '', refusal: null });
      };
      const onPiece = (index: number, { text, tokens }: TextPiece): void => {
        begin(index);
        const content = readers[index]!.push(text);
        if (content !== '' || fields.logprobs) chunk(index, { content }, fields.logprobs ? { logprobs: chatLogprobs(tokens) } : {});
      };
      const onEnd = (index: number, choice: Choice): void => {
        begin(index);
        const { text, calls } = readers[index]!.end();
        if (text !== '') chunk(index, { content: text });
        if (calls.length > 0) chunk(index, { tool_calls: calls.map((call, at) => ({ index: at, ...call })) });
        chunk(index, {}, { finish_reason: ending(choice.result, calls) }, { lyceum: extension(serving, [[choice]]) });
      };
      const choices = await runChoices(serving, run, requests, { onPiece, onEnd });
      if (counted) send({ ...head, choices: [], usage: usageOf([choices]) });
    });
  });
